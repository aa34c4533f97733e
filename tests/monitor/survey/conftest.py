"""Logs of a few events, made by hand, read as the product reads them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bellbuoy.monitor.survey.sample import of_files
from bellbuoy.monitor.survey.tally import survey

START = datetime(2026, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 1)  # noqa: DTZ001 - as the store has it: UTC without zone
NOW_US = 1_782_864_000_000_000


class Log:
    """Interactions of one workflow, an hour apart, their steps a second."""

    def __init__(self, workflow="support", *, indexed=True):
        self.workflow, self.indexed = workflow, indexed
        self.events = []
        self.number = 0

    def run(self, *steps, end="success", **more):
        """Add an interaction: steps by name, or as (name, fields); `end` None: no event says how it ended."""
        self.number += 1
        head = {"interaction_id": f"i{self.number}", "workflow": self.workflow, **more}
        at = START + timedelta(hours=self.number)
        for index, step in enumerate(steps):
            name, fields = step if isinstance(step, tuple) else (step, {})
            event = {"type": "step", "step": name, "outcome": "success", "ts": self.at(at, index), **head, **fields}
            self.events.append({"step_index": index, **event} if self.indexed else event)
        if end is not None:
            self.events.append({"type": "interaction", "outcome": end, "ts": self.at(at, len(steps)), **head})
        return self

    def at(self, start, seconds):
        return (start + timedelta(seconds=seconds)).isoformat()

    def write(self, path):
        path.write_text("".join(json.dumps(event) + "\n" for event in self.events))
        return path


@pytest.fixture
def log():
    return Log


@pytest.fixture
def seen(tmp_path):
    """What a survey of these logs says."""

    def survey_of(*logs):
        files = [log.write(tmp_path / f"{number}.jsonl") for number, log in enumerate(logs)]
        sample = of_files(files, 100_000, NOW_US)
        assert not sample.letters, sample.first
        return survey(sample.rows())

    return survey_of


@pytest.fixture
def now():
    return NOW
