"""`bellbuoy check`: what a configuration means, in sentences that a person has read."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cli_process import bellbuoy, compare
from ports import free_port

from bellbuoy.sinks.testing import Receiver

ROOT = Path(__file__).parents[3]
EVENT = {
    "type": "step", "event_id": "e1", "ts": "2026-06-22T09:14:07Z", "interaction_id": "call-1", "workflow": "calls",
    "step": "greet", "outcome": "success",
}  # fmt: skip
RICH = """
version: 1
server: { timezone: UTC }
sources:
  - kafka: { bootstrap_servers: "kafka:9092", topics: [calls, chats] }
workflows:
  - { name: refunds, objective: 80%, steps: [look_up, decide, pay] }
  - { name: sales, steps: [greet] }
  - name: support
budget: { false_pages: 1, per: 7d, scope: series }
baselines: { launch: { pinned: 2026-01-01..2026-01-28 } }
signals:
  - { name: refund_reversed, trial: "action.class = 'money'", bad: "outcome = 'failure'" }
detectors:
  - { name: steps, signal: step_failure, by: [workflow, step], kind: rate_shift }
  - { name: slide, signal: step_failure, by: [workflow, step], kind: slow_drift, baseline: launch }
  - { name: money, signal: refund_reversed, by: [workflow], kind: rate_shift, direction: both }
severity: { page: { change: 10%, volume: 50% }, ticket: { change: 1%, volume: 20% } }
sinks:
  team: { slack: { channel: "#refunds", bot_token: { env: TOKEN } } }
  hook: { webhook: { url: "https://example.com/hook" } }
routes:
  - { when: { about: bellbuoy }, to: [hook] }
  - { when: { severity: page, workflow: refunds, step: pay }, to: [team, hook], continue: true }
  - { when: { severity: ticket }, to: [team] }
  - { when: { detector: money }, to: [team] }
  - { when: { signal: step_failure }, to: [team] }
  - { to: [hook] }
quiet:
  - { name: nights, every: "daily 22:00-06:00" }
"""


@pytest.mark.golden
@pytest.mark.parametrize("name", ["minimal", "lead-qualifier", "rich"])
def test_what_it_means_reads_as_a_person_has_read_it(name, tmp_path):
    file = ROOT / "config" / "examples" / f"{name}.yaml"
    if name == "rich":
        file = tmp_path / "rich.yaml"
        file.write_text(RICH)
    done = bellbuoy("check", "-c", file, environment={"SLACK_BOT_TOKEN": "xoxb-made-up", "TOKEN": "xoxb-made-up"})
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) <= 13
    assert "xoxb" not in done.stdout
    compare(f"check/{name}.txt", done.stdout)


def test_warnings_count_only_when_asked(tmp_path):
    minimal = ROOT / "config" / "examples" / "minimal.yaml"
    plain, strict = bellbuoy("check", "-c", minimal), bellbuoy("check", "-c", minimal, "--strict")
    assert (plain.returncode, strict.returncode) == (0, 1)
    assert plain.stdout == strict.stdout
    assert "warning: there is no heartbeat" in plain.stderr
    assert "0 errors, 1 warning" in plain.stderr


def test_json_is_a_list_and_nothing_else(told):
    assert json.loads(bellbuoy("check", "--format", "json", cwd=told).stdout) == []
    minimal = ROOT / "config" / "examples" / "minimal.yaml"
    done = bellbuoy("check", "-c", minimal, "--format", "json", "--strict")
    assert (done.returncode, done.stderr) == (1, "")
    (finding,) = json.loads(done.stdout)
    assert (finding["code"], finding["level"]) == ("BB219", "warning")


@pytest.fixture
def reaching(tmp_path):
    """Write a configuration with a file and a webhook that is at a port of this machine: reaching(port)."""

    def make(port):
        (tmp_path / "calls.jsonl").write_text(json.dumps(EVENT) + "\n")
        file = tmp_path / "bellbuoy.yaml"
        file.write_text(
            "version: 1\n"
            f"store: {{ path: {tmp_path}/none.duckdb }}\n"
            f"sources: [{{ files: {{ path: {tmp_path}/calls.jsonl, follow: true }} }}]\n"
            f"sinks: {{ hook: {{ alertmanager: {{ url: http://127.0.0.1:{port} }} }} }}\n"
            "routes: [{ to: [hook] }]\n"
            "heartbeat: { url: https://hc.example.com/ping/abc }\n"
        )
        return file

    return make


def test_sources_and_sinks_are_tried_only_when_asked_and_named_at_their_place(reaching):
    file = reaching(free_port())
    assert bellbuoy("check", "-c", file).returncode == 0
    done = bellbuoy("check", "-c", file, "--connect")
    assert done.returncode == 1, "a configuration that is right, and a receiver that is not there"
    assert f"{file}:4:10: error: hook: alertmanager: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "Everything goes to hook" in done.stdout, "what it means is told all the same"
    found = json.loads(bellbuoy("check", "-c", file, "--connect", "--format", "json").stdout)
    assert [(one["code"], one["level"], one["path"]) for one in found if one["level"] == "error"] == [
        ("BB301", "error", "sinks.hook")
    ]


def test_where_all_is_there_nothing_is_said(reaching):
    with Receiver() as receiver:
        file = reaching(urlsplit(receiver.url).port)
        done = bellbuoy("check", "-c", file, "--connect", "--strict")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_environment_names_the_configuration(told, tmp_path):
    named = {"BELLBUOY_CONFIG": str(told / "bellbuoy.yaml")}
    done = bellbuoy("check", cwd=tmp_path, environment=named)
    assert done.returncode == 0, done.stderr
    assert bellbuoy("query", "select 1 as one", cwd=tmp_path, environment=named).stdout == "one\n---\n  1\n"


@pytest.mark.golden
def test_what_can_be_seen_with_what_is_stored_is_told(told):
    done = bellbuoy("check", cwd=told)
    assert (done.returncode, done.stderr) == (0, "")
    compare("check/stored.txt", "\n".join(done.stdout.splitlines()[-3:]) + "\n")


def test_a_store_that_cannot_be_read_is_no_error_of_the_configuration(own):
    (own / "bellbuoy.duckdb").write_bytes(b"no store at all")
    done = bellbuoy("check", cwd=own)
    assert (done.returncode, done.stderr) == (0, "")
    assert "With what is stored" not in done.stdout
