"""The pages in Chromium: nothing refused by the policy, nothing cut at 320 px, in the light and in the dark."""

import socket
import threading

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from bellbuoy.monitor.web.app import create_app

PAGES = ("/", "/w/lead-qualifier", "/w/nasty", "/i", "/i/inc-4f21", "/nowhere")

pytestmark = [pytest.mark.browser, pytest.mark.needs("chromium")]


@pytest.fixture
def address(door):
    view = door.workflows["refunds"]
    steps = tuple(
        step.__class__(name, 10, 1, 0.9, 0.95, why=name, state="worse")
        for step, name in zip(view.steps, ("<script>alert(1)</script>", "x" * 5000, "\u202egnorw", "متن"), strict=False)
    )
    door.workflows["nasty"] = type(view)("nasty", "y" * 5000, 0, 86400, 10, 10, 0.9, steps=steps)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(door), log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


def test_pages_are_whole_and_quiet(address, need):
    troubles = []
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(need("chromium")), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
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
