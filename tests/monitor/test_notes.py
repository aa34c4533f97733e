"""Notes on the time line: what is noted, once, and how a page names it."""

import json

import pytest

from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.explain.findings import just_before
from bellbuoy.monitor.ingest.answers import Keyed, OtherBody
from bellbuoy.monitor.notes import MOST, Notebook, NotNoted, notes_of
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door.adhoc import ask

pytestmark = pytest.mark.store
NOW = 1_795_262_400.0  # Sat 21 Nov 2026 12:00


@pytest.fixture
def store():
    with Store.open(None) as opened:
        yield opened


@pytest.fixture
def note(store):
    notebook = Notebook(store, VirtualClock(NOW))

    def one(*notes, keyed=None):
        return json.loads(notebook.note(notes_of([json.dumps(one).encode() for one in notes]), keyed).text)

    return one


def stored(store, columns="title"):
    return store.cursor().execute(f"SELECT {columns} FROM notes ORDER BY noted_at, id").fetchall()


def test_a_note_says_when_it_happened_in_any_form_that_an_event_has(store, note):
    note({"title": "now", "id": "1"})
    note({"title": "text", "id": "2", "at": "2026-11-21T12:30:00+01:00"})
    note({"title": "ms", "id": "3", "at": 1_795_262_400_000 - 60_000}, {"title": "us", "id": "4", "at": 10**14})
    rows = stored(store, "title, epoch(noted_at) - 1795262400, kind, workflow")
    assert rows[1:] == [("text", -1800, "other", None), ("ms", -60, "other", None), ("now", 0, "other", None)]
    assert rows[0][0] == "us"


def test_a_repeat_with_the_same_id_is_not_noted_again(store, note):
    assert note({"title": "a", "id": "x"}, {"title": "b"})["noted"] == 2
    again = note({"title": "other", "id": "x"}, {"title": "c", "id": "y"}, {"title": "c", "id": "y"})
    assert (again["noted"], again["repeated"], again["ids"]) == (1, 2, ["x", "y", "y"])
    assert sorted(stored(store)) == [("a",), ("b",), ("c",)]


def test_a_repeat_with_the_same_key_gets_the_same_answer(store, note):
    keyed = Keyed.of("/v1/changes", "k", b"body")
    first = note({"title": "a"}, keyed=keyed)
    assert note({"title": "a"}, keyed=keyed) == first
    assert stored(store) == [("a",)]
    with pytest.raises(OtherBody):
        note({"title": "b"}, keyed=Keyed.of("/v1/changes", "k", b"other body"))
    assert stored(store) == [("a",)]
    note({"title": "b"}, keyed=Keyed.of("/v1/events", "k", b"other body"))
    assert "k" not in {row[0] for row in store.cursor().execute("SELECT key FROM idempotency").fetchall()}


def test_an_answer_is_forgotten_after_a_day(store):
    clock = VirtualClock(NOW)
    notebook, keyed = Notebook(store, clock), Keyed.of("/v1/changes", "k", b"body")
    notes = notes_of([b'{"title": "a"}'])
    notebook.note(notes, keyed)
    clock.advance(86_399)
    notebook.note(notes, keyed)
    assert len(stored(store)) == 1
    clock.advance(2)
    notebook.note(notes, keyed)
    assert len(stored(store)) == 2


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (b"{}", "note 0: Object missing required field `title`"),
        (b'{"title": " "}', "blank"),
        (b'{"title": "' + b"x" * 201 + b'"}', "length <= 200"),
        ('{"title": "a\u202eb"}'.encode(), "direction characters - at `$.title`"),
        (b'{"title": "a\\u001b[2J"}', "control"),
        (b'{"title": "a", "who": "a\\nb"}', "`$.who`"),
        (b'{"title": "a", "kind": "release"}', "Invalid enum value 'release'"),
        (b'{"title": "a", "at": "yesterday"}', "RFC3339"),
        (b'{"title": "a", "at": "2026-11-21T12:30:00"}', "timezone"),
        (b'{"title": "a", "at": 1795262400}', ">= 100000000000"),
        (b'{"title": "a", "url": "javascript:alert(1)"}', "$.url"),
        (b'{"title": "a", "workflw": "w"}', "unknown field `workflw`"),
        (b'{"title": "\xff"}', "note 0"),
        (b"7", "Expected `object`"),
    ],
)
def test_a_note_that_cannot_be_says_which_and_why(note, told):
    with pytest.raises(NotNoted) as caught:
        notes_of([note])
    assert told in str(caught.value)
    with pytest.raises(NotNoted, match="note 1"):
        notes_of([b'{"title": "good"}', note])


def test_a_request_has_a_bounded_number_of_notes():
    for count in (0, MOST + 1):
        with pytest.raises(NotNoted, match=f"1 to {MOST}"):
            notes_of([b'{"title": "a"}'] * count)


def before(store, workflow="calls", at=NOW + 7200):
    fact, version = just_before(store, workflow, int(NOW), int(at), "UTC")
    return "" if fact is None else "".join(one.text for one in fact.value), version


def test_a_page_names_the_notes_near_the_onset_the_nearest_first(store, note):
    assert before(store) == ("", None)
    minutes = {"deploy v41": -12, "spring campaign": -26 * 60, "new prices": 5, "far": -4 * 1440, "later": 90}
    for title, away in minutes.items():
        note({"title": title, "at": int((NOW + away * 60) * 1000), "kind": "deploy" if "v41" in title else "other"})
    note({"title": "other's", "workflow": "refunds"})
    text = "new prices (note) 5 min after · deploy v41 (note) 12 min before · spring campaign (note) 26 h before"
    assert before(store) == (text, None)
    assert before(store, at=NOW + 60)[0].startswith("deploy v41")


def test_a_note_says_its_kind_and_version_where_its_title_does_not(store, note):
    note(
        {"title": "billing", "kind": "config", "version": "r7", "workflow": "calls", "url": "https://ci.example.com/7"}
    )
    assert before(store)[0] == "config: billing r7 (note) at that time"
    fact, _ = just_before(store, "calls", int(NOW), int(NOW), "UTC")
    assert [one.url for one in fact.value if one.url] == ["https://ci.example.com/7"]


def test_notes_may_be_asked_for(store, note):
    note({"title": "a", "kind": "holiday"})
    assert ask(store, "SELECT title, kind FROM notes").rows.to_pylist() == [{"title": "a", "kind": "holiday"}]
