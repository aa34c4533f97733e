"""The file of alert tests: what is read, what a person reads of what cannot be, and what an editor knows of it."""

import os
from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from bellbuoy.config.alert_tests import load_tests
from bellbuoy.config.errors import ConfigError
from bellbuoy.config.load import load_text
from bellbuoy.config.spells import Moment, Turn, parse_after, parse_moment, parse_within, write_after

GOLDEN = Path(__file__).parents[1] / "golden" / "expect"
FAULTS = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
DAY = 86_400


def read(text, tmp_path, least):
    path = tmp_path / "alerts.yaml"
    path.write_text(text)
    return load_tests(path, load_text(least)).says.tests


@pytest.mark.golden
@pytest.mark.parametrize("fault", FAULTS)
def test_the_sentences_are_those_that_a_person_has_read(fault, monkeypatch, least):
    monkeypatch.chdir(GOLDEN)
    with pytest.raises(ConfigError) as caught:
        load_tests(Path(f"{fault}.yaml"), load_text(least))
    expected = GOLDEN / f"{fault}.txt"
    if os.environ.get("BELLBUOY_GOLDEN") == "write":
        expected.write_text(f"{caught.value}\n", encoding="utf-8")
    assert f"{caught.value}\n" == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text", ["", "tests: []", "[]", "7", "tests: [{}]", "a: &a [*a]", "\t", "\x00", "tests: {a: b}"]
)
def test_any_other_file_is_refused_in_a_sentence(text, tmp_path, least):
    with pytest.raises(ConfigError) as caught:
        read(text, tmp_path, least)
    assert str(caught.value).startswith(f"{tmp_path}/alerts.yaml:")


def test_what_is_read_is_what_is_written(tmp_path, least):
    (test,) = read(
        """
tests:
  - name: one
    traffic:
      start: 2026-09-01
      lasts: 6w
      series:
        - { series: flow/a, trials: 2/m until 1d12h then 960/d, bad: "5% until 28d, then to 12% by 35d, then 12% until 40d, then 1.5%" }
        - { series: flow, trials: 40/h }
    incidents: [{ series: "*", opened: 28d..2026-10-01 }]
""",
        tmp_path,
        least,
    )
    first, second = test.traffic.series
    assert (first.trials.first, first.trials.turns) == (120.0, (Turn(1.5 * DAY, None, 120.0, 40.0),))
    assert first.bad.first == 0.05
    assert first.bad.turns == (Turn(28 * DAY, 35 * DAY, 0.05, 0.12), Turn(40 * DAY, None, 0.12, 0.015))
    assert (second.bad.first, second.bad.turns) == (0.0, ())
    begins = test.traffic.start
    assert test.incidents[0].opened.since.of(begins) == begins + 28 * DAY
    assert test.incidents[0].opened.until.of(begins) == begins + 31 * DAY, "a date as an end counts as a whole"


@pytest.mark.parametrize("text", ["0d", "1m", "20d6h", "20d23h59m", "6h5m"])
def test_a_time_after_the_beginning_is_written_as_it_is_read(text):
    seconds = parse_after(text)
    assert seconds is not None
    assert write_after(seconds) == text
    assert parse_moment(text) == Moment(seconds)


@pytest.mark.parametrize("text", ["", "d", "6h20d", "20", "-1d", "1.5d", "20d 6h", "1d1d", "tomorrow", 20, None])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(PydanticCustomError):
        parse_moment(text)
    with pytest.raises(PydanticCustomError):
        parse_within(f"{text}..21d" if text else text)
