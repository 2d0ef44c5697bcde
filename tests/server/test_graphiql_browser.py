"""The IDE in a real browser that reaches nothing but the server under test."""

import asyncio
import json
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.wait import WebDriverWait
from starlette.applications import Starlette

from domain.database import open_database
from server.app import create_app
from server.assets.files import Files
from server.assets.packages import CDN
from server.clock import utc_now
from server.graphiql.files import find_files
from tests.browser import WAIT_SECONDS, browser, complaints_of, needs_browser, requests_of, served, wait_for
from tests.builders import add_cohort, add_learners, an_id
from tests.client import settings_for, token
from tests.server.test_streams import open_streams
from tests.server.test_subscriptions import RECORD

__all__ = ["browser"]

LEARNER = an_id("Ada")
TOKENS = {
    "learner": token(LEARNER, now=utc_now()),
    "staff": token(an_id("dean"), "admin", now=utc_now()),
}
TITLES = [
    "Viewer",
    "Objectives",
    "PeerStanding",
    "PeerProfile",
    "RelativePerformance",
    "PeerDistribution",
    "PeerBenchmark",
    "ObjectiveScores",
    "Mastery",
    "Reviews",
    "Gaps",
    "Readiness",
    "ExamPlan",
    "Efficiency",
    "Activity",
    "Difficulty",
    "Items",
    "Ghost",
    "GhostUpdates",
    "WeeklyReport",
    "BenchmarkSeries",
    "ContributedSeries",
    "BenchmarkComparisons",
    "Industries",
    "CohortSnapshot",
    "CohortLearners",
    "SetDataSharing",
    "SetComparisonMode",
    "RecordResponse",
]

pytestmark = [*needs_browser]
needs_built_files = pytest.mark.skipif(
    not find_files().built, reason="the IDE's files are not built: python -m server.assets.build"
)


async def _enrolled(database_url: str) -> None:
    database = open_database(database_url)
    cohort_id = await add_cohort(database, "Autumn")
    await add_learners(database, ["Ada"], cohort_id=cohort_id, joined_at=utc_now() - timedelta(days=20))
    await database.close()


def app_with(files: Files, database: Path) -> Starlette:
    """The real application, on a database with one learner."""
    url = f"sqlite+aiosqlite:///{database}"
    asyncio.run(_enrolled(url))
    settings = settings_for(
        url,
        ide_token=TOKENS["learner"],
        ide_staff_token=TOKENS["staff"],
        ide_learner=LEARNER,
        ide_objective=an_id("Cardiac cycle"),
        ide_topic=an_id("Kidney"),
        ide_cohort=an_id("Autumn"),
    )
    return create_app(settings, ide_files=files)


@pytest.fixture
def database_file(sqlite_template: Path, tmp_path: Path) -> Path:
    """A migrated SQLite database."""
    return Path(shutil.copyfile(sqlite_template, tmp_path / "paceline.db"))


@pytest.fixture
def ide(database_file: Path) -> Iterator[str]:
    """The address of the IDE."""
    for origin in served(app_with(find_files(), database_file)):
        yield f"{origin}/graphql"


@pytest.fixture
def ide_without_files(database_file: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the IDE of a server whose assets were never built."""
    for origin in served(app_with(find_files(tmp_path / "nothing"), database_file)):
        yield f"{origin}/graphql"


def open_ide(browser: webdriver.Chrome, url: str) -> None:
    """Load the page, and wait until GraphiQL has drawn its tabs and read the schema."""
    browser.get(url)
    wait_for(browser, "#graphiql-session-tab-0")
    wait_for(browser, "button[aria-label^='Execute query']")
    WebDriverWait(browser, WAIT_SECONDS).until(
        expected.element_to_be_clickable((By.CSS_SELECTOR, "button[aria-label='Re-fetch GraphQL schema']"))
    )


def titles(browser: webdriver.Chrome) -> list[str]:
    return [tab.text for tab in browser.find_elements(By.CSS_SELECTOR, "[id^='graphiql-session-tab-']")]


def active_title(browser: webdriver.Chrome) -> str:
    return wait_for(browser, ".graphiql-tab-active [id^='graphiql-session-tab-']").text


def editor_text(browser: webdriver.Chrome, name: str) -> str:
    """All text of the "variables" or the "headers", also of lines that are scrolled out of sight."""
    wait_for(browser, f"button[data-name='{name}']").click()
    editor = wait_for(browser, ".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror")
    return str(browser.execute_script("return arguments[0].CodeMirror.getValue()", editor))


def wait_until_kept(browser: webdriver.Chrome, title: str) -> str:
    """Wait until the browser has stored that the tab with this title is the active one; returns all it keeps."""
    script = """
        const state = JSON.parse(localStorage.getItem('paceline:graphiql:tabState'));
        return state?.tabs[state.activeTabIndex].title === arguments[0] && JSON.stringify(localStorage);
    """
    kept = WebDriverWait(browser, WAIT_SECONDS).until(lambda driver: driver.execute_script(script, title))
    return str(kept)


def run_active_tab(browser: webdriver.Chrome) -> dict[str, Any]:
    """Click the run button, and return what the response pane shows."""
    wait_for(browser, "button[aria-label^='Execute query']").click()
    script = "return document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
    text = WebDriverWait(browser, WAIT_SECONDS).until(lambda driver: driver.execute_script(script))
    answer: dict[str, Any] = json.loads(text)
    return answer


@needs_built_files
def test_ide_loads_from_its_own_server_alone_and_breaks_no_policy(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)

    assert complaints_of(browser) == []
    events = requests_of(browser)
    urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    origin = ide.removesuffix("/graphql")
    assert [url for url in urls if not url.startswith((f"{origin}/", "data:"))] == []
    statuses = [
        event["params"]["response"]["status"] for event in events if event["method"] == "Network.responseReceived"
    ]
    assert len(statuses) >= 9
    assert set(statuses) == {200}
    assert [event for event in events if event["method"] == "Network.loadingFailed"] == []


@needs_built_files
def test_ide_opens_every_example_in_a_tab_with_its_name(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)

    assert titles(browser) == TITLES
    assert active_title(browser) == "Viewer"


@needs_built_files
def test_run_button_answers_an_example_with_the_demo_token(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)

    answer = run_active_tab(browser)

    assert answer["data"]["viewer"]["dayInJourney"] == 21
    assert answer["data"]["viewer"]["displayName"] == "Ada"
    assert complaints_of(browser) == []


def result_when(browser: webdriver.Chrome, tasks: int) -> dict[str, Any]:
    """What the response pane shows, once the figure in it is this."""
    script = "return document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
    WebDriverWait(browser, WAIT_SECONDS).until(
        lambda driver: f'"tasksCompleted": {tasks}' in (driver.execute_script(script) or "")
    )
    shown: dict[str, Any] = json.loads(browser.execute_script(script))
    return shown


def record_task(endpoint: str, name: str) -> None:
    """Records a practice task of the learner's."""
    at = (utc_now() - timedelta(minutes=1)).isoformat()
    variables = {"learner": LEARNER, "event": an_id(name), "at": at}
    headers = {"Authorization": f"Bearer {token('ingester', 'service', now=utc_now())}"}
    answer = httpx.post(endpoint, json={"query": RECORD, "variables": variables}, headers=headers)
    assert answer.json()["data"]["recordEvents"]["accepted"] == 1


@pytest.mark.heavy
@needs_built_files
def test_subscription_shows_each_answer_until_it_is_stopped(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)
    browser.find_element(By.ID, f"graphiql-session-tab-{TITLES.index('GhostUpdates')}").click()
    WebDriverWait(browser, WAIT_SECONDS).until(lambda driver: active_title(driver) == "GhostUpdates")

    wait_for(browser, "button[aria-label^='Execute query']").click()
    for number in range(3):
        assert result_when(browser, number)["data"]["ghostUpdated"]["activity"]["tasksCompleted"] == number
        assert open_streams() == 1
        record_task(ide, f"while the browser watches {number}")
    result_when(browser, 3)
    wait_for(browser, "button[aria-label^='Stop query']").click()

    wait_for(browser, "button[aria-label^='Execute query']")
    WebDriverWait(browser, WAIT_SECONDS).until(lambda _: open_streams() == 0)
    assert complaints_of(browser) == []


@needs_built_files
def test_subscription_that_is_refused_shows_why(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)
    browser.find_element(By.ID, f"graphiql-session-tab-{TITLES.index('GhostUpdates')}").click()
    WebDriverWait(browser, WAIT_SECONDS).until(lambda driver: active_title(driver) == "GhostUpdates")
    wait_for(browser, "button[data-name='variables']").click()
    editor = wait_for(browser, ".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror")
    browser.execute_script(
        "arguments[0].CodeMirror.setValue(JSON.stringify({learnerId: arguments[1]}))", editor, an_id("nobody")
    )

    answer = run_active_tab(browser)

    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    wait_for(browser, "button[aria-label^='Execute query']")  # it is over
    assert complaints_of(browser) == []


@needs_built_files
def test_tabs_of_staff_examples_carry_the_staff_token(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)

    browser.find_element(By.ID, f"graphiql-session-tab-{TITLES.index('CohortLearners')}").click()

    assert "cohortId" in editor_text(browser, "variables")
    assert json.loads(editor_text(browser, "headers")) == {"Authorization": f"Bearer {TOKENS['staff']}"}


@needs_built_files
def test_reload_keeps_the_active_tab_and_its_headers_and_opens_no_copies(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)
    browser.find_element(By.ID, f"graphiql-session-tab-{TITLES.index('CohortLearners')}").click()
    wait_until_kept(browser, "CohortLearners")

    for _ in range(2):
        open_ide(browser, ide)
        assert titles(browser) == TITLES
        assert active_title(browser) == "CohortLearners"
        assert json.loads(editor_text(browser, "headers")) == {"Authorization": f"Bearer {TOKENS['staff']}"}
        # What it writes of its own accord after loading must not spoil the next reload; it waits half a second.
        time.sleep(1)


@needs_built_files
def test_browser_keeps_no_demo_token(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)
    run_active_tab(browser)

    kept = wait_until_kept(browser, "Viewer")

    assert "<the learner's token>" in kept
    assert [token for token in TOKENS.values() if token in kept] == []


@needs_built_files
def test_closed_example_opens_again_from_the_examples_panel(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)
    last = browser.find_elements(By.CSS_SELECTOR, "button[aria-label='Close Tab']")[-1]
    browser.execute_script("arguments[0].click()", last)
    WebDriverWait(browser, WAIT_SECONDS).until(lambda driver: "RecordResponse" not in titles(driver))

    wait_for(browser, "button[aria-label='Show Examples']").click()
    wait_for(browser, ".example-list li:last-child button").click()

    WebDriverWait(browser, WAIT_SECONDS).until(lambda driver: active_title(driver) == "RecordResponse")
    assert "validationResponse" in editor_text(browser, "variables")
    assert json.loads(editor_text(browser, "headers")) == {"Authorization": f"Bearer {TOKENS['learner']}"}


@needs_built_files
def test_hidden_panel_stays_hidden_after_a_reload(browser: webdriver.Chrome, ide: str) -> None:
    open_ide(browser, ide)
    wait_for(browser, "button[aria-label='Hide Documentation Explorer']").click()
    wait_until_kept(browser, "Viewer")

    open_ide(browser, ide)

    wait_for(browser, "button[aria-label='Show Documentation Explorer']")
    assert browser.find_elements(By.CSS_SELECTOR, "button[aria-label^='Hide '].active") == []


def test_ide_without_files_asks_the_cdn_alone_and_says_so(browser: webdriver.Chrome, ide_without_files: str) -> None:
    browser.get(ide_without_files)
    WebDriverWait(browser, WAIT_SECONDS).until(
        expected.text_to_be_present_in_element((By.ID, "ide"), "The IDE's files did not load from")
    )

    assert "python -m server.assets.build" in wait_for(browser, "body > .notice").text
    # The CDN is out of reach here: its files fail for want of the network, and none of them by the page's policy.
    complaints = complaints_of(browser)
    assert len(complaints) == 6
    assert all(CDN in complaint and "ERR_NAME_NOT_RESOLVED" in complaint for complaint in complaints)
