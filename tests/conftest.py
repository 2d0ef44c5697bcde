"""What holds for every test: one event loop, no race against the clock, and no server test skipped in silence."""

import os
from collections.abc import Generator

import hypothesis
import pytest

from tests.databases import database, database_url, engine, postgres_databases, sqlite_template
from tests.npm import npm_programs

__all__ = ["database", "database_url", "engine", "npm_programs", "postgres_databases", "sqlite_template"]

NO_SKIPS = bool(os.environ.get("PACELINE_TEST_NO_SKIPS"))
MEASURING = "COVERAGE_PROCESS_CONFIG"  # by which coverage.py has a program that we start measure itself
SERVER_MARKERS = ("postgres", "redis", "browser", "npm")

# A slow machine is no failing law. Whoever changes one thing wants to see what that thing did: examples are the same in
# every run, and new ones are drawn by `make test-random`.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("random", deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("random" if os.environ.get("PACELINE_TEST_RANDOM") else "repeatable")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Where pytest-cov does not measure a test, marked `no_cover`, the programs it starts are not measured either."""
    measuring = os.environ.pop(MEASURING, None) if item.get_closest_marker("no_cover") else None
    try:
        yield
    finally:
        if measuring is not None:
            os.environ[MEASURING] = measuring


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With PACELINE_TEST_NO_SKIPS set, a test of a server fails where it would be skipped."""
    report = yield
    expected = hasattr(report, "wasxfail")  # pytest reports an expected failure as skipped
    if NO_SKIPS and report.skipped and not expected and any(map(item.get_closest_marker, SERVER_MARKERS)):
        report.outcome = "failed"
        report.longrepr = f"skipped, though PACELINE_TEST_NO_SKIPS is set: {report.longreprtext}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module that is skipped hides its markers, so with PACELINE_TEST_NO_SKIPS set it fails."""
    report = yield
    if NO_SKIPS and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, though PACELINE_TEST_NO_SKIPS is set: {report.longrepr}"
    return report
