"""Keys without effect are named, only when somebody wrote them, and none of the names is made up."""

import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from bellbuoy.config.load import load_text
from bellbuoy.config.model import Config
from bellbuoy.config.pending import PENDING, pending
from bellbuoy.sinks.slack import Slack

BASE = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""


def models(kind):
    """Yield the models inside a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in typing.get_args(kind):
        yield from models(inner)


@pytest.mark.parametrize("path", PENDING)
def test_every_pending_path_is_a_key_of_the_contract(path):
    if path.startswith("sinks.slack."):
        assert path.rpartition(".")[2] in Slack.__dataclass_fields__
        return
    kinds = [Config]
    for key in path.split("."):
        fields = [kind.model_fields[key] for kind in kinds if key in kind.model_fields]
        assert fields, f"{path}: {key} is no key of {kinds}"
        kinds = [found for field in fields for found in models(field.annotation)]


def test_nothing_is_pending_where_nothing_of_it_is_written():
    assert pending(load_text(BASE)) == []


def test_what_is_written_and_without_effect_is_named():
    text = BASE + (
        "reload: { watch: false }\nworkflows: [{ name: w, closes_after: 5m, steps: [a, { name: b, branches: [clarify] }] }]\n"
    )
    assert pending(load_text(text)) == ["reload"]


def test_settings_of_a_sink_are_named_by_its_kind():
    text = BASE.replace(
        "{ console: {} }", '{ slack: { channel: "#a", bot_token: { env: T }, storm: { incidents: 5 } } }'
    )
    config = load_text(text, environ={"T": "xoxb"})
    assert pending(config, ["sinks.slack.storm", "sinks.slack.remind", "sinks.console.storm"]) == ["sinks.slack.storm"]


def test_the_shipped_examples_say_in_their_comments_what_is_pending():
    examples = (Path(__file__).parents[2] / "config" / "examples").glob("*.yaml")
    for path in (path for path in examples if not path.stem.endswith(".tests")):
        config = load_text(
            path.read_text(),
            path.name,
            environ=dict.fromkeys(
                ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "KAFKA_PASSWORD", "BELLBUOY_TOKEN"), "x"
            ),
        )
        if pending(config):
            assert "without effect" in path.read_text(), path.name
