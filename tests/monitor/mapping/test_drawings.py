"""How a map is drawn: as text, as a picture, for Mermaid, as steps to paste; long ones, and ones with hostile names."""

import dataclasses
import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml
from test_mapping import DECLARED, LIVED, eight_at_85, lived
from walked import BEGAN, configured, mapped, walk

from bellbuoy.config.errors import cells
from bellbuoy.monitor.mapping.drawn import Map
from bellbuoy.monitor.mapping.mermaid import mermaid
from bellbuoy.monitor.mapping.svg import svg
from bellbuoy.monitor.mapping.text import text

GOLDEN = Path(__file__).parents[2] / "golden" / "map"
HOSTILE = [
    '<script>alert("x")</script>',
    'a"]; click b href "javascript:x"',
    "50%% %%{init: {}}%%",
    "x|y & #quot;",
    "café ☕",
    "end",
    "- [ ] 'q': \\n",
]


def compare(name, made):
    """Hold a drawing against a file that a person has looked at; `BELLBUOY_GOLDEN=write` writes it anew."""
    file = GOLDEN / name
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8"), f"{name} is not what it was; look at it before writing it"


@pytest.mark.golden
@pytest.mark.parametrize("columns", [80, 200])
def test_the_text_reads_as_a_person_has_read_it(columns):
    shown = text(mapped(lived(), LIVED), columns)
    assert max(map(cells, shown.splitlines())) <= columns
    compare(f"lived-{columns}.txt", shown)


@pytest.mark.golden
def test_the_arithmetic_of_eight_steps_reads_as_a_person_has_read_it():
    compare("eight.txt", text(mapped(eight_at_85(), DECLARED)))


@pytest.mark.golden
def test_the_picture_and_the_flowchart_are_as_a_person_has_seen_them():
    compare("lived.svg", svg(mapped(lived(), LIVED)))
    compare("lived.mmd", mermaid(mapped(lived(), LIVED)))


@pytest.mark.golden
def test_the_form_of_the_json_is_stable():
    schema = msgspec.json.schema(tuple[Map, ...])
    found = [mapped(lived(), LIVED), mapped(eight_at_85()), mapped(lived(), since=0, until=60)]
    jsonschema.validate(json.loads(msgspec.json.encode(found)), schema)
    assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Map, ...]) == tuple(found)
    compare("schema.json", json.dumps(schema, indent=1) + "\n")


def long(steps=60):
    """Return a map of many steps, of which the rare one at the end fails most."""
    events = []
    for number in range(100):
        run = [f"step_{place:02}" for place in range(steps) if number < 100 - place]
        events += walk(number, [*run, "rare!"] if number < 9 else run, at=BEGAN + 600 * number)
    return mapped(events)


def test_a_long_map_draws_what_most_run_and_what_costs_most():
    found = long()
    shown = text(found)
    table = shown[: shown.index("compounded")]
    assert len(re.findall(r"^ *\d+  step_\d\d", table, re.MULTILINE)) == 19
    assert re.search(r"^ *61  rare  ", table, re.MULTILINE)
    assert re.search(r"41 more \(--all lists them\) +≤ 81 % +100\.0 % +0\.0", table)
    assert "# 41 more; --all lists them" in shown
    whole = text(found, whole=True)
    assert len(re.findall(r"^ *\d+  (?:step_\d\d|rare)", whole, re.MULTILINE)) == 61
    assert "--all" not in whole
    assert mermaid(found).count("step_") == 19
    assert "%% not drawn: 41 steps" in mermaid(found)
    assert "41 more steps" in svg(found)
    assert "41 more steps" not in svg(found, whole=True)


def test_the_steps_that_were_learned_can_be_pasted():
    shown = text(mapped(lived()), 120)
    block = shown[shown.index("workflows:") :]
    (workflow,) = configured(block).workflows
    assert (workflow.name, [step.name for step in workflow.steps]) == (
        "calls",
        ["greet", "qualify", "upsell", "look_up", "close"],
    )
    steps = {step.name: step for step in workflow.steps}
    assert steps["qualify"].branches == ("clarify", "handoff")
    assert steps["look_up"].integrations == ("crm",)
    assert [name for name, step in steps.items() if step.optional] == ["upsell", "look_up", "close"]
    assert mapped(lived(), block).steps[0].declared is True


def hostile():
    return mapped([event for number in range(30) for event in walk(number, HOSTILE, at=BEGAN + 900 * number)])


def test_hostile_names_are_only_names_in_a_picture():
    found = dataclasses.replace(hostile(), title="</svg><script>\u202e")
    drawn = svg(found)
    root = ET.fromstring(drawn)
    kinds = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert kinds == {"svg", "rect", "text", "path", "circle"}
    assert not any(name.lower().startswith("on") or "href" in name for one in root.iter() for name in one.attrib)
    assert "\u202e" not in drawn
    said = "".join(root.itertext())
    assert '<script>alert("x")<' in said, "it is shown as it is written, as far as there is room"


def test_hostile_names_are_only_names_in_mermaid():
    lines = mermaid(hostile()).splitlines()
    for line in lines[2:]:
        assert re.fullmatch(
            r'  (?:begin|well|badly|open|s\d+)\(?\["(?:[\w .,:%/-]|#\d+;|<br/>)*"\]\)?'
            r"|  \w+ -\.?->(?:\|< 1 %\||\|\d+ %\|) \w+|  class(?:Def)? [\w,]+ .*|  %% not drawn: .*",
            line,
        ), line
    assert not any('"' in line.replace('["', "").replace('"]', "") for line in lines)


def test_hostile_names_are_only_names_in_text_and_in_yaml():
    events = [event for number in range(5) for event in walk(number, [*HOSTILE, "a\u200bb"], at=BEGAN + 900 * number)]
    shown = text(mapped(events, workflow="calls"))
    assert all(one.isprintable() for one in shown.replace("\n", ""))
    (workflow,) = yaml.safe_load(shown[shown.index("workflows:") :])["workflows"]
    names = [step["name"] if isinstance(step, dict) else step for step in workflow["steps"]]
    assert names == [*HOSTILE, "a\u200bb"]


def test_both_themes_have_the_same_parts():
    found = mapped(lived(), LIVED)
    light, dark = (ET.fromstring(svg(found, theme)) for theme in ("light", "dark"))
    assert [one.tag for one in light.iter()] == [one.tag for one in dark.iter()]
    assert svg(found) != svg(found, "dark")
