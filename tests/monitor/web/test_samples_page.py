"""`/i/INC/samples`: the interactions behind an incident are named, newest first, each with where a person looks at it."""

import asyncio
import html
import json
import re

import httpx
import pytest
from browsing import launched, served
from playwright.sync_api import sync_playwright

from bellbuoy.config.load import load_text
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.stories import Stories
from bellbuoy.monitor.web.app import create_app

NOW = 1_795_262_400
CONFIG = load_text("""
version: 1
server: { timezone: Europe/Berlin }
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, steps: [qualify], trace_url: "https://traces.example/{interaction_id}" }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
""")
HOSTILE = "<script>alert(1)</script>" + "x" * 90


@pytest.fixture
def app(door, keep):
    with Store.open(None) as store:
        keep(store, "inc_now", "open", NOW - 3600)
        keep(store, "inc_old", "resolved", NOW - 40_000, NOW - 30_000)
        stream = Stream("kafka", "agent.interactions", 0, "e1")
        sent = (
            ("well", "success", {}),
            ("first", "failure", {"failure_cause": "tool"}),
            (HOSTILE, "failure", {}),
            ("last", "timeout", {"content_ref": "https://logs.example/last"}),
        )
        step = {"type": "step", "workflow": "calls", "step": "qualify"}
        lines = [
            step | {"ts": 1000 * (NOW - 1000 + at), "interaction_id": name, "outcome": outcome, **more}
            for at, (name, outcome, more) in enumerate(sent)
        ]
        chunk = Chunk(stream, range(len(lines)), [json.dumps(line).encode() for line in lines], len(lines))
        number = store.stream_id(stream)
        store.append(decode(chunk, stream_id=number, received_at_us=NOW * 1_000_000, limits=Limits()))
        yield create_app(door, stories=Stories(store, CONFIG, VirtualClock(float(NOW))))


def get(app, path):
    async def go():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
            return await client.get(path, headers={"accept": "text/html"})

    return asyncio.run(go())


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_they_are_named_newest_first_with_what_went_wrong_and_where_to_look(app):
    page = get(app, "/i/inc_now/samples")
    assert page.status_code == 200
    told = words(page)
    assert "The newest 3 with a bad trial of calls/qualify step_failure since Sat 21 Nov 11:45" in told
    assert told.index("last") < told.index("alert(1)") < told.index("first")
    assert "well" not in told
    assert re.findall(r'<a href="(https://[^"]+)"', page.text) == [
        "https://logs.example/last",
        "https://traces.example/%3Cscript%3Ealert%281%29%3C%2Fscript%3E" + "x" * 90,
        "https://traces.example/first",
    ]
    assert "<script" not in page.text
    assert 'href="/i/inc_now"' in page.text


def test_the_same_as_json_and_what_is_not_there(app):
    behind = get(app, "/i/inc_now/samples.json").json()
    assert [one["interaction_id"] for one in behind["samples"]] == ["last", HOSTILE, "first"]
    assert "None is in the store any more" in words(get(app, "/i/inc_old/samples"))
    assert get(app, "/i/inc_none/samples").status_code == 404


def test_where_no_incidents_are_kept_there_is_none(door):
    assert get(create_app(door), "/i/inc_now/samples").status_code == 404


@pytest.mark.browser
@pytest.mark.needs("chromium")
def test_the_page_is_whole_and_quiet_in_the_browser(app, need):
    troubles = []
    with sync_playwright() as play, served(app) as address:
        browser = launched(play, need)
        for width, theme in ((320, "light"), (1280, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
            page.on("console", lambda line: troubles.append(line.text))
            page.on("dialog", lambda dialog: troubles.append(dialog.message))
            page.goto(f"{address}/i/inc_now/samples")
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
            page.close()
        browser.close()
    assert troubles == []
