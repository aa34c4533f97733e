"""The pages in Chromium: nothing refused by the policy, nothing cut at 320 px, in the light and in the dark."""

import dataclasses
import re

import pytest
from browsing import launched, served
from playwright.sync_api import sync_playwright

from bellbuoy.config.load import load_text
from bellbuoy.monitor.silences import Silences
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.web.app import create_app
from bellbuoy.monitor.web.templating import page_of

PAGES = ("/", "/w/lead-qualifier", "/w/nasty", "/i", "/i/inc-4f21", "/audit", "/audit/nasty", "/silences", "/nowhere")

pytestmark = [pytest.mark.browser, pytest.mark.needs("chromium")]


@pytest.fixture
def address(door):
    view = door.workflows["refunds"]
    steps = tuple(
        step.__class__(name, 10, 1, 0.9, 0.95, why=name, state="worse")
        for step, name in zip(view.steps, ("<script>alert(1)</script>", "x" * 5000, "\u202egnorw", "متن"), strict=False)
    )
    door.workflows["nasty"] = type(view)("nasty", "y" * 5000, 0, 86400, 10, 10, 0.9, steps=steps)
    with served(create_app(door)) as at:
        yield at


def test_an_audit_that_stands_alone_is_whole_and_is_printed_on_a4(door, need, tmp_path):
    (found,) = door.audits("refunds", 0, None, 0)
    bad = dataclasses.replace(found.lines[0], name="<script>alert(1)</script>" + "x" * 500)
    file = tmp_path / "audit.html"
    file.write_text(page_of([dataclasses.replace(found, lines=(bad, *found.lines))]), encoding="utf-8")
    troubles = []
    with sync_playwright() as play:
        browser = launched(play, need)
        for theme, ground in (("light", "rgb(246, 248, 251)"), ("dark", "rgb(11, 17, 32)")):
            page = browser.new_page(viewport={"width": 320, "height": 800}, color_scheme=theme)
            page.on("console", lambda line: troubles.append(line.text))
            page.on("dialog", lambda dialog: troubles.append(dialog.message))
            page.on("request", lambda sent: sent.url == file.as_uri() or troubles.append(sent.url))
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
            page.emulate_media(media="print", color_scheme=theme)
            printed = page.pdf(prefer_css_page_size=True)
            assert re.search(rb"/MediaBox \[0 0 59[45][.\d]* 84[12]", printed)
            assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light", "white paper"
            assert page.evaluate("getComputedStyle(document.body).color") == "rgb(15, 23, 42)", "ink on paper"
            page.close()
        browser.close()
    assert troubles == []


def test_pages_are_whole_and_quiet(address, need):
    troubles = []
    with sync_playwright() as play:
        browser = launched(play, need)
        for theme in ("light", "dark"):
            for width in (320, 1280):
                context = browser.new_context(
                    viewport={"width": width, "height": 800}, color_scheme=theme, java_script_enabled=True
                )
                page = context.new_page()
                page.on("console", lambda line: troubles.append(line.text))
                page.on("dialog", lambda dialog: troubles.append(dialog.message))
                page.on("request", lambda sent: sent.url.startswith(address) or troubles.append(sent.url))
                for path in PAGES:
                    page.goto(address + path)
                    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    if wide > 0:
                        troubles.append(f"{path} is {wide} px too wide at {width} px, {theme}")
                    assert page.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor") == (
                        "rgb(255, 255, 255)" if theme == "light" else "rgb(19, 28, 49)"
                    )
                context.close()
        browser.close()
    told = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert [trouble for trouble in troubles if trouble != told] == []


def test_a_silence_is_ended_in_the_browser_narrow_and_wide(door, need):
    config = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, steps: [qualify] }]
quiet: [{ name: "NIGHTLY", every: "daily 02:00-04:30", below: page, when: { workflow: calls } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
""")
    troubles = []
    with Store.open(None) as store, sync_playwright() as play:
        silences = Silences(store, config)
        browser = launched(play, need)
        with served(create_app(door, silences=silences)) as address:
            for width, theme in ((320, "light"), (1280, "dark")):
                silences.put_on("calls/qualify", 7200, "kim", "<script>alert(1)</script> " + "x" * 400)
                page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
                page.on("console", lambda line: troubles.append(line.text))
                page.on("dialog", lambda dialog: troubles.append(dialog.message))
                page.goto(f"{address}/silences")
                page.get_by_text("End it").first.click()
                page.get_by_label("Your name").fill("joe")
                assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
                page.get_by_role("button", name="End it now").click()
                page.get_by_role("status").wait_for()
                assert page.get_by_text("None is in force.").count() == 1
                assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
                page.close()
        browser.close()
        assert [one.ended_by for one in silences.listed()] == ["joe", "joe"]
    assert troubles == []
