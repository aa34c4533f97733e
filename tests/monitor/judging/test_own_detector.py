"""A user's own detector comes through the same door as the built-in ones, and obeys the same life of an incident."""

from pathlib import Path

import pytest

from bellbuoy.config.errors import ConfigError
from bellbuoy.config.load import load_text
from bellbuoy.detectors.testing import battery
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.store import Store

CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
detectors:
  - { name: mine, signal: step_failure, by: [workflow, step], kind: "own_detector:Surplus", settings: { keep: 0.995 } }
"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def test_it_opens_an_incident_that_grows_as_any_other(falling):
    config = load_text(CONFIG)
    with Store.open(None, config.store) as store:
        store.follow(config)
        evaluation = Evaluation(store, config)
        changes = []
        for number in range(len(falling.days)):
            falling.append(store, number)
            changes += [change for change, _ in evaluation.advance(falling.end(number))]
    first = changes[0]
    assert (first.kind, first.incident.lead.watched.detector, first.incident.lead.watched.series.step) == (
        "opened",
        "mine",
        "qualify",
    )
    assert 32 < falling.day(first.at) < 33
    assert first.incident.onset is not None
    assert 28 < falling.day(first.incident.onset) < 33, "where its evidence last was at its lowest"
    assert {change.incident.id for change in changes} == {first.incident.id}
    assert changes[-1].incident.severity == "page"


def test_its_settings_are_checked_like_those_of_the_built_in_ones():
    with pytest.raises(ConfigError, match=r"(?s)unknown key 'kep'.*did you mean 'keep'"):
        load_text(CONFIG.replace("keep:", "kep:"))
    with pytest.raises(ConfigError, match="own_detector"):
        load_text(CONFIG.replace(":Surplus", ":Surplis"))


def test_it_passes_the_battery_that_is_shipped_for_it():
    import own_detector

    for name, check in battery(own_detector.Surplus):
        try:
            check()
        except AssertionError as error:  # pragma: no cover - names the check that failed
            raise AssertionError(f"{name}: {error}") from error
