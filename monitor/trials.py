"""The view `trials`: one row for each trial of each signal, from which incidents are explained and people may ask."""

from collections.abc import Sequence

from bellbuoy.monitor.signals import Signal, predicates
from bellbuoy.monitor.store import Store

SLICES = (
    "workflow_version",
    "agent_version",
    "model",
    "prompt_version",
    "channel",
    "intent",
    "language",
    "region",
    "tenant",
    "path",
)
"""Fields that travel with a trial, by which an incident can be split."""


def trials_sql(signals: Sequence[Signal]) -> str:
    """Return the statement that makes the view of the given signals."""
    fields = ", ".join(SLICES)
    parts = []
    for signal in signals:
        trial, bad = predicates(signal)
        step = "step" if signal.level == "step" else "CAST(NULL AS VARCHAR)"
        parts.append(
            f"SELECT '{signal.name}' AS signal, workflow, {step} AS step, interaction_id, ts, "  # noqa: S608 - our own table
            f"coalesce({bad or 'false'}, false) AS bad, content_ref, {fields} FROM events WHERE counted AND ({trial})"
        )
    return "CREATE OR REPLACE VIEW trials AS " + " UNION ALL ".join(parts)


def publish(store: Store, signals: Sequence[Signal]) -> None:
    """Make the view `trials` for the signals that are counted."""
    with store.transaction() as tx:
        tx.cursor.execute(trials_sql(signals))
