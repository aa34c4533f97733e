"""From a log to a configuration that the other commands take as it is: a simulated log, a topic of Kafka itself."""

import json
import re

import pytest
from cli_process import bellbuoy, taken

from bellbuoy.config.load import load
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, simulate
from bellbuoy.monitor.sources.build import build

STEPS = [step.name for step in LEAD_QUALIFIER.steps]


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """Two days of the simulated agent."""
    file = tmp_path_factory.mktemp("calls") / "calls.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in simulate(Plan(days=2, per_day=80))))
    return file


def test_steps_their_order_and_what_is_optional_are_those_that_were_simulated(calls, tmp_path):
    done = bellbuoy("init", calls, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (workflow,) = load(tmp_path / "bellbuoy.yaml").workflows
    assert [step.name for step in workflow.steps] == STEPS
    assert [step.name for step in workflow.steps if step.optional] == ["off_script"]
    assert {one.system for one in workflow.integrations} == {"calendar.book", "crm.write"}
    said = done.stderr.splitlines()
    assert said[0].endswith(" 2026-06-01 to 2026-06-02: lead-qualifier (8 steps)")
    assert said[2:] == [
        "  bellbuoy check -c bellbuoy.yaml",
        f"  bellbuoy backtest -c bellbuoy.yaml --events {calls}",
        "  bellbuoy run -c bellbuoy.yaml",
    ]
    assert "series, watched in" in taken(tmp_path, calls)


def test_what_is_there_is_overwritten_only_when_told_to_and_a_dash_prints(calls, tmp_path):
    there = tmp_path / "my.yaml"
    there.write_text("mine")
    refused = bellbuoy("init", calls, "--out", there)
    assert (refused.returncode, there.read_text()) == (2, "mine")
    printed = bellbuoy("init", calls, "--out", "-", cwd=tmp_path)
    assert printed.returncode == 0, printed.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["my.yaml"]
    assert bellbuoy("init", calls, "--out", there, "--force").returncode == 0
    assert there.read_text() == printed.stdout


def test_a_part_of_the_log_is_said_to_be_one(calls, tmp_path):
    done = bellbuoy("init", calls, "--limit", 50, "--out", "-", cwd=tmp_path)
    said = r"^# Of more records only (\d+) were looked at: the first and last ones of each file"
    (records,) = re.findall(said, done.stdout, re.MULTILINE)
    assert 40 <= int(records) <= 60
    assert "2026-06-01 to 2026-06-02." in done.stdout, "its beginning and its end"


def test_the_source_that_is_written_reads_what_was_looked_at(calls, tmp_path):
    (tmp_path / "[x]").mkdir()
    log = tmp_path / "[x]" / "calls ${HOME}.jsonl"
    log.write_bytes(calls.read_bytes())
    assert bellbuoy("init", log, cwd=tmp_path).returncode == 0
    (source,) = build(load(tmp_path / "bellbuoy.yaml").sources)
    source.open({})
    try:
        (chunk,) = source.read(1_000_000, 1 << 30, 0.0)
    finally:
        source.close()
    assert list(chunk.values) == calls.read_bytes().splitlines()


def test_a_step_that_was_not_seen_opens_a_ticket_as_the_comment_says(calls, tmp_path):
    assert bellbuoy("init", calls, cwd=tmp_path).returncode == 0
    assert "A step that is not in the" in (tmp_path / "bellbuoy.yaml").read_text()
    lines = calls.read_bytes().splitlines()
    step = next(line for line in reversed(lines) if b'"step":"close"' in line)
    strange = json.loads(step) | {"event_id": "strange", "step": "upsell", "step_index": 9}
    (tmp_path / "more.jsonl").write_bytes(b"\n".join([*lines, json.dumps(strange).encode()]) + b"\n")
    told = taken(tmp_path, tmp_path / "more.jsonl")
    assert "ticket  lead-qualifier: " in told
    assert "upsell" in told


@pytest.mark.needs_real_broker
def test_a_topic_is_looked_at_by_its_newest_records_and_no_group_is_made(kafka, calls, tmp_path):
    topic = kafka.topic(partitions=3)
    with kafka.admin() as admin:
        before = admin.list_groups()
    address = f"kafka://{kafka.address}/{topic}"
    empty = bellbuoy("init", address, cwd=tmp_path)
    assert empty.returncode == 2
    assert f"topic {topic} at {kafka.address}: there is no record in it" in empty.stderr
    assert bellbuoy("replay", calls, "--to", address).returncode == 0
    done = bellbuoy("init", address, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "  bellbuoy doctor -c bellbuoy.yaml\n" in done.stderr
    config = load(tmp_path / "bellbuoy.yaml")
    assert (config.sources[0].kafka.topics, config.sources[0].kafka.bootstrap_servers) == ((topic,), kafka.address)
    assert [step.name for step in config.workflows[0].steps] == STEPS
    assert "Of more records" not in (tmp_path / "bellbuoy.yaml").read_text()
    some = bellbuoy("init", address, "--limit", 300, "--out", "-", cwd=tmp_path)
    assert "# Of more records only 300 were looked at: the newest ones; --limit says how many." in some.stdout
    with kafka.admin() as admin:
        assert admin.list_groups() == before
    missing = bellbuoy("init", f"kafka://{kafka.address}/no-such-topic", "--out", "-")
    assert missing.returncode == 75
    assert f"topic no-such-topic does not exist at {kafka.address}" in missing.stderr


@pytest.mark.needs_real_broker
def test_records_of_a_topic_that_are_no_events_are_named_by_partition_and_offset(kafka, tmp_path):
    topic = kafka.topic()
    kafka.send(topic, [json.dumps({"span": number}).encode() for number in range(20)])
    done = bellbuoy("init", f"kafka://{kafka.address}/{topic}", cwd=tmp_path)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr.startswith(f"error: {topic}, partition 0, offset 0: no event: `type`, `ts`, ")
    assert "it has span\nLooked at 20 records, of which none is an event." in done.stderr
