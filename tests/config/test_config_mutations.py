"""Whatever stands in the file: a configuration or findings, never another exception, never a secret."""

import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bellbuoy.config
from bellbuoy.config import load
from bellbuoy.config.alert_tests import load_tests
from bellbuoy.config.errors import CODES, ConfigError

FOLDER = Path(bellbuoy.config.__file__).parent
CHUNKS = 10
EACH = int(os.environ.get("BELLBUOY_MUTATIONS", "250"))
CANARY = "canary-5d1f0c"
ENVIRON = {"SLACK_BOT_TOKEN": f"xoxb-{CANARY}", "KAFKA_BOOTSTRAP": "kafka:9092", "PATH": f"/{CANARY}"}
PIECES = [
    *"{}[]:,#&*!|>'\"%@`\\?- \n\t~=\x00\x07é漢😀\u2028\ufeff\x85",
    ": ", "- ", "? ", "<<: ", "&a ", "*a", "!!python/name:os.system ", "${PATH}", "${", "${:-}", "---\n", "...\n", "null",
    "true", "0x1F", "1e999", "-1", "99999999999999999999", "1:30", ".inf", "2026-02-30", "{}", "[]", "''",
]  # fmt: skip


def texts() -> dict[str, str]:
    reference = (FOLDER / "reference.yaml").read_text(encoding="utf-8")
    whole = re.sub(r"(?m)^( *)#(?=\w|- )", r"\1", reference)
    example = (FOLDER / "examples" / "lead-qualifier.yaml").read_text(encoding="utf-8")
    return {name: re.sub(r"(?m)^ *# .*\n", "", text) for name, text in (("reference", whole), ("example", example))}


def mutated(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(8):
            case 0:
                text = text[:at] + rng.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + rng.choice((1, 1, 2, 5, 40)) :]
            case 2:
                words = re.findall(r"[\w.%/-]+", text) or ["x"]
                spot = rng.choice(list(re.finditer(r"[\w.%/-]+", text)) or [re.match("", text)])
                text = text[: spot.start()] + rng.choice([*words, *PIECES]) + text[spot.end() :]
            case 3:
                lines = text.split("\n")
                lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
                text = "\n".join(lines)
            case 4:
                lines = text.split("\n")
                del lines[rng.randrange(len(lines))]
                text = "\n".join(lines)
            case 5:
                lines = text.split("\n")
                line = rng.randrange(len(lines))
                lines[line] = " " * rng.randrange(8) + lines[line].lstrip()
                text = "\n".join(lines)
            case 6:
                other = rng.randrange(len(text) + 1)
                low, high = sorted((at, other))
                text = (
                    text[:low] + text[high:] if rng.random() < 0.2 else text[:high] + text[low:high][:200] + text[high:]
                )
            case _:
                text = text[:at] + text[at : at + 1].swapcase() + text[at + 1 :]
    return text


def accepted_or_refused(text: str) -> bool:
    inspection = load.inspect_text(text, "mutated.yaml", environ=ENVIRON)
    findings = inspection.findings
    assert all(finding.code in CODES and finding.line >= 1 and finding.column >= 1 for finding in findings)
    assert any(finding.level == "error" for finding in findings) == (inspection.config is None)
    assert CANARY not in str(ConfigError(findings)) + repr(findings)
    assert ENVIRON["SLACK_BOT_TOKEN"] not in repr(inspection.config)
    return inspection.config is not None


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", ["reference", "example"])
def test_a_mutated_file_is_accepted_or_refused(name, chunk):
    text = texts()[name]
    rng = random.Random(f"{name} {chunk}")
    outcomes = [accepted_or_refused(mutated(text, rng)) for _ in range(EACH)]
    assert any(outcomes) or name == "reference"
    assert not all(outcomes)


@pytest.mark.parametrize("chunk", range(2))
def test_a_mutated_file_of_alert_tests_is_read_or_refused(chunk, tmp_path):
    file = tmp_path / "mutated.tests.yaml"
    text = (FOLDER / "examples" / "lead-qualifier.tests.yaml").read_text(encoding="utf-8")
    config = load.load(FOLDER / "examples" / "lead-qualifier.yaml", environ=ENVIRON)
    rng = random.Random(f"tests {chunk}")
    outcomes = []
    for _ in range(EACH):
        file.write_text(mutated(text, rng), encoding="utf-8")
        try:
            outcomes.append(bool(load_tests(file, config).says.tests))
        except ConfigError as error:
            assert all(one.code in CODES and one.line >= 1 and one.column >= 1 for one in error.findings)  # noqa: PT017
            outcomes.append(not error.findings)
    assert any(outcomes)
    assert not all(outcomes)


KEYS = ["version", "server", "sources", "workflows", "detectors", "baselines", "sinks", "routes", "kafka", "files"]
KEYS += [
    "name",
    "steps",
    "when",
    "to",
    "pinned",
    "every",
    "token",
    "env",
    "file",
    "settings",
    "kind",
    "by",
    "slack",
    "0",
]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*KEYS, "5m", "2%"]) | st.text(max_size=8)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=24,
)


def written(value: object) -> str:
    """Write any tree as YAML in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(str(key))}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else str(value)


@given(tree=TREES)
@settings(max_examples=400, deadline=None)
def test_any_tree_is_accepted_or_refused(tree):
    accepted_or_refused(written(tree))


@given(tree=st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS[:8], TREES)))
@settings(max_examples=400, deadline=None)
def test_any_value_under_the_real_keys_is_accepted_or_refused(tree):
    accepted_or_refused(written(tree))


@given(text=st.text(max_size=200))
@settings(max_examples=400, deadline=None)
def test_any_text_is_accepted_or_refused(text):
    accepted_or_refused(text)


@given(raw=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_accepted_or_refused(raw, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(raw)
    assert load.inspect(path, environ={}).findings


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900_000,
        "- " * 400_000,
        "[" * 900 + "]" * 900,
        "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b]\n"
        + "".join(f"d{i}: &d{i} [*c, *c, *c, *c, *c, *c, *c, *c]\n" for i in range(50)),
        "a: &a { <<: *a }",
        "a: &a { b: &b { <<: *a, c: *b } }",
        "".join(f"k{i}: 1\n" for i in range(60_000)),
        "detectors: [" + "{ name: a, signal: b, by: [c], kind: d }, " * 20_000 + "]",
        "version: " + "9" * 5000,
        "x: ${" + "A" * 100_000 + "}",
        "sinks: { " + ", ".join(f"s{i}: {{ console: {{}} }}" for i in range(8_000)) + " }",
    ],
    ids=["open", "dashes", "nested", "laughs", "merge-loop", "merge-loop-2", "many-keys", "many-detectors", "digits", "variable", "sinks"],
)  # fmt: skip
def test_what_is_built_to_hurt_is_refused_soon(text):
    assert not accepted_or_refused(text)
