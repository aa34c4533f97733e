"""`bellbuoy doctor` as a person runs it: what it prints, its exit codes, and that nothing is left behind."""

import json
import re
import socket
import sys
from pathlib import Path

import pytest
from cli_process import bellbuoy, compare

from bellbuoy.sinks.testing_receiver import Fault, Receiver

sys.path.append(str(Path(__file__).parents[2] / "sinks"))
from fake_slack_app import FakeSlackApp

CHANGING = [
    (r"Bellbuoy \S+, CPython \S+ on \S+", "Bellbuoy V, CPython V on PLATFORM"),
    (r"(all )\d+( are of a version that is taken: ).*", r"\1N\2…"),
    (
        r"the (?:machine|container) has \S+ GiB of memory and \S+ processors",
        "the machine has N GiB of memory and N processors",
    ),
    (r"from (?:the system|the package tzdata)", "from SOMEWHERE"),
    (r" \(\w+\) takes \S+ MiB a second", " (KIND) takes N MiB a second"),
    (r"\S+ [GT]iB free at", "N GiB free at"),
    (r"the store has \S+ MiB, and grows by about \S+ [KMGT]?i?B", "the store has N MiB, and grows by about N MiB"),
    (r"our clock is \d s (?:ahead of|behind)", "our clock is N s behind"),
    (r"schema \d+ of \d+", "schema N of N"),
    (r"the oldest for .*?;", "the oldest for N d;"),
    (r"judged up to .* ago", "judged up to N d ago"),
    (r"sha256 \w{12}", "sha256 …"),
]
"""What differs from machine to machine, and from day to day."""


def told_of(text, folder):
    """Return what was printed, without what differs."""
    port = json.loads((folder / "bellbuoy.yaml").read_text())["server"]["listen"].partition(":")[2]
    text = text.replace(str(folder), "FOLDER").replace(f":{port}", ":PORT")
    for pattern, instead in CHANGING:
        text = re.sub(pattern, instead, text)
    return text


def changed(folder, **keys):
    config = json.loads((folder / "bellbuoy.yaml").read_text())
    (folder / "bellbuoy.yaml").write_text(json.dumps({**config, **keys}, indent=1))


@pytest.fixture
def slack():
    with FakeSlackApp() as app:
        app.scopes |= {"channels:read"}
        yield app
    assert (app.ledger, app.findings) == ({}, [])


def through(slack):
    """Return sinks: one for Slack, one for the console."""
    settings = {
        "channel": "C0AGENTS",
        "api_url": slack.api_url,
        "bot_token": {"env": "BOT"},
        "app_token": {"env": "APP"},
    }
    return {"reliability": {"slack": settings}, "out": {"console": {}}}


@pytest.mark.golden
def test_a_healthy_configuration_reads_as_a_person_has_read_it(own, slack):
    changed(
        own,
        sources=[{"files": {"path": str(own / "*.jsonl"), "follow": True}}],
        sinks=through(slack),
        routes=[{"to": ["reliability", "out"]}],
    )
    step = {"type": "step", "workflow": "lead-qualifier", "step": "greet", "outcome": "success"}
    events = ({**step, "interaction_id": f"i{at}", "ts": f"2026-06-01T00:00:{at:02d}Z"} for at in range(40))
    (own / "a.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    before = sorted(path.name for path in own.iterdir())
    done = bellbuoy("doctor", cwd=own, environment={"BOT": slack.token, "APP": slack.app_token})
    assert (done.returncode, done.stderr) == (0, "")
    compare("doctor.txt", told_of(done.stdout, own))
    assert sorted(path.name for path in own.iterdir()) == before


@pytest.mark.golden
def test_a_broken_one_reads_as_a_person_has_read_it(own, slack):
    """The store is somebody else's file, another program has the address, the source has no file, Slack's app may do little."""
    slack.scopes = {"chat:write", "channels:read"}
    slack.member = False
    (own / "bellbuoy.duckdb").write_bytes(b"SQLite format 3\0" + bytes(4096))
    for file in own.glob("*.wal"):
        file.unlink()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        changed(
            own,
            server={"listen": f"127.0.0.1:{port}"},
            sources=[{"files": {"path": str(own / "*.jsonl")}}],
            sinks=through(slack),
            routes=[{"to": ["reliability", "out"]}],
        )
        done = bellbuoy("doctor", cwd=own, environment={"BOT": slack.token, "APP": "xapp-wr0ng"})
    assert (done.returncode, done.stderr) == (1, "")
    compare("doctor_broken.txt", told_of(done.stdout, own))


def test_the_json_has_the_same_findings(own):
    read = json.loads(bellbuoy("doctor", "--format", "json", cwd=own).stdout)
    text = bellbuoy("doctor", cwd=own).stdout.splitlines()[:-1]
    assert set(read) == {"version", "at", "findings"}
    assert all(set(one) == {"level", "area", "name", "said", "remedy"} for one in read["findings"])
    heads = [f"{one['level']:<4}  {one['area']:<9}  {one['name']}: " for one in read["findings"]]
    assert len(heads) == len(text)
    assert all(line.startswith(head) for head, line in zip(heads, text, strict=True))


def test_a_refused_configuration_ends_with_78(own):
    changed(own, tick="7m")
    done = bellbuoy("doctor", cwd=own)
    assert (done.returncode, done.stdout) == (78, "")
    assert "error: " in done.stderr
    assert bellbuoy("doctor", "-c", "none.yaml", cwd=own).returncode == 78


def test_it_works_where_nothing_was_started_yet(own):
    (own / "bellbuoy.duckdb").unlink()
    done = bellbuoy("doctor", cwd=own)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is not there yet" in done.stdout
    assert not (own / "bellbuoy.duckdb").exists()


def test_a_source_that_cannot_be_ends_with_78(own):
    changed(own, sources=[{"files": {"path": "a.jsonl", "format": "otlp_json"}}])
    done = bellbuoy("doctor", cwd=own)
    assert (done.returncode, done.stdout) == (78, "")
    assert "sources[0].files.format" in done.stderr


def test_a_receiver_that_says_nothing_is_given_up_and_the_rest_is_told(own):
    with Receiver() as receiver:
        receiver.fail(Fault("hang_before"))
        changed(own, sinks={"out": {"alertmanager": {"url": receiver.url}}})
        done = bellbuoy("doctor", cwd=own, timeout=30)
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("fail")]
    assert line.startswith("fail  sinks      out: no answer within 10 s; ")
    assert "ok    store      file: " in done.stdout


def test_a_sample_goes_through_the_sink_that_is_named(own):
    done = bellbuoy("doctor", "--send-test", "out", "--format", "json", cwd=own)
    assert done.returncode == 0
    tested = [
        (one["level"], one["name"], one["said"]) for one in json.loads(done.stdout)["findings"] if one["area"] == "test"
    ]
    assert tested == [("ok", "out", "opened: taken"), ("ok", "out", "resolved: taken")]
    assert [json.loads(line)["change"] for line in done.stderr.splitlines()] == ["opened", "resolved"]
    wrong = bellbuoy("doctor", "--send-test", "owt", cwd=own)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "no sink is named owt; did you mean out?" in wrong.stderr
