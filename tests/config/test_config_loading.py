"""From text to a configuration: values, defaults, variables, secrets, aliases."""

from pathlib import Path

import pytest

from bellbuoy.config import load
from bellbuoy.config.document import scalar
from bellbuoy.config.errors import ConfigError, window
from bellbuoy.sinks.base import Secret

STANDING = ["unknown-step", "token-expiry", "token-expired", "stale-source", "unpinned-source", "ungated-action"]


def test_one_source_one_sink_and_one_route_are_enough(config):
    made = config()
    assert made.sources[0].files.path == "./logs/*.jsonl"
    assert made.sinks["out"].kind == "console"
    assert made.sinks["out"].settings == {}
    assert made.routes[0].to == ("out",)
    assert made.routes[0].continue_ is False
    assert made.tick == 300.0
    assert made.baselines["default"].learn == 28 * 86400
    assert [detector.name for detector in made.detectors] == [
        "step-success",
        "month-one",
        "end-to-end",
        "end-to-end-month-one",
        "re-ask",
        "handoff",
        "handoff-context",
        "guess",
        "misroute",
        "integrations",
        "outcome-unknown",
        "slow",
        "silence",
        *STANDING,
    ]
    assert next(entry for entry in made.detectors if entry.name == "handoff").direction == "both"


def test_a_configuration_does_not_change(config):
    with pytest.raises(ValueError, match="frozen"):
        config().tick = 60.0


def test_a_bare_name_is_a_step(config):
    made = config("workflows: [{ name: shop, steps: [greet, { name: pay, slow_after: 1500ms, gate: rule }] }]")
    assert [step.name for step in made.workflows[0].steps] == ["greet", "pay"]
    assert made.workflows[0].steps[1].slow_after == 1.5
    assert made.workflows[0].steps[0].slow_after is None


def test_a_bare_path_is_a_mapping(config, least):
    text = least.replace(
        "files: { path: ./logs/*.jsonl }",
        "http: { map: { step: $.a, outcome: { from: $.b, values: { OK: success } } } }",
    )
    made = config(text=text)
    assert made.sources[0].http.map["step"].from_ == "$.a"
    assert made.sources[0].http.map["outcome"].values == {"OK": "success"}


def test_further_baselines_leave_the_default_one(config):
    made = config("baselines: { launch: { pinned: 2026-09-01..2026-09-28 } }")
    assert set(made.baselines) == {"default", "launch"}
    since, until = made.baselines["launch"].pinned
    assert until - since == 28 * 86400


def test_own_detectors_replace_the_default_ones(config):
    made = config("detectors: [{ name: a, signal: reask, by: [workflow], kind: slow_drift }]")
    assert [detector.name for detector in made.detectors] == ["a", *STANDING]


def test_what_must_not_happen_is_watched_unless_one_says_how_itself(config):
    made = config(
        "detectors: [{ name: stale-source, signal: reask, by: [workflow], kind: rate_shift }, "
        "{ name: mine, signal: ungated_action, by: [workflow], kind: never, settings: { severity: ticket } }]"
    )
    assert [detector.name for detector in made.detectors] == [
        "stale-source", "mine", "unknown-step", "token-expiry", "token-expired", "stale-source-always", "unpinned-source"
    ]  # fmt: skip


def test_an_outage_ends_with_its_last_day(config):
    (outage,) = config("outages: [{ from: 2026-10-03, to: 2026-10-04, why: collector down }]").outages
    assert outage.to - outage.from_ == 2 * 86400


def test_variables_stand_inside_texts_and_have_defaults(config):
    made = config(
        "server: { public_url: 'https://${HOST:-example.com}/${PATH_OF:-}', listen: '127.0.0.1:${PORT}' }\n"
        "ingest:\n  max_series: ${SERIES:-12}\n  lateness: ${LATE:-5m}\n"
        "query:\n  enabled: ${QUERY:-false}\n",
        environ={"PORT": "8421", "LATE": "7m"},
    )
    assert made.server.public_url == "https://example.com/"
    assert made.server.listen == "127.0.0.1:8421"
    assert made.ingest.max_series == 12
    assert made.ingest.lateness == 420.0
    assert made.query.enabled is False


def test_a_quoted_variable_stays_text(find):
    (finding,) = find("ingest: { max_series: '${SERIES}' }", environ={"SERIES": "12"})
    assert finding.message == "'${SERIES}' is not a whole number"


def test_what_a_variable_holds_is_in_no_message(find):
    findings = find(
        "ingest: { lateness: '${PASSWORD}', max_series: '${PASSWORD}' }\n"
        "detectors: [{ name: a, signal: '${PASSWORD}', by: [workflow], kind: '${PASSWORD}' }]\n"
        "audit: { every: '${PASSWORD}', to: ['${PASSWORD}'] }\n",
        environ={"PASSWORD": "correct-horse"},
    )
    assert len(findings) == 6
    assert "correct-horse" not in "".join(map(str, findings)) + repr(findings)


def test_secrets_come_from_the_environment_and_from_files(tmp_path, least):
    (tmp_path / "token").write_text("from-file\n")
    inspection = load.inspect_text(
        least.replace("console: {}", 'slack: { channel: "#a", bot_token: { env: TOKEN } }')
        + "server: { token: { file: ./token } }",
        "x.yaml",
        environ={"TOKEN": "from-environment"},
        folder=tmp_path,
    )
    made = inspection.config
    assert made.server.token == Secret("from-file")
    assert made.sinks["out"].settings["bot_token"] == Secret("from-environment")
    assert "from-" not in repr(made) + str(made) + made.model_dump_json(fallback=repr)


@pytest.mark.parametrize("written", ["{ env: xoxb-canary-1 }", "{ file: canary }", "canary", "{ canary: 1 }", "[canary]", "1234567", "{ env: A, file: /canary }", "|\n  canary\n  canary\n"])  # fmt: skip
def test_a_secret_in_the_wrong_place_is_not_shown(find, written):
    findings = find(f"server:\n token: {written}")
    assert {finding.code for finding in findings} == {"BB110"}
    assert "canary" not in "".join(map(str, findings)) + repr(findings)
    assert "1234567" not in repr(findings)


@pytest.mark.parametrize(
    "key", ["bot_token", "bot_tokn", "app_token", "signing_secret", "webhook_url", "sekret", "api_key", "pasword"]
)
def test_a_secret_is_masked_under_each_key(find, least, key):
    text = least.replace("console: {}", f'slack: {{ channel: "#a", {key}: "canary, with }}", chart: pie }}')
    findings = find(text=text)
    assert findings
    assert "canary" not in "".join(map(str, findings)) + repr(findings)
    chart = next(finding for finding in findings if "'chart' wants" in finding.message)
    shown, caret = str(chart).split("\n")[1:]
    assert shown[caret.index("^")] == "p"


@pytest.mark.parametrize(
    "line", ["bot_token: xoxb-canary-1: x", 'password: "canary: }', "{ secret: 'canary: ]", "token: canary: x"]
)
def test_a_secret_is_masked_where_the_yaml_is_broken(find, line):
    (finding,) = find(f"server:\n  {line}\n")
    assert finding.code == "BB114"
    assert "canary" not in str(finding) + repr(finding)


def test_secret_files_that_cannot_be_used(tmp_path, find):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_text("x" * 70_000)
    for name, problem in (
        ("empty", "is empty"),
        ("binary", "is not UTF-8"),
        ("large", "is too large"),
        ("none", "no such file"),
    ):
        (finding,) = find(f"server: {{ token: {{ file: ./{name} }} }}", folder=tmp_path)
        assert finding.code == "BB112"
        assert problem in finding.message


def test_aliases_and_merges(config):
    made = config(
        "workflows:\n  - &base { name: shop, objective: 70%, closes_after: 1h }\n  - { <<: *base, name: shop-2, objective: 80% }"
    )
    assert made.workflows[1].closes_after == 3600.0
    assert made.workflows[1].objective == 0.8


def test_an_alias_that_is_wrong_is_told_where_it_is_written(find):
    findings = find("x: &a { listn: 1 }\nserver: *a")
    assert [(finding.code, finding.line, finding.column) for finding in findings] == [("BB101", 6, 1), ("BB101", 6, 9)]


def test_scalars_are_those_of_yaml_1_2():
    for text, meaning in (
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("012", "012"),
        ("1_000", "1_000"),
    ):
        assert scalar(text, plain=True) == meaning
    for text, meaning in (("true", True), ("12", 12), ("-0.5", -0.5), ("1e3", 1000.0), ("null", None), ("~", None)):
        assert scalar(text, plain=True) == meaning
        assert scalar(text, plain=False) == text


def test_a_byte_order_mark_and_windows_lines_do_no_harm(least):
    assert load.load_text("\ufeff" + least.replace("\n", "\r\n")).version == 1


def test_columns_count_characters(find):
    (finding,) = find("workflows: [{ name: 'Täglich 漢字', objektive: 70% }]")
    assert (finding.line, finding.column) == (6, 35)
    shown, caret = str(finding).split("\n")[1:]
    assert "objektive" in shown
    assert caret.index("^") == shown.index("objektive") + 2  # two wide characters before it


def test_the_window_holds_the_column():
    line = "- " + " ".join(f"word{number}" for number in range(60))
    for column in range(1, len(line) + 1):
        shown, before = window(line, column)
        assert len(shown) <= 74
        assert shown[before] == line[column - 1]


def test_no_control_character_reaches_the_terminal(find):
    findings = find('workflows: [{ name: "a\u001b[31m", x\u009b31m: 1 }]')
    assert "\x1b" not in str(findings[0])
    assert "\x9b" not in str(findings[0])


def test_the_error_holds_all_findings(least):
    with pytest.raises(ConfigError) as problem:
        load.load_text(least + "tick: 7m\nserver: { listn: a }\n", "y.yaml", environ={})
    assert len(problem.value.findings) == 2
    assert str(problem.value).endswith("2 errors, 0 warnings")
    assert problem.value.findings[1].path == "server.listn"


def test_more_findings_than_anyone_reads_are_counted(find):
    findings = find("".join(f"unknown{number}: 1\n" for number in range(500)))
    assert len(findings) == load.MOST
    assert findings[-1].hint == f"{500 - load.MOST} more follow"


def test_the_contract_loads_once_its_secrets_exist(tmp_path, monkeypatch, contract, kinds):
    kinds("detector", "volume", "acme.drift:Mine")
    kinds("sink", "apprise")
    for name in ("bellbuoy_token", "kafka_password", "pd_key"):
        (tmp_path / name).write_text("planted")
    names = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "HOOK_SECRET", "APPRISE_URL")
    made = load.load_text(contract.replace("/run/secrets", str(tmp_path)), environ=dict.fromkeys(names, "planted"))
    assert made.sources[0].kafka.map["outcome"].values == {"OK": "success", "ERROR": "failure"}
    assert made.ingest.duplicates.keys == 4_000_000
    assert made.store.retention.daily == 5 * 365 * 86400
    assert made.severity.page.change == 0.05
    assert made.quiet[0].every.minutes == 30
    assert made.audit.every.days == (0,)
    assert made.sinks["rest"].settings["urls"] == [Secret("planted")]
    assert "planted" not in repr(made)


def test_a_path_is_loaded(tmp_path: Path, least):
    path = tmp_path / "bellbuoy.yaml"
    path.write_text(least)
    assert load.load(path, environ={}).version == 1


def test_options_of_the_kafka_client_may_be_secrets(config, least):
    text = least.replace(
        "files: { path: ./logs/*.jsonl }",
        "kafka: { bootstrap_servers: 'a:1', topics: [t], client: { ssl_password: { env: KEY }, fetch_max_bytes: 5 } }",
    )
    made = config(text=text, environ={"KEY": "planted"})
    assert made.sources[0].kafka.client == {"ssl_password": Secret("planted"), "fetch_max_bytes": 5}


def test_a_loaded_secret_is_masked_wherever_else_it_stands(find):
    findings = find("server: { token: { env: KEY }, listn: planted-key, timezon: x }", environ={"KEY": "planted-key"})
    assert "planted" not in repr(findings) + "".join(map(str, findings))
    shown, caret = str(findings[1]).split("\n")[1:]
    assert shown[caret.index("^") :].startswith("timezon")


def test_a_list_that_was_forgotten_is_suggested(find, least):
    (finding,) = find(text=least.replace("[out]", "out"))
    assert finding.hint == "did you mean [out]?"


def test_severities_may_be_given_in_part(config):
    made = config("severity: { page: { change: 6% } }").severity
    assert (made.page.change, made.page.volume) == (0.06, 0.5)
    assert (made.ticket.change, made.ticket.volume) == (0.02, 0.2)


def test_a_source_without_settings_needs_none(config, least):
    for written in ("http:", "http: {}"):
        assert (
            config(text=least.replace("[{ files: { path: ./logs/*.jsonl } }]", f"\n  - {written}")).sources[0].http
            is not None
        )


def test_a_finding_is_told_to_programs(find):
    (finding,) = find("server: { listn: a }")
    assert finding.record() == {
        "code": "BB101",
        "level": "error",
        "file": "x.yaml",
        "line": 6,
        "column": 11,
        "message": "unknown key 'listn'",
        "hint": "did you mean 'listen'?",
        "path": "server.listn",
    }


def test_a_command_that_only_asks_needs_no_secret(least, tmp_path):
    path = tmp_path / "bellbuoy.yaml"
    path.write_text(least.replace("console: {}", 'slack: { channel: "#a", bot_token: { env: NOT_SET } }'))
    with pytest.raises(ConfigError, match="NOT_SET is not set"):
        load.load(path, environ={})
    assert load.load(path, environ={}, secrets=False).sinks["out"].settings["bot_token"] == Secret("")
