"""The published tables described for people: every column with its type, and what it means."""

from collections.abc import Iterator
from dataclasses import dataclass

from duckdb.sqltypes import DuckDBPyType

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.event import COLUMNS
from bellbuoy.monitor.store.door.adhoc import PUBLISHED
from bellbuoy.monitor.store.store import Store

TABLES = {
    "events": "one row for each step or interaction event; times are UTC",
    "interactions": "the rows of `events` that are the end of an interaction; its columns are those of `events`",
    "minutes": "what was counted, by minute and series",
    "rates": "what was counted, by hour and series",
    "trials": "one row for each trial of a signal, judged as it is counted",
    "latencies": "how many latencies of a minute lie in each of 48 spans; sums over minutes hold, and give quantiles",
    "series": "what is counted: one row for each signal of each step or workflow",
    "verdicts": "what a detector said of a series: when it changed, hourly while bad, and once a day",
    "calibrations": "how high the evidence of a detector climbs in a quiet week; its thresholds follow from it",
    "incidents": "one row for each cause; step, signal and numbers are those of its first series",
    "changes": "the history of the incidents: what each page told",
    "deliveries": "one row for each incident and sink: what was sent and what waits",
    "silences": "mutes that people put on; one that is over stays",
    "dead_letters": "messages that are no event, without their text",
    "streams": "how far each partition or file has been read",
    "notes": "deploys and other changes that people noted",
    "exports": "what is in Parquet files, below the folder `store.exports`",
}
"""What each published table holds."""

_SERIES = {
    "signal": "what is counted: step_failure, reask, handoff, slow, …",
    "workflow": "the named process",
    "step": "name of the step; NULL where the signal is of the whole interaction",
    "segment": "a part of the workflow counted by itself, or NULL for all of it",
    "n": "trials",
    "bad": "bad ones among them",
}
_EVENT = {
    "stream": "`streams.id`",
    "offset": "place in the stream",
    "idx": "place in the message; 0, for a message is one event",
    "received_at": "when it arrived",
    "counted": "it counts: production, and no demo",
    "latency_limit_ms": "above it the step counts as slow, as it stood when the event arrived",
    "stated_outcome": "how it ended as the producer said; `outcome` is what is known by now",
    "handed_off": "of an interaction: a human or a queue took over; NULL for steps",
    "required_steps": "of an end: the steps without which its interaction does not end well, as it stood when the event arrived",
    "missing_step": "of an end that says success: a required step did not run; NULL where none is required",
    "missing_steps": "which of them did not run; NULL where none is missing",
    "derived": "nobody sent this end: the interaction fell silent for `closes_after`",
    "declared": "the workflow declares this step; NULL where it declares none",
    "knowledge_states": "of each source in `knowledge`: fresh, stale, other_version, unpinned, undeclared; NULL where the workflow "
    "declares no source",
    "integration_limit_ms": "above it the call counts as slow: `slow_after` of the integration",
    "token_state": "valid, expiring, expired; NULL where the event does not say when its token ends",
    "action_state": "of a consequential action: gated, ungated, rejected, expired, args_mismatch, model_decided",
    **{column.name: column.description for column in COLUMNS},
}
MEANINGS: dict[str, dict[str, str]] = {
    "events": _EVENT,
    "interactions": _EVENT,
    "minutes": {"minute": "its beginning, by event time", **_SERIES},
    "rates": {"hour": "its beginning, by event time", **_SERIES, "rate": "bad / n"},
    "trials": {
        **_EVENT,
        **_SERIES,
        "bad": "this one is bad",
        "ts": "time of the event",
        "detail": "of what kind it is, by signal: the class of an error, a state",
    },
    "latencies": {
        **_SERIES,
        "minute": "its beginning, by event time",
        "step": "name of the step; NULL for whole interactions",
        "from_ms": "the latencies are not less than this",
        "below_ms": "and less than this; NULL in the last span, which has no end",
        "n": "how many",
        "total_ms": "their sum",
    },
    "series": {
        **_SERIES,
        "id": "its number",
        "first_minute": "first minute that was counted",
        "last_minute": "last minute that was counted",
    },
    "verdicts": {
        **_SERIES,
        "judged_at": "end of the tick that decided",
        "detector": "name of the detector",
        "direction": "1 watches for more bad (volume: more), -1 for less",
        "state": "learning, steady, watch, worse, better or stale",
        "onset": "estimated beginning of the change",
        "baseline_rate": "bad share that is normal (volume: trials a tick)",
        "current_rate": "bad share since the onset (volume: trials a tick)",
        "change_low": "lower end of the 95 % interval of current - baseline",
        "change_high": "its upper end",
        "n": "trials since the onset",
        "evidence": "evidence for a change, nats",
        "threshold": "evidence at which it is one, nats",
        "why": "one sentence with the numbers",
    },
    "calibrations": {
        "detector": "name of the entry in `detectors`",
        "valid_from": "midnight from which on it holds; the newest is in force",
        "calibrated": "false where there were too few weeks: thresholds are what the budget asks for, not learned",
        "mu": "where the largest evidence of a week lies",
        "beta": "how far it spreads; above 3 the noise is not described by the detector's model",
        "series_weeks": "weeks, one a series and direction, that it was measured on",
        "judges": "signal, keys and settings that it was measured with; it holds for no others",
    },
    "incidents": {
        **_SERIES,
        "id": "its key, as in links and pages",
        "about": "agents, or bellbuoy for troubles of its own",
        "detector": "the detector that saw it first",
        "state": "open, acknowledged or resolved",
        "severity": "page, ticket or watch",
        "onset": "estimated beginning of the change",
        "opened_at": "when it was opened, by event time",
        "acknowledged_at": "when a person took it",
        "acknowledged_by": "who",
        "resolved_at": "when it was over",
        "changes": "how often it changed; `changes.number` of the newest change",
        "baseline_rate": "bad share that is normal (volume: trials a tick)",
        "current_rate": "bad share since the onset (volume: trials a tick)",
        "why": "one sentence with the numbers",
    },
    "changes": {
        "incident": "`incidents.id`",
        "number": "counts from 1 within the incident",
        "changed_at": "when, by event time",
        "change": "opened, updated, acknowledged, resolved or reopened",
        "state_before": "state before; NULL for the first",
        "state": "state after",
        "severity_before": "severity before; NULL for the first",
        "severity": "severity after",
        "reason": "why, in words",
        "headline": "headline of the page",
    },
    "deliveries": {
        "incident": "`incidents.id`, or the id of a storm: what stands there is its digest; or that of a report, `audit_` and its end",
        "sink": "name of the sink",
        "wanted": "newest change that it shall show",
        "sent": "newest change that was told there; 0 for none",
        "state": "due, sent, held (kept back by a mute, or told in a storm), muted (over before it was told by itself) or refused",
        "due_at": "when it is tried or looked at (again)",
        "tries": "tries in vain since the last success",
        "reason": "why the last try failed, or what keeps it back",
    },
    "silences": {
        "id": "its identity",
        "selector": "what it mutes: workflow, step and segment with / between them, * and ? for anything; or `incidents.id`",
        "began_at": "when it was put on",
        "until": "when it ends by itself",
        "who": "who put it on",
        "why": "why",
        "ended_at": "when somebody ended it before that; NULL where nobody did",
        "ended_by": "who ended it",
    },
    "dead_letters": {
        "id": "its number",
        "source": "name of the source",
        "path": "topic or file",
        "partition": "partition of the topic",
        "offset": "place in the stream",
        "received_at": "when it arrived",
        "class": "kind of the fault",
        "reason": "what is wrong and what would be right",
        "size": "bytes of the message",
    },
    "streams": {
        "id": "its number",
        "source": "name of the source",
        "path": "topic or file",
        "partition": "partition of the topic",
        "epoch": "which topic or file of that name: another one made anew has another",
        "next": "offset after the last record stored",
        "received": "records stored so far",
        "newest": "newest event time, not later than its arrival",
        "updated_at": "when it was last written",
    },
    "notes": {
        "id": "its identity: a repeat is not noted again",
        "noted_at": "when it happened",
        "received_at": "when it was noted",
        "kind": "deploy, config, prompt, knowledge, campaign, holiday or other",
        "title": "what happened, in a few words",
        "workflow": "the workflow that it touches; NULL for all of them",
        "step": "the step that it touches",
        "version": "what came",
        "url": "where to read more",
        "who": "who did it",
    },
    "exports": {
        "day": "the day in UTC; NULL for a table in one file",
        "kind": "events, minutes, incidents or changes",
        "file": "its path below the folder of the exports",
        "rows": "rows in it",
        "size": "bytes of it",
        "sha256": "SHA-256 of it",
        "written_at": "when it was written",
        "dirty": "events of the day came since: it is written again next night",
    },
}
"""What a column means, by table."""


@dataclass(frozen=True, slots=True)
class Described:
    """One column of a published table: its table, name, DuckDB type, and meaning or ""; of a STRUCT with its fields."""

    table: str
    name: str
    type: str
    meaning: str


def described() -> Iterator[Described]:
    """Yield the columns of the published tables, in the order of `PUBLISHED`, as a fresh store has them."""
    with Store.open(None, Settings()) as store:
        cursor = store.new_cursor()
        try:
            for table in PUBLISHED:
                relation = cursor.table(table)
                for name, kind in zip(relation.columns, relation.types, strict=True):
                    short, fields = _short(kind)
                    meaning = MEANINGS[table].get(name, "")
                    yield Described(table, name, short, f"{meaning}: {', '.join(fields)}" if fields else meaning)
        finally:
            store.drop_cursor(cursor)


def tables_text() -> str:
    """Return the tables as text, one line a column."""
    lines = []
    for table, columns in _shown():
        lines += ["", f"{table}: {TABLES[table]}"]
        lines += [f"  {one.name:<18} {one.type:<9}  {one.meaning}".rstrip() for one in columns]
    return "\n".join(lines[1:]) + "\n"


def tables_markdown() -> str:
    """Return the tables as Markdown."""
    parts = []
    for table, columns in _shown():
        says = TABLES[table]
        parts.append(f"## {table}\n\n{says[0].upper()}{says[1:]}.\n\n")
        if columns:
            parts.append("| column | type | meaning |\n|---|---|---|\n")
            parts += [f"| `{one.name}` | {one.type} | {one.meaning} |\n" for one in columns]
            parts.append("\n")
    return "".join(parts)


def _shown() -> Iterator[tuple[str, list[Described]]]:
    """Yield each table with the columns that are worth a line: those of `interactions` are those of `events`."""
    columns = list(described())
    for table in PUBLISHED:
        yield table, [one for one in columns if one.table == table and table != "interactions"]


def _short(kind: DuckDBPyType) -> tuple[str, tuple[str, ...]]:
    """Return the name of a type, and the names of its fields where it has some."""
    if kind.id == "list":
        inner = kind.children[0][1]
        assert isinstance(inner, DuckDBPyType), "the one child of a list is a type"
        short, fields = _short(inner)
        return short + "[]", fields
    if kind.id == "struct":
        return "STRUCT", tuple(name for name, _ in kind.children)
    return str(kind), ()
