"""Takes the documents' picture of the dashboard: `python -m examples.dashboard_picture docs/images/dashboard.png`.

Needs Chromium and its driver. Of a demo of a fixed day, under a clock that stands still: each run shows the same.
"""

import asyncio
import base64
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait
from starlette.applications import Starlette

from domain.database import open_database
from examples.pictures import DAY, KEY
from migrations import run as migrations
from resolvers.caller import Caller, Role
from server.app import create_app
from server.demo.generate import DemoData, generate
from server.jobs.running import Runner, run_job
from server.quickstart import figure_jobs, load_demo
from server.settings import Settings
from server.tokens import sign

WIDTH, HEIGHT, SCALE = 1240, 1024, 0.8
WAIT_SECONDS = 60
TOKEN_LIFETIME = timedelta(hours=1)
_DRAWN = """
    const cards = [...document.querySelectorAll('section.card')];
    return cards.length > 0 && cards.every(card => card.dataset.state === 'drawn');
"""


def settings_in(place: str) -> Settings:
    """Settings of a server whose database lies in *place*."""
    key = SecretStr(KEY)
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        database_url=f"sqlite+aiosqlite:///{place}/paceline.db",
        auth_secret=key,
        release_key=key,
        pseudonym_key=key,
    )


async def fill(settings: Settings, data: DemoData) -> None:
    """Loads the demo and computes its figures, as of its day."""
    await migrations.upgrade(settings.database_url)
    database = open_database(settings.database_url)
    try:
        await load_demo(database, settings.pseudonyms(), data, DAY)
        runner = Runner(database=database, clock=lambda: DAY, holder="pictures", operator="pictures")
        for job in figure_jobs(settings):
            await run_job(runner, job, DAY)
    finally:
        await database.close()


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address of *app*, which runs in a thread meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


def photograph(url: str, chromium: str, driver: str) -> bytes:
    """The upper part of the page at *url*, as a PNG file, once every chart is drawn."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        screen = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": SCALE, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        still = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", still)
        browser.get(url)
        WebDriverWait(browser, WAIT_SECONDS).until(lambda found: found.execute_script(_DRAWN))
        return base64.b64decode(browser.execute_cdp_cmd("Page.captureScreenshot", {})["data"])
    finally:
        browser.quit()


def take(path: Path) -> str:
    """Takes the picture, and returns one line about it."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        return f"Chromium or its driver is missing, so {path} is left as it is."
    data = generate(until=DAY)
    with tempfile.TemporaryDirectory(prefix="paceline-dashboard-") as place:
        settings = settings_in(place)
        asyncio.run(fill(settings, data))
        learner = Caller(subject=data.example.learner_id, role=Role.LEARNER)
        token = sign(settings, learner, now=DAY, lifetime=TOKEN_LIFETIME)
        shown = settings.model_copy(update={"ide_token": SecretStr(token), "ide_objective": data.example.objective_id})
        with served(create_app(shown, clock=lambda: DAY)) as url:
            path.write_bytes(photograph(url, chromium, driver))
    return f"Took {path}."


if __name__ == "__main__":
    print(take(Path(sys.argv[1])))
