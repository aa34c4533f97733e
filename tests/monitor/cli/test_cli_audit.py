"""`bellbuoy audit` in every form; that a daemon answers the same is shown with `bellbuoy map`."""

import json

import jsonschema
import pytest
from cli_process import bellbuoy, compare


@pytest.mark.golden
def test_the_text_reads_as_a_person_has_read_it(told):
    done = bellbuoy("audit", "lead-qualifier", cwd=told)
    assert done.returncode == 0, done.stderr
    assert "no daemon holds" in done.stderr
    compare("audit.txt", done.stdout)


def test_a_past_one_is_printed_again(told):
    once, again = (
        bellbuoy("audit", "--span", "7d", "--to", "2026-06-10", "--compare", "0d", cwd=told).stdout for _ in range(2)
    )
    assert once == again
    assert once.startswith("lead-qualifier   7 d to 2026-06-11, ")
    assert "changed since" not in once


def test_the_json_is_what_the_schema_says(told):
    schema = json.loads(bellbuoy("schema", "audit", cwd=told).stdout)
    found = json.loads(bellbuoy("audit", "--format", "json", cwd=told).stdout)
    jsonschema.Draft202012Validator(schema).validate(found)
    assert set(found[0]) == set(schema["$defs"]["Audit"]["properties"])


@pytest.mark.parametrize(("form", "begins"), [("html", "<!doctype html>\n"), ("markdown", "# lead-qualifier\n")])
def test_it_is_written_in_other_forms(told, form, begins):
    done = bellbuoy("audit", "--format", form, cwd=told)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(begins)
    assert "qualify" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lead-qualifer"], 1, "no workflow is named 'lead-qualifer': there is lead-qualifier"),
        (["--span", "0d"], 2, "'0d' is not a duration; write 30m, 2h or 7d"),
        (["--compare", "long"], 2, "'long' is not a duration; write 30m, 2h or 7d"),
        (["--to", "soon"], 2, "--to 'soon' is no time; write 2026-11-21 or 2026-11-21T03:00Z"),
        (["--format", "pdf"], 2, "'pdf' is not one of"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(told, arguments, code, said):
    done = bellbuoy("audit", *arguments, cwd=told)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
