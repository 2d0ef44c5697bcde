"""A real browser that reaches nothing but the server under test, and what it was not content with."""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.wait import WebDriverWait
from starlette.applications import Starlette

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")
WAIT_SECONDS = 20

needs_browser = (
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(CHROMEDRIVER is None, reason="chromedriver is not installed"),
)


def served(app: Starlette) -> Iterator[str]:
    """The origin of *app*, which runs in a thread of its own until the test is over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """Chromium with an empty profile; every host but this one is unknown to it."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--window-size=1600,1000",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=CHROMEDRIVER))
    try:
        # A new tab is a page of Chromium's own, whose requests are none of ours.
        driver.get("about:blank")
        driver.get_log("performance")  # type: ignore[no-untyped-call]
        yield driver
    finally:
        driver.quit()


def wait_for(browser: webdriver.Chrome, selector: str) -> WebElement:
    found = expected.visibility_of_element_located((By.CSS_SELECTOR, selector))
    element: WebElement = WebDriverWait(browser, WAIT_SECONDS).until(found)
    return element


def requests_of(browser: webdriver.Chrome) -> list[dict[str, Any]]:
    """What the browser did on the network, as events of the DevTools protocol, since it was last asked."""
    return [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]  # type: ignore[no-untyped-call]


def complaints_of(browser: webdriver.Chrome) -> list[str]:
    """Warnings and errors of the console: failed requests, violated policies, uncaught exceptions."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if entry["level"] in {"WARNING", "SEVERE"}]
