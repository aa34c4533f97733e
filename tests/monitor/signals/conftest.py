"""Events of one workflow, stored under the rules of a configuration."""

import json
import sys
from pathlib import Path

import pytest

from bellbuoy.config.model import Workflow
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.adding.rules import rules_of

sys.path.insert(0, str(Path(__file__).parent.parent / "store"))

import store_batches

STREAM = Stream("kafka", "agent.interactions", 0, "e1")

WORKFLOW = Workflow.model_validate(
    {
        "name": "lead",
        "confident_below": 0.6,
        "steps": [
            "greet",
            {"name": "route", "branches": ["clarify"]},
            {"name": "refund", "consequential": True, "gate": "rule"},
            {"name": "book", "consequential": True, "gate": "human"},
        ],
        "knowledge": [
            {"source": "wiki", "max_age": "30d"},
            {"source": "faq", "version": "7", "max_age": "14d"},
            {"source": "loose"},
        ],
        "integrations": [
            {"system": "crm", "slow_after": "800ms"},
            {"system": "calendar", "token_expiry_warning": "2d"},
        ],
    }
)


@pytest.fixture
def counted(tmp_path):
    """Store events and return by signal and step how many trials there were and how many bad ones."""
    with Store.open(tmp_path / "b.duckdb") as store:
        store.configure(rules=rules_of([WORKFLOW]))

        def count(events):
            lines = []
            for place, event in enumerate(events):
                whole = {"type": "step", "interaction_id": f"c{place}", "workflow": "lead", "outcome": "success"}
                whole |= {"step": "greet"} if event.get("type", "step") == "step" else {}
                whole |= {"ts": f"2026-11-22T10:00:{place:02}Z", "attributes": {"case": str(place)}} | event
                lines.append(json.dumps(whole).encode())
            store.append(store_batches.batch_of(store, STREAM, lines))
            assert not store.cursor().execute("FROM dead_letters").fetchall()
            found = {}
            for signal, step, n, bad in store.cursor().execute("SELECT signal, step, n, bad FROM minutes").fetchall():
                before = found.get((signal, step), (0, 0))
                found[signal, step] = (before[0] + n, before[1] + bad)
            return found

        count.store = store
        yield count
