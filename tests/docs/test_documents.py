"""What the documents say is so: links lead somewhere, paths exist, commands are known, examples are accepted."""

import json
import re
import sys
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from bellbuoy.config.load import load
from bellbuoy.monitor.cli import COMMANDS
from bellbuoy.monitor.event import Limits, decode, json_schema
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, parse_drift
from bellbuoy.monitor.simulate.drift import DriftKind
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.door.adhoc import ask
from bellbuoy.monitor.web.slack import INTERACTIONS_PATH
from bellbuoy.sinks.slack import Slack

pytestmark = pytest.mark.docs
ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.is_file()]
README = (ROOT / "README.md").read_text()


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_to_a_file(document):
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_path_that_is_named_exists(document):
    """A path is what stands in code quotes and begins with a folder of the project."""
    for path in re.findall(
        r"`((?:config|detectors|sinks|monitor|tests|helm|docs|bench|tools|\.ci)/[\w./*-]*)`", document.read_text()
    ):
        assert list(ROOT.glob(path.rstrip("/"))), f"{name(document)} names {path}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_command_that_is_named_is_one(document):
    text = document.read_text()
    for command in re.findall(r"^bellbuoy ([a-z][a-z-]*)|`bellbuoy ([a-z][a-z-]*)", text, re.MULTILINE):
        assert "".join(command) in COMMANDS, command
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for target in re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text, re.MULTILINE):
        assert "".join(target) in targets, target


def test_the_readme_s_configuration_is_accepted(tmp_path, monkeypatch):
    (block,) = blocks(README, "yaml")
    file = tmp_path / "bellbuoy.yaml"
    file.write_text(block)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-made-up")
    config = load(file)
    assert [route.to for route in config.routes] == [("reliability",)]
    assert len(block.splitlines()) <= 22, "the README promises a short configuration"


def test_the_readme_s_event_is_one():
    (block,) = blocks(README, "json")
    event = json.loads(block)
    jsonschema.validate(event, json_schema())
    assert set(event) <= set(re.findall(r"^\| \**(\w+)", (ROOT / "docs/events.md").read_text(), re.MULTILINE))


def test_the_readme_s_question_is_answered(tmp_path):
    (question,) = re.findall(r'^bellbuoy query "(.*)"$', README, re.MULTILINE)
    (block,) = blocks(README, "json")
    with Store.open(tmp_path / "bellbuoy.duckdb") as store:
        chunk = Chunk(Stream("readme", "events", 0, "1"), range(1), [block.replace("\n", "").encode()], 1)
        received_at_us = 1_800_000_000_000_000
        stream_id = store.stream_id(chunk.stream)
        store.append(decode(chunk, stream_id=stream_id, received_at_us=received_at_us, limits=Limits()))
        assert ask(store, question).rows.to_pylist() == [{"step": "qualify", "failing": 1.0}]


@pytest.mark.needs("apprise")
@pytest.mark.filterwarnings("ignore:.*slated for removal:DeprecationWarning")
def test_the_sinks_of_the_document_are_accepted(tmp_path, monkeypatch, need):
    for secret in ("webhook_secret", "pagerduty_key"):
        (tmp_path / secret).write_text("made-up")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-made-up")
    monkeypatch.setenv("APPRISE_URL", "json://127.0.0.1/")
    monkeypatch.setattr(sys, "path", [*sys.path, str(need("apprise"))])
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-made-up")
    text = (ROOT / "docs/sinks.md").read_text()
    found = [block for block in blocks(text, "yaml") if block.startswith("sinks:")]
    assert len(found) == len(re.findall(r"^## `", text, re.MULTILINE))
    for block in found:
        file = tmp_path / "bellbuoy.yaml"
        names = re.findall(r"^  (\w+):$", block, re.MULTILINE)
        (readme,) = blocks(README, "yaml")
        head, _, rest = readme.partition("sinks:\n")
        store = rest.partition("routes:\n")[2].partition("\n")[2]
        mine = block.replace("/run/secrets", str(tmp_path))
        file.write_text(f"{head}{mine}routes:\n  - {{ to: [{', '.join(names)}] }}\n{store}")
        assert list(load(file).sinks) == names


def test_the_slack_app_of_the_document_may_do_what_is_used_and_no_more():
    manifest, sink, by_requests = (
        yaml.safe_load(block) for block in blocks((ROOT / "docs/slack.md").read_text(), "yaml")
    )
    assert manifest["oauth_config"]["scopes"] == {"bot": ["chat:write", "files:write", "files:read"]}
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert by_requests["settings"]["interactivity"]["request_url"].endswith(INTERACTIONS_PATH)
    assert set(sink["sinks"]["reliability"]["slack"]) <= set(Slack.__dataclass_fields__)
    Slack(**sink["sinks"]["reliability"]["slack"])


def test_the_drifts_of_the_document_can_be_read():
    drifts = re.findall(r"^\| `(.*?)` \|", (ROOT / "docs/simulate.md").read_text(), re.MULTILINE)
    kinds = {parse_drift(drift, LEAD_QUALIFIER).kind for drift in drifts}
    assert kinds == set(get_args(DriftKind))


def test_the_readme_fits_on_a_screen():
    assert len(README.splitlines()) <= 100


def test_the_picture_needs_nothing_from_elsewhere_and_shows_what_the_readme_says():
    picture = (ROOT / "docs/picture.svg").read_text()
    (alternative,) = re.findall(r"^!\[(.*)\]\(docs/picture.svg\)$", README, re.MULTILINE)
    assert re.findall(r"day \d+", alternative) == re.findall(r"(?:told|paged): (day \d+)", picture)
    assert not re.findall(r"""(?:href|src)=|url\(|<script|<image|@import""", picture)


def test_what_the_document_of_detection_configures_is_accepted():
    """Each block alone, in the smallest configuration."""
    from bellbuoy.config.load import load_text

    least = "version: 1\nsources: [{ http: {} }]\nsinks: { out: { console: {} } }\nroutes: [{ to: [out] }]\n"
    text = (ROOT / "docs" / "detection.md").read_text()
    found = blocks(text, "yaml")
    assert found
    for block in found:
        assert load_text(least + block).detectors
