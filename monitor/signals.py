"""The signals: which events are trials and which of those are bad, in one table from which the counting SQL is made.

Predicates are SQL over the view `events`, so that one text counts what arrives, recounts the store and serves people's queries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bellbuoy.config.signals import LEVELS, Level
from bellbuoy.config.watching import DetectorEntry
from bellbuoy.config.watching import Signal as OwnSignal

Judged = Literal["rate", "never", "state"]

KNOWN = "outcome IN ('success', 'failure', 'timeout', 'abandoned')"
"""`skipped`, `cancelled` and `unknown` are never trials of a failure signal."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A named pair of predicates, written so that more is worse.

    Attributes:
        name: as in the configuration, in SQL and in pages.
        level: what stands in the `step` part of the key: the step's name, or nothing.
        trial: SQL that is true for the events that count.
        bad: SQL that is true for the bad ones among them; None where only the number of trials matters.
        judged: by detectors (`rate`), at the first bad event (`never`), against a deadline (`state`).
        sentence: what a person reads beside a number: "… of 100 trials <sentence>".
        own: true for a signal of the configuration: a value that breaks its predicate counts as no trial.
        split: fields of the event by whose values it is counted apart: its series are strata, see `split_name`.
    """

    name: str
    level: Level
    trial: str
    bad: str | None
    judged: Judged = "rate"
    sentence: str = ""
    own: bool = False
    split: tuple[str, ...] = ()


BUILT_IN = (
    Signal(
        "step_failure",
        LEVELS["step_failure"],
        f"type = 'step' AND NOT coalesce(retried, false) AND {KNOWN}",
        "outcome <> 'success'",
        sentence="attempts that were not retried did not succeed",
    ),
    Signal(
        "interaction_failure",
        LEVELS["interaction_failure"],
        f"type = 'interaction' AND {KNOWN}",
        "outcome <> 'success'",
        sentence="interactions did not end well",
    ),
    Signal(
        "reask",
        LEVELS["reask"],
        "type = 'step' AND reask IS NOT NULL",
        "reask",
        sentence="steps asked for something that was already answered",
    ),
    Signal(
        "handoff",
        LEVELS["handoff"],
        "type = 'interaction'",
        "handoff.\"to\" IN ('human', 'queue')",
        sentence="interactions were handed to a human or a queue",
    ),
    Signal(
        "slow",
        LEVELS["slow"],
        "type = 'step' AND latency_ms IS NOT NULL AND latency_limit_ms IS NOT NULL",
        "latency_ms > latency_limit_ms",
        sentence="steps took longer than their limit",
    ),
    Signal("interactions", LEVELS["interactions"], "type = 'interaction'", None, sentence="interactions"),
)


class SignalError(ValueError):
    """A signal of the configuration cannot be used; the text names it and says why."""


def table(own: Iterable[OwnSignal] = ()) -> tuple[Signal, ...]:
    """Return the built-in signals and then those of the configuration.

    Raises:
        SignalError: a name is taken.
    """
    found = {signal.name: signal for signal in BUILT_IN}
    for entry in own:
        if entry.name in found:
            raise SignalError(f"signals: {entry.name!r} is the name of another signal; give this one its own name.")
        found[entry.name] = Signal(entry.name, "step", entry.trial, entry.bad, sentence=entry.name, own=True)
    return tuple(found.values())


def split_name(signal: str, fields: Sequence[str]) -> str:
    """Return the name under which a signal is counted by strata: `interaction_failure by intent, channel`."""
    return f"{signal} by {', '.join(fields)}"


def stratified(signals: Sequence[Signal], detectors: Iterable[DetectorEntry]) -> tuple[Signal, ...]:
    """Return the signals, and each that a detector stratifies once more for each set of fields, split by them."""
    known = {signal.name: signal for signal in signals}
    found = dict(known)
    for entry in detectors:
        if entry.stratify and entry.signal in known:
            name = split_name(entry.signal, entry.stratify)
            found[name] = replace(known[entry.signal], name=name, split=tuple(entry.stratify))
    return tuple(found.values())


NONE, BETWEEN = "(none)", " | "
"""What stands for an event without the field, and between the values of several fields."""
LONGEST = 64
"""Characters of a value by which events are told apart."""


def segment_sql(fields: Sequence[str]) -> str:
    """Return the SQL of the stratum of an event: its values of the fields, one after the other."""
    parts = []
    for field in fields:
        head, dot, key = field.partition(".")
        column = f"attributes[{_quoted(key)}]" if dot and head == "attributes" else f'"{field}"'
        parts.append(f"coalesce(left(CAST({column} AS VARCHAR), {LONGEST}), '{NONE}')")
    return f" || '{BETWEEN}' || ".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def predicates(signal: Signal) -> tuple[str, str | None]:
    """Return the SQL of trial and bad as they are counted, each safe to stand beside others in one statement."""
    trial = f"({signal.trial})"
    bad = None if signal.bad is None else f"({signal.bad})"
    if signal.own:
        trial = f"TRY{trial}"
        bad = None if bad is None else f"TRY{bad}"
    if signal.own and signal.level == "step":
        trial = f"type = 'step' AND {trial}"
    return trial, None if bad is None else f"{trial} AND {bad}"


def rollup_sql(signals: Sequence[Signal], relation: str) -> str:
    """Return the statement that counts every signal over a relation of events in one pass.

    Its rows: `minute` (minutes since 1970), `workflow`, `step`, `segment`, then for the signal at place k `n<k>` and, where it has a
    bad predicate, `bad<k>`.

    Args:
        signals: what to count, all split by the same fields or all whole.
        relation: name of a table or view with the columns of `events_raw`.
    """
    split = signals[0].split if signals else ()
    segment = segment_sql(split) if split else "CAST(NULL AS VARCHAR)"
    columns = []
    for place, signal in enumerate(signals):
        trial, bad = predicates(signal)
        columns.append(f"count(*) FILTER (WHERE {trial}) AS n{place}")
        if bad is not None:
            columns.append(f"count(*) FILTER (WHERE {bad}) AS bad{place}")
    return (
        f"SELECT epoch_us(ts) // 60000000 AS minute, workflow, step, {segment} AS segment, "  # noqa: S608 - our own table
        + ", ".join(columns)
        + f" FROM {relation} WHERE counted AND type IN ('step', 'interaction')"
        + " GROUP BY minute, workflow, step, segment"
    )


SIGNALS_A_WORD = 31
"""Signals whose two bits fit into a BIGINT beside the bit that says that the event counts."""


def marks_sql(signals: Sequence[Signal], relation: str) -> str:
    """Return the statement that judges every event of a relation by every signal, a row an event, in its order.

    Its columns: `key`, the 64-bit hash of `event_id`; then words `marks0`, `marks1`, … for `SIGNALS_A_WORD` signals each.
    Bit 0 of a word: the event counts; bits 1 + 2 k and 2 + 2 k: a trial, a bad one of the word's signal k.

    Args:
        signals: what to count.
        relation: name of a table or view with the columns of `events_raw`.
    """
    words = []
    for first in range(0, max(1, len(signals)), SIGNALS_A_WORD):
        bits = ["CAST(1 AS BIGINT)"]
        for place, signal in enumerate(signals[first : first + SIGNALS_A_WORD]):
            trial, bad = predicates(signal)
            bits.append(f"CASE WHEN {trial} THEN {1 << 1 + 2 * place} ELSE 0 END")
            if bad is not None:
                bits.append(f"CASE WHEN {bad} THEN {1 << 2 + 2 * place} ELSE 0 END")
        word = f"marks{first // SIGNALS_A_WORD}"
        words.append(
            f"CASE WHEN counted AND type IN ('step', 'interaction') THEN {' + '.join(bits)} ELSE 0 END AS {word}"
        )
    return f"SELECT hash(event_id) AS key, {', '.join(words)} FROM {relation}"  # noqa: S608 - our own table


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
        if signal.split:
            continue  # the same trials once more
        trial, bad = predicates(signal)
        step = "step" if signal.level == "step" else "CAST(NULL AS VARCHAR)"
        parts.append(
            f"SELECT '{signal.name}' AS signal, workflow, {step} AS step, interaction_id, ts, "  # noqa: S608 - our own table
            f"coalesce({bad or 'false'}, false) AS bad, content_ref, {fields} FROM events WHERE counted AND ({trial})"
        )
    return "CREATE OR REPLACE VIEW trials AS " + " UNION ALL ".join(parts)
