"""Every kind of fault: a file with it, and exactly what a person reads."""

import os
from pathlib import Path

import pytest

from bellbuoy.config import load
from bellbuoy.config.errors import CODES, WARNINGS, Finding, render
from bellbuoy.monitor.beyond import beyond
from bellbuoy.monitor.doctor.connecting import connected

GOLDEN = Path(__file__).parents[1] / "golden" / "config"
FAULTS = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
ENVIRON = {"SLACK_BOT_TOKEN": "xoxb-canary-from-environment"}


def findings(fault: str, folder: Path) -> tuple[Finding, ...]:
    text = (GOLDEN / f"{fault}.yaml").read_bytes()
    if fault == "too-large":
        text += b"\n" * (1 << 20)
    (folder / f"{fault}.yaml").write_bytes(text)
    before = Path.cwd()
    os.chdir(folder)
    try:
        rule = connected if fault == "not-there" else beyond
        return load.inspect(Path(f"{fault}.yaml"), environ=ENVIRON, beyond=rule).findings
    finally:
        os.chdir(before)


@pytest.mark.golden
@pytest.mark.parametrize("fault", FAULTS)
def test_the_sentences_are_those_that_a_person_has_read(fault, tmp_path):
    expected = GOLDEN / f"{fault}.txt"
    text = render(findings(fault, tmp_path)) + "\n"
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS)
def test_no_secret_is_shown(fault, tmp_path):
    text = render(findings(fault, tmp_path)) + repr(findings(fault, tmp_path))
    assert "canary" not in text
    assert "s3cr3t" not in text
    assert "with a" not in text


def test_each_code_has_a_file(tmp_path):
    seen = {finding.code for fault in FAULTS for finding in findings(fault, tmp_path)}
    assert seen == set(CODES)
    assert set(CODES) >= WARNINGS


def test_findings_come_in_file_order_and_name_their_level(tmp_path):
    for fault in FAULTS:
        found = findings(fault, tmp_path)
        assert [(one.line, one.column) for one in found] == sorted((one.line, one.column) for one in found)
        assert all((one.level == "warning") == (one.code in WARNINGS) for one in found)


def test_the_ten_faults_are_all_found_at_once_at_their_places(tmp_path):
    places = [(one.line, one.column, one.code) for one in findings("ten-faults", tmp_path)]
    assert places == [
        (4, 5, "BB101"),
        (5, 19, "BB105"),
        (8, 46, "BB104"),
        (10, 21, "BB108"),
        (13, 96, "BB120"),
        (13, 115, "BB106"),
        (18, 18, "BB110"),
        (19, 18, "BB111"),
        (21, 38, "BB120"),
        (23, 5, "BB113"),
    ]


def test_a_missing_file_is_a_finding(tmp_path):
    (finding,) = load.inspect(tmp_path / "none.yaml").findings
    assert finding.code == "BB115"
    assert "cannot be opened" in str(finding)
    assert load.inspect(tmp_path).findings[0].code == "BB115"
