"""What people read of an audit: as text, Markdown, a page and JSON; with hostile names too, and of the past again."""

import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import msgspec
import pytest
from lived import lived
from walked import BEGAN, DAY, configured, stored, walk
from worlds import UNTIL, audited, interactions, verdicts, watch, workflow, world

from bellbuoy.config.errors import cells
from bellbuoy.monitor.auditing.auditing import audits
from bellbuoy.monitor.auditing.markdown import markdown
from bellbuoy.monitor.auditing.report import Audit
from bellbuoy.monitor.auditing.text import text
from bellbuoy.monitor.web.templating import page_of

pytestmark = pytest.mark.store
GOLDEN = Path(__file__).parents[2] / "golden" / "audit"
HOSTILE = [
    '<script>alert("x")</script>',
    "`code` *bold* [link](javascript:alert(1)) | # <img src=x onerror=alert(1)>",
    "متن",
    "x" * 128,
    "{{ 7 * 7 }}",
]
"""What an event may hold; what follows none may, and is in no name that is told all the same."""
WORSE = ["\u202etfel-ot-thgir", "a\x1b[31mred\x07", "x" * 5000, "two\nlines"]


def compare(name, made):
    """Hold a form against a file that a person has looked at; `BELLBUOY_GOLDEN=write` writes it anew."""
    file = GOLDEN / name
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8"), f"{name} is not what it was; look at it before writing it"


@pytest.fixture(scope="module")
def found():
    """The audit of a workflow with which many things are wrong, compared with a week before."""
    with lived() as (store, config):
        yield audited(store, config, back=7 * DAY)


@pytest.mark.golden
@pytest.mark.parametrize("columns", [80, 132])
def test_the_text_reads_as_a_person_has_read_it(found, columns):
    shown = text(found, columns)
    assert max(map(cells, shown.splitlines())) <= columns
    compare(f"lived-{columns}.txt", shown)


@pytest.mark.golden
def test_the_markdown_and_the_page_read_as_a_person_has_read_them(found):
    compare("lived.md", markdown(found))
    compare("lived.html", page_of([found]))


@pytest.mark.golden
def test_the_form_of_the_json_is_stable(found):
    schema = msgspec.json.schema(tuple[Audit, ...])
    jsonschema.validate(json.loads(msgspec.json.encode([found])), schema)
    assert msgspec.json.decode(msgspec.json.encode([found]), type=tuple[Audit, ...]) == (found,)
    compare("lived.json", msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n")
    compare("schema.json", json.dumps(schema, indent=1) + "\n")


def test_all_forms_say_the_same(found):
    shown = " ".join(text(found).split())
    marked = re.sub(r"\\(.)", r"\1", markdown(found))
    page = " ".join(Words.of(page_of([found])).split())
    for line in found.lines:
        for one in line.findings:
            for said in (one.says, one.do):
                assert said in shown
                assert said in marked
                assert said.replace("`", "") in page


def test_a_past_audit_is_printed_again():
    with lived() as (store, config):
        once = audits(store, config, "calls", BEGAN, UNTIL - 7 * DAY, 7 * DAY)
        assert audits(store, config, "calls", BEGAN, UNTIL - 7 * DAY, 7 * DAY) == once
    later = [event for one in range(300) for event in walk(f"later{one}", ["greet!"], "failure", at=UNTIL + 60 * one)]
    config = configured(workflow())
    with stored(interactions(), config) as store:
        watch(store)
        before = audited(store, config, back=7 * DAY)
    with stored(interactions() + later, config) as store:
        watch(store)
        watch(store, state="worse", at=UNTIL + DAY)
        assert audited(store, config, back=7 * DAY) == before
        assert audited(store, config, since=BEGAN + DAY, until=UNTIL + DAY) != before


def test_what_changed_in_a_week_stands_at_the_top():
    def falls(number, steps):
        if number > 450 and number % 2:
            steps["qualify"] = {"outcome": "failure"}

    with world(interactions(edit=falls), workflow()) as (store, config):
        watch(store, at=UNTIL - 7 * DAY - 3600)
        found = audited(store, config, back=7 * DAY)
        assert [(one.kind, one.name, one.before, one.now) for one in found.changes] == [
            ("step", "qualify", "keep", "harden")
        ]
        shown = text(found)
        assert shown.index("changed since 2026-12-12\n  qualify: keep → harden") < shown.index("H1")
        assert audited(store, config).changes == ()
        assert audited(store, config, back=0).compared is None
        assert audited(store, config, since=BEGAN, back=60 * DAY).compared is None, "it did not run then"


def test_staged_runs_are_held_against_production():
    staged = [
        {**event, **how}
        for number, how in enumerate([{"demo": True}] * 20 + [{"environment": "staging"}] * 20)
        for event in walk(f"s{number}", ["greet", "qualify"], at=BEGAN + 600 * number)
    ]

    def falls(number, steps):
        if number % 5 == 3:
            steps["qualify"] = {"outcome": "failure"}

    with world(interactions(edit=falls) + staged, workflow()) as (store, config):
        found = audited(store, config)
    whole, greet, qualify = found.demo_gap
    assert (whole.step, greet.step, qualify.step) == (None, "greet", "qualify")
    assert (qualify.n_staged, qualify.staged, qualify.n_production) == (40, 1.0, 600)
    assert 0.0 < qualify.low < qualify.staged - qualify.production < qualify.high
    assert greet.low < 0.0 < greet.high
    assert "qualify: 100.0 % of 40 staged end well, 79." in text(found)


def test_many_lines_are_named_together():
    names = [f"step_{place:02}" for place in range(40)]
    events = [
        event for number in range(300) for event in walk(number, names, at=BEGAN + number * (28 * DAY - 9000) // 300)
    ]
    with stored(events, configured()) as store:
        (found,) = audits(store, configured(), None, BEGAN, UNTIL, 0)
    shown = text(found)
    assert "keep, unproven, 40 (--all lists them): step_00, step_01" in shown
    assert "and 28 more" in shown
    assert "--all" not in text(found, whole=True)
    assert text(found, whole=True).count("\nkeep, unproven  step_") == 40
    assert "--all" not in page_of([found])


class Words(HTMLParser):
    """Reads the text of a page, its elements and their attributes."""

    def __init__(self):
        super().__init__()
        self.text, self.tags, self.attributes = [], set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text.append(data)

    @classmethod
    def of(cls, page):
        """Return the text of a page."""
        reader = cls()
        reader.feed(page)
        return "".join(reader.text)


@pytest.fixture(scope="module")
def hostile():
    """The audit of steps, sources, systems, roles and slices with names that want to be more than names."""
    events = []
    for number in range(300):
        bad = HOSTILE[number % len(HOSTILE)]
        wrong = {
            "knowledge": [{"source": bad}],
            "integration": {"system": bad, "status": "error", "error_class": "auth", "token_expires_at": 1000 * BEGAN},
            "action": {"class": "money", "approval": {"status": "rejected", "approver_role": bad}},
            "prompt_version": bad,
            "confident": number % 3 > 0,
        }
        steps = [(name + ("!" if number % 2 else ""), wrong) for name in HOSTILE]
        events += walk(f"{number}{HOSTILE[0]}", steps, "failure", at=BEGAN + number * (28 * DAY - 9000) // 300)
    rest = "workflows: [{ name: calls, title: '</title><script>', objective: 90%, knowledge: [{ source: wiki }] }]"
    config = configured(rest)
    with stored(events, config) as store:
        (found,) = audits(store, config, "calls", BEGAN, UNTIL, 7 * DAY)
    assert {"H6", "H7", "H8"} <= {one.rule for line in found.lines for one in line.findings}
    worse = tuple(replace(found.lines[0], name=name) for name in WORSE)
    drawn = replace(found.map, title=WORSE[0] + WORSE[1], unseen=tuple(WORSE))
    return replace(found, lines=(*found.lines, *worse), map=drawn)


def test_hostile_names_are_only_names_in_text_and_json(hostile):
    shown = text(hostile)
    assert all(one.isprintable() for one in shown.replace("\n", ""))
    assert max(map(len, shown.splitlines())) < 200
    assert "\u202e" not in shown
    assert json.loads(msgspec.json.encode(hostile))["lines"][0]["name"] in HOSTILE


def test_hostile_names_are_only_names_on_a_page(hostile):
    page = page_of([hostile])
    reader = Words()
    reader.feed(page)
    assert not reader.tags & {"script", "img", "a", "iframe"}
    assert not any(name.startswith("on") for name in reader.attributes)
    assert "\u202e" not in page
    assert "{{ 7 * 7 }}" in "".join(reader.text)
    assert '<script>alert("x")</script>' in "".join(reader.text)


def test_hostile_names_are_only_names_in_markdown(hostile):
    shown = markdown(hostile)
    assert all(one.isprintable() for one in shown.replace("\n", ""))
    for line in shown.splitlines():
        bare = re.sub(r"\\.", "", line)
        assert not re.search(r"[<>\[|]", re.sub(r"`[^`]*`", "", bare)), line
        assert bare.count("`") % 2 == 0, line
        code = re.findall(r"`([^`]*)`", bare)
        assert all(re.fullmatch(r"bellbuoy incidents(?: \w+)?|[a-z_]+", one) for one in code), line


def test_without_a_name_every_workflow_is_judged():
    with world(interactions() + walk("x", ["a"], workflow="tickets"), workflow()) as (store, config):
        found = audits(store, config, None, BEGAN, UNTIL, 0)
        assert [one.map.workflow for one in found] == ["calls", "tickets"]
        assert verdicts(found[1]) == {"a": ("not_judged", ())}


def test_an_empty_span_is_an_audit_that_says_so():
    with world(interactions(), workflow()) as (store, config):
        found = audited(store, config, since=BEGAN - 9 * DAY, until=BEGAN - DAY)
    assert {line.verdict for line in found.lines} == {"not_judged"}
    assert (found.demo_gap, found.gates, found.bypasses, found.lengths) == ((), (), (), ())
    assert "0 interactions" in text(found)
