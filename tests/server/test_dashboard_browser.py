"""The dashboard in a real browser that reaches nothing but the server under test, on the demo's figures."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait
from starlette.applications import Starlette

from server.app import create_app
from server.assets.packages import CDN
from server.dashboard import files as dashboard_files
from server.dashboard.page import queries
from server.dashboard.routes import dashboard_routes
from tests.browser import WAIT_SECONDS, browser, complaints_of, needs_browser, requests_of, served, wait_for
from tests.client import settings_for, token
from tests.demo import NOW, Demo, demo

__all__ = ["browser", "demo"]

CHARTS = ["peers", "profile", "mastery", "forgetting", "readiness", "ghost", "series"]
LIGHT, DARK = "light", "dark"
WIDE, PHONE = (1280, 900), (360, 740)
# Contrast of letters with what is behind them, by WCAG 2.2, level AA.
LEAST_CONTRAST = 4.5

pytestmark = [
    *needs_browser,
    pytest.mark.skipif(
        not dashboard_files.find_files().built, reason="the pages' files are not built: python -m server.assets.build"
    ),
]


def app_with(demo: Demo, **overrides: Any) -> Starlette:
    """The real application on the demo, with a demo learner's token if none of the *overrides* says otherwise."""
    filled = {
        "ide_token": token(demo.examples.learner_id, now=NOW),
        "ide_objective": demo.examples.objective_id,
    }
    return create_app(settings_for(demo.url, **(filled | overrides)), clock=lambda: NOW)


@pytest.fixture
def dashboard(demo: Demo) -> Iterator[str]:
    """The address of the dashboard of a server with a demo token."""
    yield from served(app_with(demo))


@pytest.fixture
def dashboard_without_token(demo: Demo) -> Iterator[str]:
    """The address of the dashboard of a server that knows no token by itself."""
    yield from served(app_with(demo, ide_token=None, ide_objective=None))


def look(browser: webdriver.Chrome, colours: str = LIGHT, size: tuple[int, int] = WIDE) -> None:
    """What the reader's system is said to want, and how large its screen is."""
    features = [
        {"name": "prefers-color-scheme", "value": colours},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def until(browser: webdriver.Chrome, condition: Callable[[], object]) -> None:
    WebDriverWait(browser, WAIT_SECONDS).until(lambda _: condition())


def states(browser: webdriver.Chrome) -> dict[str, str]:
    """What became of each chart, by its name."""
    script = """
        const cards = [...document.querySelectorAll('section.card')];
        return Object.fromEntries(cards.map(card => [card.id, card.dataset.state]));
    """
    found: dict[str, str] = browser.execute_script(script)
    return found


def open_dashboard(browser: webdriver.Chrome, url: str, **looks: Any) -> None:
    """Load the page, and wait until every chart has an answer."""
    look(browser, **looks)
    browser.get(url)
    until(browser, lambda: states(browser) and "loading" not in states(browser).values())


def card(browser: webdriver.Chrome, name: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f"section.card#{name}")


def texts(chart: WebElement) -> str:
    """All text of a chart's picture."""
    return " ".join(
        text.get_attribute("textContent") or "" for text in chart.find_elements(By.CSS_SELECTOR, "svg text")
    )


def shapes(chart: WebElement) -> int:
    return len(chart.find_elements(By.CSS_SELECTOR, "svg path, svg rect"))


def unfold(chart: WebElement, name: str) -> WebElement:
    """Opens what folds out below a chart, by the keyboard."""
    details = chart.find_element(By.CSS_SELECTOR, f"details.{name}")
    details.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert details.get_property("open") is True
    return details


def choose(chart: WebElement, label: str, choice: str) -> None:
    """Chooses by the text that people see."""
    field = next(
        field for field in chart.find_elements(By.CLASS_NAME, "field") if field.text.partition("\n")[0] == label
    )
    Select(field.find_element(By.TAG_NAME, "select")).select_by_visible_text(choice)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_chart_is_drawn_and_nothing_is_complained_of(
    browser: webdriver.Chrome, dashboard: str, colours: str, size: tuple[int, int]
) -> None:
    open_dashboard(browser, dashboard, colours=colours, size=size)

    assert states(browser) == dict.fromkeys(CHARTS, "drawn")
    for name in CHARTS:
        assert shapes(card(browser, name)) > 3, name
    assert "You: " in texts(card(browser, "peers"))
    assert "Calibration" in texts(card(browser, "profile"))
    assert "Known" in texts(card(browser, "mastery"))
    assert "days from now" in texts(card(browser, "forgetting"))
    assert "to pass today" in texts(card(browser, "readiness"))
    assert "Ghost" in texts(card(browser, "ghost"))
    assert "Median" in texts(card(browser, "series"))
    assert complaints_of(browser) == []
    # Nothing has to be scrolled sideways.
    script = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert browser.execute_script(script) is True


def test_page_asks_its_own_server_alone(browser: webdriver.Chrome, dashboard: str) -> None:
    open_dashboard(browser, dashboard)

    events = requests_of(browser)
    urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert len(urls) > len(CHARTS)
    assert [url for url in urls if not url.startswith((f"{dashboard}/", "data:"))] == []


def test_each_picture_is_described_and_has_its_figures_in_a_table(browser: webdriver.Chrome, dashboard: str) -> None:
    open_dashboard(browser, dashboard)

    for name in CHARTS:
        chart = card(browser, name)
        title = chart.find_element(By.TAG_NAME, "h3").text
        described = chart.find_element(By.CSS_SELECTOR, "[role=img]").get_attribute("aria-label") or ""
        said = chart.find_element(By.CLASS_NAME, "said").text
        assert described == f"{title}. {said}"
        rows = unfold(chart, "figures").find_elements(By.CSS_SELECTOR, "tbody tr")
        assert len(rows) >= 4, name
        assert all(row.find_elements(By.CSS_SELECTOR, "th[scope=row]") for row in rows)
        assert all(cell.text.strip() for row in rows for cell in row.find_elements(By.TAG_NAME, "td"))
    assert complaints_of(browser) == []


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_letters_stand_out(browser: webdriver.Chrome, dashboard: str, colours: str) -> None:
    """By WCAG's formula, of each text's colour against the nearest background."""
    open_dashboard(browser, dashboard, colours=colours)
    for details in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", details)
    script = """
        const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        const parts = colour => colour.match(/[\\d.]+/g).map(Number);
        const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
        const behind = element => {
            for (let at = element; at; at = at.parentElement) {
                const colour = parts(getComputedStyle(at).backgroundColor);
                if (colour[3] !== 0) {
                    return colour;
                }
            }
        };
        const found = [];
        for (const element of document.querySelectorAll('#dashboard :not(svg, svg *)')) {
            if ([...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim())) {
                const [one, other] = [parts(getComputedStyle(element).color), behind(element)].map(light);
                const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
                found.push([contrast, element.textContent.slice(0, 40)]);
            }
        }
        return found;
    """
    found = browser.execute_script(script)

    assert len(found) > 100
    assert [entry for entry in found if entry[0] < LEAST_CONTRAST] == []


def test_everything_is_reached_by_the_keyboard(browser: webdriver.Chrome, dashboard: str) -> None:
    open_dashboard(browser, dashboard)
    reached: set[str] = set()
    wanted = len(browser.find_elements(By.CSS_SELECTOR, "a:not(.query a), button, select, summary"))

    for _ in range(wanted + 3):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.switch_to.active_element
        if focused.tag_name != "body":
            reached.add(focused.id)

    assert len(reached) >= wanted


def test_theme_is_followed_while_the_page_is_open(browser: webdriver.Chrome, dashboard: str) -> None:
    open_dashboard(browser, dashboard, colours=LIGHT)
    script = "return document.querySelector('#peers svg text')?.getAttribute('fill')"
    light = browser.execute_script(script)
    assert light is not None

    look(browser, DARK)

    until(browser, lambda: browser.execute_script(script) not in (None, light))
    assert complaints_of(browser) == []


def who_responded(demo: Demo, objective_id: str) -> str:
    """A learner who responded to this objective often enough to be compared, if there were others."""
    statement = """
        SELECT learner_id FROM validation_responses WHERE objective_id = ?
        GROUP BY learner_id HAVING count(*) >= 3 AND count(reasoning_score) >= 3 AND count(calibration_delta) >= 3
    """
    with closing(sqlite3.connect(demo.url.partition("///")[2])) as database:
        [learner_id] = database.execute(statement, [objective_id]).fetchone()
    return str(learner_id)


def test_withheld_figures_are_told_with_reason_and_message_and_never_drawn(
    browser: webdriver.Chrome, demo: Demo
) -> None:
    scarce = demo.examples.scarce_objective_id
    for url in served(app_with(demo, ide_token=token(who_responded(demo, scarce), now=NOW))):
        open_dashboard(browser, url)
        field = Select(browser.find_element(By.CSS_SELECTOR, ".group-head select"))
        field.select_by_value(scarce)
        until(browser, lambda: states(browser)["peers"] == "unavailable")
        until(browser, lambda: states(browser)["profile"] == "unavailable")

        for name in ("peers", "profile"):
            told = card(browser, name)
            assert "TOO_FEW_PEERS" in told.text
            assert len(told.find_element(By.CSS_SELECTOR, ".unavailable p").text) > 20
            assert told.find_elements(By.CSS_SELECTOR, "svg, [role=img]") == []
        assert complaints_of(browser) == []


def test_a_learner_who_has_done_nothing_is_told_so_in_every_chart(browser: webdriver.Chrome, demo: Demo) -> None:
    for url in served(app_with(demo, ide_token=token(demo.examples.newcomer_id, now=NOW))):
        open_dashboard(browser, url)

        found = states(browser)
        assert {name for name, state in found.items() if state == "drawn"} <= {"series", "ghost"}
        assert set(found.values()) <= {"drawn", "unavailable"}
        for name in ("peers", "profile", "mastery", "forgetting", "readiness"):
            assert "NO_DATA" in card(browser, name).text
        assert complaints_of(browser) == []


def test_choices_ask_anew(browser: webdriver.Chrome, dashboard: str) -> None:
    open_dashboard(browser, dashboard)
    before = card(browser, "series").find_element(By.CLASS_NAME, "said").text

    choose(card(browser, "series"), "Industry", "Hospitality")
    until(
        browser,
        lambda: states(browser)["series"] == "drawn" and "half of the companies" in card(browser, "series").text,
    )
    until(browser, lambda: card(browser, "series").find_element(By.CLASS_NAME, "said").text != before)
    choose(card(browser, "peers"), "Metric", "Calibration")
    variables = unfold(card(browser, "peers"), "query").find_elements(By.TAG_NAME, "pre")[1].text

    assert json.loads(variables)["metric"] == "CALIBRATION"
    until(browser, lambda: states(browser)["peers"] == "drawn")
    assert complaints_of(browser) == []


def test_link_opens_graphiql_with_that_query_which_runs(browser: webdriver.Chrome, dashboard: str) -> None:
    open_dashboard(browser, dashboard)
    panel = unfold(card(browser, "mastery"), "query")
    link = panel.find_element(By.TAG_NAME, "a")
    assert link.accessible_name == "Open in GraphiQL: the query of “What you have mastered”, in a new tab"

    link.click()
    until(browser, lambda: len(browser.window_handles) == 2)
    browser.switch_to.window(browser.window_handles[1])
    wait_for(browser, "button[aria-label^='Execute query']")
    editor = wait_for(browser, ".graphiql-query-editor .CodeMirror")
    shown = browser.execute_script("return arguments[0].CodeMirror.getValue()", editor)
    wait_for(browser, "button[aria-label^='Execute query']").click()
    script = "return document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
    answered = WebDriverWait(browser, WAIT_SECONDS).until(lambda driver: driver.execute_script(script))

    assert shown == queries()["mastery"]
    assert wait_for(browser, ".graphiql-tab-active [id^='graphiql-session-tab-']").text == "MasteryHeatMap"
    assert len(json.loads(answered)["data"]["learner"]["mastery"]["edges"]) > 5
    assert "#" not in browser.current_url
    assert complaints_of(browser) == []


def given(browser: webdriver.Chrome, bearer: str, learner: str = "") -> None:
    """Fills in the form that asks for a token."""
    wait_for(browser, "#token").send_keys(bearer)
    browser.find_element(By.ID, "learner").send_keys(learner)
    browser.find_element(By.CSS_SELECTOR, "form button").click()


def drawn(browser: webdriver.Chrome) -> bool:
    return list(states(browser).values()) == ["drawn"] * len(CHARTS)


def test_token_is_asked_for_and_kept_for_the_browser_tab_alone(
    browser: webdriver.Chrome, dashboard_without_token: str, demo: Demo
) -> None:
    bearer = token(demo.examples.learner_id, now=NOW)
    look(browser)
    browser.get(dashboard_without_token)
    given(browser, f"Bearer {bearer}")
    until(browser, lambda: drawn(browser))

    browser.refresh()

    until(browser, lambda: drawn(browser))
    assert browser.execute_script("return localStorage.length") == 0
    assert browser.execute_script("return document.cookie") == ""
    assert bearer in browser.execute_script("return JSON.stringify(sessionStorage)")
    assert complaints_of(browser) == []


def test_staff_name_the_learner(browser: webdriver.Chrome, dashboard_without_token: str, demo: Demo) -> None:
    look(browser)
    staff = token("5ca1ab1e-0000-4000-8000-000000000002", "admin", now=NOW)
    browser.get(dashboard_without_token)
    given(browser, staff)
    until(browser, lambda: "names no learner" in browser.find_element(By.ID, "main").text)
    given(browser, staff, demo.examples.other_learner_id)

    until(browser, lambda: drawn(browser))
    assert complaints_of(browser) == []


@pytest.mark.parametrize("bearer", ["nonsense", "expired"])
def test_a_token_that_is_no_good_is_told_and_asked_for_again(
    browser: webdriver.Chrome, dashboard_without_token: str, demo: Demo, bearer: str
) -> None:
    look(browser)
    sent = token(demo.examples.learner_id, now=NOW - timedelta(hours=3)) if bearer == "expired" else bearer
    browser.get(dashboard_without_token)
    given(browser, sent)

    until(browser, lambda: "tokens expire" in browser.find_element(By.ID, "main").text)
    assert browser.find_element(By.ID, "token").is_displayed()
    assert browser.execute_script("return sessionStorage.length") == 0
    # The browser itself notes a refusal in its console, and nothing else.
    assert all("401" in complaint for complaint in complaints_of(browser))


def test_a_server_that_is_gone_is_told_and_asked_again(browser: webdriver.Chrome, dashboard: str) -> None:
    open_dashboard(browser, dashboard)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    choose(card(browser, "peers"), "Metric", "Reasoning")
    until(browser, lambda: states(browser)["peers"] == "failed")
    assert "cannot be reached" in card(browser, "peers").text
    browser.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )

    next(
        button for button in card(browser, "peers").find_elements(By.TAG_NAME, "button") if button.text == "Try again"
    ).click()

    until(browser, lambda: states(browser)["peers"] == "drawn")


def test_page_without_the_charting_library_shows_tables_and_says_so(
    browser: webdriver.Chrome, demo: Demo, tmp_path: Path
) -> None:
    settings = settings_for(demo.url, ide_token=token(demo.examples.learner_id, now=NOW))
    app = create_app(settings_for(demo.url, dashboard=False), clock=lambda: NOW)
    app.router.routes.extend(dashboard_routes(settings, dashboard_files.find_files(tmp_path / "nothing")))
    for url in served(app):
        open_dashboard(browser, url)

        assert "python -m server.assets.build" in wait_for(browser, "body > .notice").text
        assert "figures are shown as tables" in browser.find_element(By.ID, "dashboard").text
        for name in CHARTS:
            assert len(card(browser, name).find_elements(By.CSS_SELECTOR, "details[open].figures tbody tr")) >= 4
        assert [complaint for complaint in complaints_of(browser) if CDN not in complaint] == []
