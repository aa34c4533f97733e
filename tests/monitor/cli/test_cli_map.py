"""`bellbuoy map`: the same from the file and from a daemon, in every form; `bellbuoy audit` likewise."""

import json

import jsonschema
import pytest
from cli_process import bellbuoy, compare, daemon


@pytest.mark.golden
def test_the_text_reads_as_a_person_has_read_it(told):
    done = bellbuoy("map", "lead-qualifier", cwd=told)
    assert done.returncode == 0, done.stderr
    assert "no daemon holds" in done.stderr
    compare("map.txt", done.stdout)


def test_it_goes_to_the_last_tick_that_was_judged_and_a_past_one_is_printed_again(told):
    (newest,) = json.loads(bellbuoy("map", "--format", "json", cwd=told).stdout)
    judged = json.loads(bellbuoy("status", "--format", "json", cwd=told).stdout)["overview"]["until"]
    assert newest["until"] == judged
    once, again = (bellbuoy("map", "--span", "7d", "--to", "2026-06-10", cwd=told).stdout for _ in range(2))
    assert once == again
    assert once.startswith("lead-qualifier   7 d to 2026-06-11, ")


def test_the_json_is_what_the_schema_says(told):
    schema = json.loads(bellbuoy("schema", "map", cwd=told).stdout)
    found = json.loads(bellbuoy("map", "--format", "json", cwd=told).stdout)
    jsonschema.Draft202012Validator(schema).validate(found)
    assert set(found[0]) == set(schema["$defs"]["Map"]["properties"])


@pytest.mark.parametrize(("form", "begins"), [("svg", "<svg "), ("mermaid", "flowchart LR\n")])
def test_it_is_drawn(told, form, begins):
    done = bellbuoy("map", "--format", form, cwd=told)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(begins)
    assert "qualify" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lead-qualifer"], 1, "no workflow is named 'lead-qualifer': there is lead-qualifier"),
        (["--span", "long"], 2, "'long' is not a duration; write 30m, 2h or 7d"),
        (["--to", "soon"], 2, "--to 'soon' is no time; write 2026-11-21 or 2026-11-21T03:00Z"),
        (["--format", "pdf"], 2, "'pdf' is not one of"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(told, arguments, code, said):
    done = bellbuoy("map", *arguments, cwd=told)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["map", "audit"])
def test_a_running_daemon_answers_the_same(own, command):
    asked = (command, "lead-qualifier", "--span", "7d", "--to", "2026-06-10", "--format", "json")
    file = json.loads(bellbuoy(*asked, cwd=own).stdout)
    with daemon(own):
        done = bellbuoy(*asked, cwd=own)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout) == file
        missing = bellbuoy(command, "calls", cwd=own)
        assert missing.returncode == 1
        assert "no workflow is named 'calls': there is lead-qualifier" in missing.stderr
