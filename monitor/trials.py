"""The view `trials`: one row for each trial of each signal, from which incidents are explained and people may ask."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bellbuoy.config.model import Config
from bellbuoy.monitor.signals import Signal, predicates, table
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


def count(store: Store, config: Config) -> None:
    """Tell the store what is counted from now on, and make the view `trials` of it.

    Raises:
        SignalError: a signal of the configuration cannot be counted; the text names it and says why.
    """
    signals = table(config.signals)
    for signal in signals:
        if signal.own:
            store.check(signal)
    slow_after = {
        (workflow.name, step.name): step.slow_after
        for workflow in config.workflows
        for step in workflow.steps
        if step.slow_after is not None
    }
    store.configure(
        signals, max_series=config.ingest.max_series, slow_after=slow_after, zone=ZoneInfo(config.server.timezone)
    )
    with store.transaction() as tx:
        tx.cursor.execute(trials_sql(signals))
