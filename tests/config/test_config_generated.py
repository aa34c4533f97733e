"""What is generated from the model is current, loads, and says what the model says."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

import bellbuoy.config
from bellbuoy.config import generate, load
from bellbuoy.config.model import Config

FOLDER = Path(bellbuoy.config.__file__).parent
EXAMPLES = sorted(path for path in (FOLDER / "examples").glob("*.yaml") if not path.stem.endswith(".tests"))
WHOLE = [*EXAMPLES, *FOLDER.glob("demo.yaml")]
ENVIRON = {"SLACK_BOT_TOKEN": "xoxb-planted"}
GOLDEN = Path(__file__).parents[1] / "golden" / "config"
EXPECT = Path(__file__).parents[1] / "golden" / "expect"


@pytest.fixture
def validator():
    schema = json.loads(generate.schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^( *)#(?=\w|- )", r"\1", text)


def data(text: str):
    return load._compose(text, {"PORT": "1"}).data


def test_all_files_are_current(capsys):
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_file_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main(["--check"]) == 1
    assert "schema.json is stale" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_the_reference_loads_and_says_the_defaults():
    made = load.load(FOLDER / "reference.yaml", environ={})
    for name in ("server", "store", "ingest", "query", "reload", "tick", "budget", "baselines", "severity", "quiet"):
        assert getattr(made, name) == Config.model_fields[name].get_default(), name


def test_the_reference_loads_with_its_examples_too(tmp_path):
    for name in ("bellbuoy_token", "kafka_password"):
        (tmp_path / name).write_text("planted")
    text = uncommented(generate.reference()).replace("/run/secrets", str(tmp_path))
    findings = load.inspect_text(text, "reference.yaml", environ={}).findings
    assert {finding.code for finding in findings} == {
        "BB201",
        "BB217",
    }  # its one route has conditions, its one detector is fast


def test_the_reference_names_every_key():
    text = generate.reference()
    for model in generate._models(Config):
        for key, _ in generate._fields(model):
            assert re.search(rf"\b{key}:", text), key
            assert generate.meaning(model, key).endswith((".", ":"))


def test_the_schema_takes_what_the_loader_takes(validator):
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES]
    texts += [
        generate.reference(),
        uncommented(generate.reference()),
        (GOLDEN / "contract" / "whole.yaml").read_text("utf-8"),
    ]
    for text in texts:
        assert [error.message for error in validator.iter_errors(data(text))] == []


@pytest.mark.parametrize(
    "fault",
    [
        "unknown-key",
        "missing-key",
        "wrong-type",
        "not-a-choice",
        "quantity",
        "not-a-date",
        "wrong-form",
        "outside-limits",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(validator, fault):
    assert list(validator.iter_errors(data((GOLDEN / f"{fault}.yaml").read_text(encoding="utf-8"))))


def test_a_variable_may_stand_for_a_number(validator, least):
    assert list(validator.iter_errors(data(least + "ingest:\n  max_series: ${SERIES:-7}"))) == []
    escaped = load.load_text(least + "ingest:\n  max_series: ${SERIES:-7}", environ={})
    assert escaped.ingest.max_series == 7
    raw = {
        "version": 1,
        "sources": [{"http": {}}],
        "sinks": {"a": {"console": {}}},
        "ingest": {"max_series": "${SERIES}"},
    }
    assert list(validator.iter_errors(raw)) == []


def test_the_defaults_in_the_schema_are_written_as_people_write_them():
    schema = json.loads(generate.schema())
    assert schema["$defs"]["Ingest"]["properties"]["lateness"]["default"] == "5m"
    assert schema["$defs"]["DeadLetters"]["properties"]["max_share"]["default"] == "5%"
    assert schema["$defs"]["Store"]["properties"]["memory_limit"]["default"] == "1GiB"
    assert schema["required"] == ["version", "sources", "sinks"]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_each_example_has_alert_tests_that_the_schema_takes(path):
    schema = json.loads(generate.tests_schema())
    text = path.with_suffix(".tests.yaml").read_text(encoding="utf-8")
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data(text))] == []
    assert f"# yaml-language-server: $schema={'../' * (path in EXAMPLES)}tests.schema.json" in text.splitlines()[:3]


def test_the_schema_of_alert_tests_refuses_what_the_loader_refuses():
    schema = json.loads(generate.tests_schema())
    wrong = list(jsonschema.Draft202012Validator(schema).iter_errors(data((EXPECT / "values.yaml").read_text("utf-8"))))
    assert len(wrong) >= 15


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_each_example_loads(path):
    inspection = load.inspect(path, environ=ENVIRON)
    assert inspection.config is not None, inspection.findings
    assert {finding.code for finding in inspection.findings} <= {"BB219"}
    assert (
        f"# yaml-language-server: $schema={'../' * (path in EXAMPLES)}schema.json"
        in path.read_text(encoding="utf-8").splitlines()[:2]
    )


def test_the_defaults_are_those_of_the_model():
    default = load.default()
    least = {
        "version": 1,
        "sources": [{"http": {}}],
        "sinks": {"out": {"console": {}}},
        "detectors": default["detectors"],
    }
    bare = Config.model_validate(least, context=object())
    assert Config.model_validate(least | default, context=object()) == bare
    assert {"slow_drift", "rate_shift", "silence", "never"} == {detector.kind for detector in bare.detectors}


def test_the_example_loads_within_a_tenth_of_a_second():
    path = FOLDER / "examples" / "lead-qualifier.yaml"
    took = []
    load.load(path, environ=ENVIRON)
    for _ in range(5):
        began = time.thread_time()  # other tests run beside this one
        load.load(path, environ=ENVIRON)
        took.append(time.thread_time() - began)
    assert min(took) <= 0.1


def test_loading_imports_nothing_heavy():
    heavy = ("pandas", "scipy", "numpy", "duckdb", "kafka", "starlette", "vl_convert", "pyarrow", "matplotlib")
    code = (
        "import sys; from pathlib import Path; from bellbuoy.config import load;"
        f"load.load(Path({str(FOLDER / 'examples' / 'lead-qualifier.yaml')!r}), environ={ENVIRON!r});"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
