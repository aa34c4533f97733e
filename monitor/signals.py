"""How signals are counted: the SQL that is made of the table of signals.

Predicates are SQL over the view `events`, so that one text counts what arrives, recounts the store and serves people's queries.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

from bellbuoy.config.signals import BUILT_IN, Level, Signal, words_of
from bellbuoy.config.watching import DetectorEntry
from bellbuoy.config.watching import Signal as OwnSignal

__all__ = [
    "BUILT_IN", "EXPLODED", "PLAIN", "SLICES", "Signal", "SignalError", "apart", "marks_sql", "predicates", "rollup_sql", "segment_sql",
    "split_name", "stratified", "table", "trial_sql", "trials_sql", "within",
]  # fmt: skip

PLAIN: frozenset[Level] = frozenset(["step", "interaction"])
"""Levels whose series are named after the step of the event."""
EXPLODED: Level = "source"
"""The level of which one event can be several trials."""


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
        found[entry.name] = Signal(entry.name, "step", entry.trial, entry.bad, words_of(entry.name), own=True)
    return tuple(found.values())


def within(signals: Iterable[Signal], columns: Container[str]) -> tuple[Signal, ...]:
    """Return the signals that can have a trial among events that have a value in these columns alone."""
    return tuple(signal for signal in signals if not signal.of or any(name in columns for name in signal.of))


def apart(signals: Iterable[Signal]) -> list[list[Signal]]:
    """Return the signals in groups that one statement can count: of the same names for their series, split alike."""
    found: dict[tuple[Level, tuple[str, ...]], list[Signal]] = {}
    for signal in signals:
        level: Level = "step" if signal.level in PLAIN else signal.level
        found.setdefault((level, signal.split), []).append(signal)
    return list(found.values())


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
    trial, wrong = _told(signal)
    return trial, None if wrong is None else f"{trial} AND {wrong}"


def _told(signal: Signal) -> tuple[str, str | None]:
    """Return the SQL of a trial, and of what makes one bad."""
    trial = f"({signal.trial})"
    wrong = None if signal.bad is None else f"({signal.bad})"
    if signal.own:
        trial = f"TRY{trial}"
        wrong = None if wrong is None else f"TRY{wrong}"
    if signal.own and signal.level == "step":
        trial = f"(type = 'step' AND {trial})"
    return trial, wrong


_NAMES: dict[Level, str] = {
    "step": "step",
    "interaction": "CAST(NULL AS VARCHAR)",
    "integration": "integration.system",
    "source": "knowledge.source",
    "action": "action.class",
}
"""What the step part of a series is, at each level."""


def _events(level: Level, relation: str) -> str:
    """Return the relation in which a row is a trial of this level: of sources one for each that an event names."""
    if level != "source":
        return relation
    alone = (
        "SELECT * EXCLUDE (knowledge, knowledge_states), unnest(knowledge) AS one, unnest(knowledge_states) AS state"
    )
    return (
        f"(SELECT * EXCLUDE (one, state), struct_insert(one, state := state) AS knowledge FROM ({alone} FROM {relation} "  # noqa: S608 - our own table
        "WHERE knowledge IS NOT NULL))"
    )


def rollup_sql(signals: Sequence[Signal], relation: str) -> str:
    """Return the statement that counts every signal over a relation of events in one pass.

    Its rows: `minute` (minutes since 1970), `workflow`, `step_name`, `segment`, then for the signal at place k `n<k>` and, where it has a
    bad predicate, `bad<k>`.

    Args:
        signals: what to count, one group of `apart`.
        relation: name of a table or view with the columns of `events_raw`.
    """
    level, split = signals[0].level, signals[0].split
    segment = segment_sql(split) if split else "CAST(NULL AS VARCHAR)"
    name = "step" if level in PLAIN else _NAMES[level]
    columns = []
    for place, signal in enumerate(signals):
        trial, bad = predicates(signal)
        columns.append(f"count(*) FILTER (WHERE {trial}) AS n{place}")
        if bad is not None:
            columns.append(f"count(*) FILTER (WHERE {bad}) AS bad{place}")
    return (
        f"SELECT epoch_us(ts) // 60000000 AS minute, workflow, {name} AS step_name, {segment} AS segment, "  # noqa: S608 - our own table
        + ", ".join(columns)
        + f" FROM {_events(level, relation)} WHERE counted AND type IN ('step', 'interaction')"
        + " GROUP BY minute, workflow, step_name, segment"
    )


SIGNALS_A_WORD = 31
"""Signals whose two bits fit into a BIGINT beside the bit that says that the event counts."""


def marks_sql(signals: Sequence[Signal], relation: str, *columns: str) -> str:
    """Return the statement that judges every event of a relation by every signal, a row an event, in its order.

    Its columns: `key`, the 64-bit hash of `event_id`; words `marks0`, `marks1`, … for `SIGNALS_A_WORD` signals each; then those asked for.
    Bit 0 of a word: the event counts; bits 1 + 2 k and 2 + 2 k: a trial, a bad one of the word's signal k. DuckDB takes longer to plan
    this statement than to run it on a batch, so each predicate stands in it once.

    Args:
        signals: what to count; of all of them an event is one trial or none.
        relation: name of a table or view with the columns of `events_raw`.
        columns: of it.
    """
    words = []
    for first in range(0, max(1, len(signals)), SIGNALS_A_WORD):
        bits = ["CAST(1 AS BIGINT)"]
        for place, signal in enumerate(signals[first : first + SIGNALS_A_WORD]):
            trial, wrong = _told(signal)
            one, both = 1 << 1 + 2 * place, 3 << 1 + 2 * place
            judged = one if wrong is None else f"CASE WHEN {wrong} THEN {both} ELSE {one} END"
            bits.append(f"CASE WHEN {trial} THEN {judged} ELSE 0 END")
        word = f"marks{first // SIGNALS_A_WORD}"
        words.append(
            f"CASE WHEN counted AND type IN ('step', 'interaction') THEN {' + '.join(bits)} ELSE 0 END AS {word}"
        )
    quoted = [f'"{name}"' for name in columns]
    return f"SELECT hash(event_id) AS key, {', '.join([*words, *quoted])} FROM {relation}"  # noqa: S608 - our own table


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


def _detail(signal: Signal) -> str:
    return f"CAST({signal.detail or 'NULL'} AS VARCHAR)"


def trial_sql(signal: Signal, events: str = "events") -> str:
    """Return the statement whose rows are the trials of one signal, among the rows of the table `events`."""
    trial, bad = predicates(signal)
    return (
        f"SELECT '{signal.name}' AS signal, workflow, {_NAMES[signal.level]} AS step, interaction_id, ts, "  # noqa: S608 - our own table
        f"coalesce({bad or 'false'}, false) AS bad, {_detail(signal)} AS detail, content_ref, {', '.join(SLICES)} "
        f"FROM {_events(signal.level, events)} WHERE counted AND ({trial})"
    )


def trials_sql(signals: Sequence[Signal]) -> str:
    """Return the statement that makes the view of the given signals; one that is split has the same trials once more.

    The view of all events is named once, for DuckDB looks into it each time it is named; each signal's trials are still
    read by themselves, and those that a query does not ask for are not read.
    """
    trials = " UNION ALL ".join(trial_sql(one, "known") for one in signals if not one.split)
    return f"CREATE OR REPLACE VIEW trials AS WITH known AS NOT MATERIALIZED (FROM events) {trials}"
