"""The document about a sink of one's own: what it shows is built, checked, sent to, and complete."""

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import get_args

import pytest

from bellbuoy.config.errors import ConfigError
from bellbuoy.config.load import load_text
from bellbuoy.config.plugins import sink
from bellbuoy.sinks.base import Page, Reason, Sent, Sink
from bellbuoy.sinks.testing_pages import story
from bellbuoy.sinks.testing_receiver import Receiver

DOCUMENT = Path(__file__).parents[2] / "docs" / "your-own-sink.md"
KEY = {"TICKETS_KEY": "planted-4711"}

pytestmark = pytest.mark.docs


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def tables():
    """Return the names in the first column of each table."""
    found = re.findall(r"((?:^\|.*\n)+)", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return [
        [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)", row.split("|")[1])] for table in found
    ]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The package of the document, where Python finds it."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "__init__.py").touch()
    (tmp_path / "acme" / "tickets.py").write_text(blocks("python")[0], encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme"]:
        del sys.modules[name]


def test_the_configuration_of_the_document_builds_it_and_it_tells_the_story(package):
    with Receiver() as receiver:
        text = blocks("yaml")[0].replace("https://tickets.example.com/new", f"{receiver.url}new")
        entry = load_text(text, environ=KEY).sinks["desk"]
        desk = sink(entry.kind, entry.settings)
        assert isinstance(desk, Sink)
        handle = None
        for page in story():
            receipt = desk.send(dataclasses.replace(page, handle=handle))
            assert isinstance(receipt, Sent)
            handle = receipt.handle
        told = [json.loads(request.body) for request in receiver.accepted]
        assert receiver.accepted[0].headers["authorization"] == "Bearer planted-4711"
    assert [one["open"] for one in told] == [True, True, True, False, True]
    assert {(one["incident"], one["team"]) for one in told} == {("inc_battery", "voice")}


@pytest.fixture
def short_timeout(monkeypatch):
    monkeypatch.setattr("bellbuoy.sinks.outgoing.TIMEOUT_S", 0.3)


@pytest.mark.usefixtures("package", "short_timeout")
def test_it_passes_the_battery_as_the_document_runs_it():
    space = {}
    exec(compile(blocks("python")[1], "document", "exec"), space)
    (mark,) = space["test_contract"].pytestmark
    assert len(mark.args[1]) > 25
    for check in mark.args[1]:
        space["test_contract"](check)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "acme.tickets:Tickets",
            "acme.tikets:Tickets",
            "No module named 'acme.tikets'; install it or correct the path",
        ),
        ("acme.tickets:Tickets", "acme.tickets:json", "is no sink: a sink is a frozen dataclass with send"),
        ("team: voice", "tema: voice", "unknown key 'tema'.*did you mean 'team'"),
        ("team: voice", "team: 5", "'team' wants a text"),
        ("{ env: TICKETS_KEY }", "planted-4711", "a secret is not written here.*key: ••••••"),
        ("https://tickets.example.com/new", "tickets.example.com", "must be an http"),
    ],
)
def test_mistakes_are_told_with_their_place(before, after, message):
    with pytest.raises(ConfigError, match=f"(?s):4:[0-9]+: error: .*{message}") as problem:
        load_text(blocks("yaml")[0].replace(before, after), environ=KEY)
    assert "planted" not in str(problem.value)


def test_every_field_reason_and_declaration_is_told_and_is_there():
    page, receipts, reasons, declared = tables()
    assert set(page) == {field.name for field in dataclasses.fields(Page)}
    assert receipts == ["Sent", "Retry", "Refused"]
    assert set(reasons) == set(get_args(Reason))
    assert declared == ["edits", "threads", "images", "resolves", *re.findall(r"`(\w+)`, ", Sink.__doc__)]
