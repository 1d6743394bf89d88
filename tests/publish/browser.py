"""A real browser for tests: Chromium as the machine has it, and axe-core, which looks for barriers in a page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Error, Page, Request, Route, sync_playwright

ROOT = Path(__file__).parents[2]
REQUIRED = "OMBUDSMAN_KPI_REQUIRE_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = "axe-core/axe.min.js"
ADDRESS = "http://page.test/"  # which no request leaves the browser for
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
REPORTED = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


def do_without(what: str) -> NoReturn:
    """Skip what needs a browser; or fail, where there has to be one."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{what}, and {REQUIRED} is set.")
    pytest.skip(f"{what}.")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Yield the browser that OMBUDSMAN_KPI_BROWSER names, or that is on the path."""
    path = os.environ.get("OMBUDSMAN_KPI_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        do_without("There is no Chromium on the path")
    # Root has no sandbox of its own to be put in.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=arguments)
        except Error as error:
            do_without(f"{path} doesn't start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@cache
def axe() -> str:
    """Return axe-core, from where OMBUDSMAN_KPI_AXE says, or where ``.ci/run`` puts it."""
    path = Path(os.environ.get("OMBUDSMAN_KPI_AXE") or ROOT / ".axe" / "node_modules" / AXE)
    if not path.is_file():
        do_without(f"There is no axe-core: npm install --prefix .axe --ignore-scripts {AXE.partition('/')[0]}")
    return path.read_text("utf-8")


@contextmanager
def shown(
    browser: Browser, text: str, *, width: int = 1280, dark: bool = False, scripted: bool = True, asked: str = ""
) -> Iterator[Page]:
    """Yield a page in a window; when it is left, nothing may have been asked for, forbidden or wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", java_script_enabled=scripted
    )
    requests: list[str] = []
    wrong: list[str] = []

    def answer(route: Route, request: Request) -> None:
        requests.append(request.url)
        if request.url == ADDRESS:
            route.fulfill(body=text, content_type="text/html; charset=utf-8")
        else:
            route.abort()

    context.route("**/*", answer)
    if scripted:
        context.add_init_script(REPORTED)
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.goto(ADDRESS + asked)
    yield page
    assert requests == [ADDRESS]
    assert wrong == []
    assert not scripted or page.evaluate("window.violations") == []
    context.close()


def barriers(page: Page) -> list[str]:
    """Return what axe-core finds in a page as it is now, each with where it is."""
    page.evaluate(axe())
    found = page.evaluate("(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]
