"""Whatever a name is, the configuration reads it as it was, and a comment stays a comment."""

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bellbuoy.config.load import load_text
from bellbuoy.monitor.survey.scalars import remark, scalar

LEAST = "version: 1\nsources: [{ http: {} }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(NAMES)
@example("true")
@example("1e3")
@example("${HOME}")
@example("$${x:-y}")
@example("a: b # c")
@example("]}'\"\\")
@example("\u2028\x85\ufeff😀")
@example("./logs/*.jsonl")
@example("*")
def test_a_name_is_read_as_it_was(name):
    text = f"{LEAST}workflows:\n  - {{ name: {scalar(name)}, steps: [{scalar(name)}] }} # {remark(name)}\n"
    (workflow,) = load_text(text, environ={"HOME": "/root"}).workflows
    assert (workflow.name, workflow.steps[0].name) == (name, name)


@given(NAMES)
def test_a_remark_ends_with_its_line(name):
    assert yaml.safe_load(f"a: 1 # {remark(name)}\nb: 2\n") == {"a": 1, "b": 2}
    assert len(remark(name)) == len(name)


def test_plain_names_stand_plainly():
    for name in ("greet", "calendar.book", "logs/a-1.jsonl", "./logs/*.jsonl", "/var/log/a.jsonl"):
        assert scalar(name) == name
    assert scalar("No") == '"No"'
