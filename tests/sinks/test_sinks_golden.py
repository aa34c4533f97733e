"""What people see, held against files that a person has read. `BELLBUOY_GOLDEN=write` writes them anew."""

import json
import os
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import golden_pages as golden
import pytest

from bellbuoy.sinks import alertmanager, pagerduty, webhook
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.chart import svg
from bellbuoy.sinks.drawings import sparkline, wedge
from bellbuoy.sinks.lint import lint, markup
from bellbuoy.sinks.render import message, reply
from bellbuoy.sinks.terminal import columns, terminal
from bellbuoy.sinks.testing_receiver import Receiver

pytestmark = pytest.mark.golden
LIFE = ("opened", "raised", "acknowledged", "resolved", "reopened", "own_trouble", "audit")
FOLDER = Path(__file__).parent.parent / "golden"
MENTION = "<!subteam^S012ABC>"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def compare(path: str, made: str) -> None:
    file = FOLDER / path
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8"), (
        f"{path} is not what it was; read the difference before writing it anew"
    )


@pytest.mark.parametrize("name", golden.PAGES)
def test_message(name):
    page = golden.PAGES[name]()
    mention = MENTION if page.severity == "page" and page.change == "opened" else ""
    said = message(page, image="F0123456789" if page.chart else None, mention=mention, pressable=name != "chartless")
    assert lint(said["blocks"], mention) == []
    assert markup(said["text"]) == []
    assert len(said["text"]) <= 300
    told = {"message": said}
    if page.news:
        told["reply"] = reply(page, page.news, MENTION)
    compare(f"slack/{name}.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("name", LIFE)
def test_what_programs_are_sent(name):
    """To a webhook, to PagerDuty and to Alertmanager, each page after the one before it."""
    page = getattr(golden, name)()
    sent = sent_of(replace(page, chart=replace(page.chart, at=(), value=(), low=(), high=()) if page.chart else None))
    for kind, body in sent.items():
        compare(f"{kind}/{name}.json", json.dumps(body, ensure_ascii=False, indent=1) + "\n")


def sent_of(page):
    """Return the bodies that arrive at the receivers, as JSON."""
    first = {"version": "0"} if page.version > 1 else None
    with Receiver() as receiver:
        webhook.Webhook(url=receiver.url).send(page)
        pagerduty.PagerDuty(Secret("R" * 32), api_url=receiver.url).send(replace(page, handle=first))
        alertmanager.Alertmanager(url=receiver.url, labels={"team": "agents"}).send(page)
        bodies = [json.loads(request.body) for request in receiver.accepted]
    return dict(zip(("webhook", "pagerduty", "alertmanager"), bodies, strict=True))


@pytest.mark.parametrize("name", golden.PAGES)
def test_terminal(name):
    plain = terminal(golden.PAGES[name](), 88, colour=False)
    compare(f"terminal/{name}.txt", plain)
    assert ANSI.sub("", terminal(golden.PAGES[name](), 88, colour=True)) == plain, "colour changes no text"
    assert max(map(columns, plain.splitlines())) <= 88


def test_terminal_in_colour():
    compare("terminal/opened.ansi", terminal(golden.opened(), 88, colour=True))


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("opened", "light"),
        ("opened", "dark"),
        ("opened", "page"),
        ("resolved", "light"),
        ("slow_drift", "light"),
        ("silence", "light"),
    ],
)
def test_chart(name, theme):
    drawn = svg(golden.PAGES[name]().chart, theme)
    ET.fromstring(drawn)
    compare(f"chart/{name}-{theme}.svg", drawn.replace("><", ">\n<") + "\n")


def test_small_drawings():
    drawn = [
        sparkline([0.95, 0.94, None, 0.93, 0.95, 0.86], [0.9] * 6, [0.98] * 6, label="qualify, 7 days", bad=True),
        sparkline([], label="no data"),
        wedge(96.7, 83.1, 0.052, label="qualify: 83.1 of 100 still on track"),
        wedge(100, 0, 0.1, label="all lost"),
        wedge(0, 0, 0.1, label="nothing arrived"),
    ]
    for each in drawn:
        ET.fromstring(each)
    compare("chart/small.svg", "\n".join(drawn).replace("><", ">\n<") + "\n")
