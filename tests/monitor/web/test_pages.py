"""What people read: numbers, words for what is not known, and foreign names that do no harm."""

import dataclasses
import json
import re

import pytest

from bellbuoy.monitor.web import wording
from bellbuoy.monitor.web.door import IncidentRow, Overview, StepRow, StoreState, Trend, WorkflowRow, WorkflowView
from bellbuoy.sinks.base import Fact, Span

PAGES = ("/", "/w/lead-qualifier", "/i", "/i/inc-4f21")
SCRIPT = "<script>alert(1)</script>"
NASTY = (
    SCRIPT,
    "x" * 5000,
    "\u202etfel-ot-thgir",
    "'; DROP TABLE events; --",
    "café ☕",
    '"><img src=x onerror=alert(1)>',
    "a/b?c#d",
)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))


def test_the_first_page_says_what_is_wrong(ask, door):
    page = ask(door, "/")
    assert page.status_code == 200
    words = text_of(page)
    assert words.index("Open incidents") < words.index("qualify fell from 94.8 % to 85.9 %") < words.index("refunds")
    for part in (
        "66.5 %",
        "−7.1 pt",
        "39 %",
        "worse than normal",
        "learning what is normal",
        "no fresh data",
        "the store is full",
        "700.0 MiB",
    ):
        assert part in words


def test_a_workflow_shows_where_interactions_are_lost(ask, door):
    words = text_of(ask(door, "/w/lead-qualifier"))
    for part in (
        "66.5 %",
        "was 73.6 % , −7.1 pt",
        "71.1 %",
        "0.995 × 0.972 × 0.859",
        "lost between the steps",
        "3 qualify",
        "−8.9 pt",
        "loses 13.6",
        "11.9 %",
        "6.3 %",
        "qualify · success per hour",
    ):
        assert part in words
    assert ask(door, "/w/lead-qualifier").text.count('class="picture"') == 8
    assert ask(door, "/w/lead-qualifier").text.count('class="alarm"') == 1


def test_an_incident_shows_its_reasons(ask, door):
    page = ask(door, "/i/inc-4f21")
    words = text_of(page)
    for part in (
        "14 more interactions an hour",
        "19.2 of 12.9 nats",
        "agent_version=v41",
        "raised to page",
        "the routing key is not known",
        "refused",
    ):
        assert part in words
    assert "javascript:" not in page.text
    assert 'href="https://ci.example.com/41"' in page.text


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_no_script_and_no_inline_style(ask, door, path):
    page = ask(door, path).text
    assert "<script" not in page
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)
    assert len(page) < 120_000


@pytest.mark.parametrize("path", PAGES)
def test_every_file_that_a_page_names_is_there(ask, door, path):
    named = set(re.findall(r'(?:href|src)="(/[^"]*)"', ask(door, path).text))
    assert any(name.startswith("/static/bellbuoy-") for name in named)
    for name in named:
        answer = ask(door, name)
        assert answer.status_code == 200, name
        if name.startswith("/static/"):
            assert "immutable" in answer.headers["cache-control"]
    assert ask(door, "/favicon.ico").status_code == 200


def test_the_same_data_is_there_as_json(ask, door):
    assert ask(door, "/.json").json()["workflows"][0]["well"] == 0.665
    flow = ask(door, "/w/lead-qualifier.json").json()
    assert flow["view"]["steps"][2]["name"] == "qualify"
    assert flow["product"] == pytest.approx(0.711, abs=0.001)
    assert flow["columns"][2]["beyond"] == pytest.approx(8.6, abs=0.1)
    assert ask(door, "/i.json").json()[0]["key"] == "inc-4f21"
    assert ask(door, "/i/inc-4f21.json").json()["page"]["key"] == "inc-4f21"


def test_a_workflow_whose_name_ends_in_json_has_its_page(ask, door):
    door.workflows["a.json"] = dataclasses.replace(door.workflows["lead-qualifier"], name="a.json", title="")
    assert "<h1>" in ask(door, "/w/a.json").text
    assert ask(door, "/w/a.json.json").json()["view"]["name"] == "a.json"


def test_nothing_known_is_said_in_words(ask, door):
    door.view = Overview(0, 86400, (), (), (), StoreState(writable=False, why="no space left on the disk"))
    door.state = dataclasses.replace(door.state, checked_at=None, open_incidents=0, per_hour=None, lag_s=None)
    words = text_of(ask(door, "/"))
    for part in (
        "Nothing has been judged yet",
        "No workflow is declared, and no event is of this week",
        "No source is configured",
        "not writable : no space left on the disk",
        "nothing has been judged yet",
    ):
        assert part in words
    assert "None is open" not in words
    assert 'class="mark ok"' not in ask(door, "/").text


def test_an_old_judgement_is_no_good_news(ask, door):
    door.view = dataclasses.replace(door.view, incidents=())
    assert "None is open. Last judged 12 s ago." in text_of(ask(door, "/"))
    door.state = dataclasses.replace(door.state, checked_at=door.state.now - 7300)
    words = text_of(ask(door, "/"))
    assert "nothing has been judged for 2 h 2 min: this says little about the present" in words
    assert "which is late" in words


def test_a_workflow_without_data_draws_nothing(ask, door):
    empty = WorkflowView("idle", "", 0, 86400, 0, 0, None, steps=(StepRow("greet", 0, 0, None, state="learning"),))
    door.workflows["idle"] = empty
    page = ask(door, "/w/idle")
    words = text_of(page)
    assert words.count("no data") == 2
    assert "No interaction with a known outcome ended" in words
    assert "nothing can be shown as lost or kept" in words
    assert 'class="funnel"' not in page.text
    door.workflows["idle"] = dataclasses.replace(empty, began=5)
    words = text_of(ask(door, "/w/idle"))
    assert "learning what is normal" in words
    assert "no data" in words
    door.workflows["bare"] = dataclasses.replace(empty, name="bare", steps=())
    assert "No step is declared and none has been seen" in text_of(ask(door, "/w/bare"))


@pytest.mark.parametrize("name", NASTY)
def test_hostile_names_are_harmless(ask, door, name):
    step = StepRow(name, 100, 3, 0.97, 0.98, state="worse", why=name, incident=name, trend=Trend((0.9, None, 0.97)))
    row = IncidentRow(name, name, "open", "page", name, 1, name, impact=name)
    view = WorkflowView(name, name, 0, 86400, 100, 100, 0.97, steps=(step,), why=name, incidents=(row,))
    door.workflows[name] = view
    door.view = dataclasses.replace(
        door.view, incidents=(row,), workflows=(WorkflowRow(name, name, 100, 0.97, trend=Trend((0.9, 0.97))),)
    )
    case = door.cases["inc-4f21"]
    evil = Fact(name, (Span(name, url="javascript:alert(1)"), Span(name, "code")))
    door.cases[name] = dataclasses.replace(
        case, page=dataclasses.replace(case.page, headline=name, workflow=name, impact=(Span(name),), facts=(evil,))
    )
    links = re.findall(r'href="(/[wi]/[^"]*)"', ask(door, "/").text)
    assert len(links) == 2
    for path in ("/", "/i", *links):
        page = ask(door, path)
        assert page.status_code == 200, path
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "\u202e" not in page.text
        assert "javascript:alert" not in page.text
        assert "x" * 1300 not in text_of(page)


def test_three_hundred_steps_are_shown(ask, door):
    steps = tuple(StepRow(f"step_{number}", 1000, 1, 0.999, 0.999) for number in range(300))
    door.workflows["long"] = WorkflowView("long", "", 0, 86400, 1000, 1000, 0.7, steps=steps)
    page = ask(door, "/w/long")
    assert page.text.count('class="picture"') == 300
    assert "74.1 %" in text_of(page)


@pytest.mark.parametrize("path", ["/w/nobody", "/i/nothing", "/nowhere", "/w/", "/static/other.css"])
def test_what_is_not_there_is_said_with_a_way_on(ask, door, path):
    answer = ask(door, path)
    assert answer.status_code == 404
    assert "content-security-policy" in answer.headers
    if not path.startswith("/static"):
        assert "See the workflows" in answer.text


def test_a_bug_shows_no_insides(ask, door):
    def broken():
        raise RuntimeError("internal words")

    door.overview = broken
    answer = ask(door, "/")
    assert answer.status_code == 500
    assert "internal words" not in answer.text
    assert "log of Bellbuoy" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "–"), (0.948, "94.8 %"), (1.0, "100.0 %"), (0.99999, "99.9 %"), (0.0, "0.0 %"), (0.00001, "< 0.1 %")],
)
def test_a_share_is_never_rounded_to_certainty(share, shown):
    assert wording.percent(share) == shown


def test_numbers_read_well():
    assert wording.points(-0.089) == "−8.9 pt"
    assert wording.points(-0.0001) == "+0.0 pt"
    assert wording.points(None) == "no baseline yet"
    assert wording.age(3.21) == "3.2 s"
    assert wording.age(75) == "75 s"
    assert wording.age(7300) == "2 h 2 min"
    assert wording.age(None) == "never"
    assert wording.size(512) == "512 B"
    assert wording.size(None) == "size unknown"
    assert wording.plural(1, "step") == "1 step"
    assert wording.plural(1200, "step") == "1,200 steps"
    assert wording.path("w", "a/b ?") == "/w/a%2Fb%20%3F"
    assert json.loads(json.dumps(wording.MARKS))["page"][2] == "page"
