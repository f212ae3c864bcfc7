"""A real browser for the tests: the Chromium of this machine, driven by Playwright.

With SLOW_BROWSER, a number, in the environment its pages ask and are told late, and their scripts run slowly: a test
that types or looks before the page is ready, and passes on a quick machine all the same, fails.
`scripts/prove-patience` does so with many numbers.
"""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 390, "height": 844}  # CSS pixels
DESKTOP = {"width": 1280, "height": 800}
SLOW = os.environ.get("SLOW_BROWSER", "")
SLOW_REQUESTS = Path(__file__).with_name("slow_requests.js")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for each module of tests. `scripts/prepare` installs it where it may.

    As long as it runs, Playwright's event loop does so too, and no test with a coroutine can run beside it: a module
    that uses the browser has none, and the browser ends with the module.
    """
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine; on Debian: apt install chromium")
    with sync_playwright() as playwright:
        # Its sandbox needs what containers and root do not have; only our own pages are opened.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page in a profile of its own, 1280 by 800. A JavaScript error on it fails the test."""
    context = chromium.new_context(viewport=DESKTOP)
    opened = context.new_page()
    if SLOW:
        slow_down(opened, random.Random(SLOW))
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == [], f"JavaScript errors on the page: {errors}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a slow browser only the tests that have one are run."""
    if SLOW:
        others = [item for item in items if "chromium" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


def slow_down(page: Page, chance: random.Random) -> None:
    """Makes its requests late, by up to a second, and its processor four times as slow in every second test."""
    page.add_init_script(f"({SLOW_REQUESTS.read_text()})({chance.randrange(2**32)})")
    tools = page.context.new_cdp_session(page)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": chance.choice([1, 4])})
    latency = {"offline": False, "latency": chance.choice([0, 150]), "downloadThroughput": -1, "uploadThroughput": -1}
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", latency)
