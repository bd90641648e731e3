"""Firefox and WebKit, as Debian has them, and what a reader does in any browser.

Chromium and Firefox are driven by Playwright, the latter by WebDriver BiDi; WebKitGTK's browser by
its own WebDriver, on a screen that nobody sees. Each is found, or it is said that it is missing.
"""

import glob
import os
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest
from playwright.sync_api import Error
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection

WINDOW = 1280, 900
MINI_BROWSER = "/usr/lib/*/webkit2gtk-4.1/MiniBrowser"
SETTINGS = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}  # as root it would not start
BARS = 38  # CSS pixels above the page
PATIENCE = 30  # seconds
KEYS = {
    "ArrowDown": Keys.ARROW_DOWN,
    "ArrowRight": Keys.ARROW_RIGHT,
    "ArrowUp": Keys.ARROW_UP,
    "Control": Keys.CONTROL,
    "End": Keys.END,
    "Enter": Keys.ENTER,
    "Escape": Keys.ESCAPE,
    "Home": Keys.HOME,
    "Space": Keys.SPACE,
    "Tab": Keys.TAB,
}


def missing(engine, package):
    """Fail in CI, and skip aloud elsewhere."""
    stop = pytest.fail if os.environ.get("CI") else pytest.skip
    stop(f"no {engine}: apt-get install {package}; the pages were NOT tested in it")


@contextmanager
def firefox(playwright, dark=False):
    """A Firefox of the system, whose theme may be dark."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        missing("Firefox", "firefox-esr")
    theme = {"layout.css.prefers-color-scheme.content-override": 0 if dark else 1}
    started = playwright.firefox.launch(
        executable_path=path, channel="moz-firefox", firefox_user_prefs=theme
    )
    try:
        yield started
    finally:
        started.close()


@contextmanager
def webkit(window=WINDOW, dark=False):
    """A driver of WebKitGTK's own browser, with a page of this width and height."""
    driver, found = shutil.which("WebKitWebDriver"), glob.glob(MINI_BROWSER)
    if not driver or not found:
        missing("WebKit", "webkit2gtk-driver")
    if not shutil.which("Xvfb"):
        missing("screen for WebKit", "xvfb")
    options = webdriver.WebKitGTKOptions()
    options.binary_location = found[0]
    options.add_argument("--automation")
    width, height = window
    with screen(width, height + BARS) as display:
        theme = "Adwaita:dark" if dark else "Adwaita"
        environment = {**os.environ, **SETTINGS, "DISPLAY": display, "GTK_THEME": theme}
        service = webdriver.WebKitGTKService(driver, env=environment)
        service.start()
        try:
            place = ClientConfig(service.service_url, timeout=PATIENCE)
            started = webdriver.Remote(RemoteConnection(client_config=place), options=options)
            started.set_script_timeout(PATIENCE)
            started.get("about:blank")  # before there is a page, a new size may never be answered
            started.set_window_size(width, height + BARS)
            yield started
            started.quit()
        finally:
            service.stop()


@contextmanager
def screen(width, height):
    """The name of a screen that nobody sees."""
    reading, writing = os.pipe()
    size = ["-screen", "0", f"{width}x{height}x24"]
    command = ["Xvfb", "-displayfd", str(writing), *size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield f":{number.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def reading(engine, playwright, window=WINDOW, dark=False):
    """A reader of Firefox or WebKit, on a system whose theme may be dark."""
    if engine == "webkit":
        with webkit(window, dark) as driver:
            yield InWebKit(driver)
    else:
        with firefox(playwright, dark) as browser:
            yield InPlaywright(browser, window)


class InPlaywright:
    """A reader of Chromium or Firefox."""

    def __init__(self, browser, window=WINDOW):
        width, height = window
        self._page = browser.new_page(viewport={"width": width, "height": height})

    def open(self, address):
        self._page.goto(address)

    def run(self, script):
        """Return what a JavaScript function returns or promises, None while the page changes."""
        try:
            return self._page.evaluate(script)
        except Error as error:
            if "context was destroyed" in error.message:
                return None
            raise

    def press(self, key, times=1):
        """Press a key by its name in JavaScript, or several joined by +."""
        for _ in range(times):
            self._page.keyboard.press(key)

    def type(self, text):
        self._page.keyboard.type(text)

    def screenshot(self):
        return self._page.screenshot()


class InWebKit:
    """The same reader of WebKit."""

    def __init__(self, driver):
        self._driver = driver

    def open(self, address):
        self._driver.get(address)

    def run(self, script):
        return self._driver.execute_async_script(
            f"const done = arguments[0]; Promise.resolve(({script})()).then(done)"
        )

    def press(self, key, times=1):
        *held, last = [KEYS.get(name, name) for name in key.split("+")]
        actions = ActionChains(self._driver)
        for one in held:
            actions.key_down(one)
        actions.send_keys(last * times)
        for one in held:
            actions.key_up(one)
        actions.perform()

    def type(self, text):
        ActionChains(self._driver).send_keys(text).perform()

    def screenshot(self):
        return self._driver.get_screenshot_as_png()


def wait_for(reader, script):
    """Return what the script returns as soon as that is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := reader.run(script)):
        assert time.monotonic() < deadline, f"this does not come: {script}"
        time.sleep(0.05)
    return found
