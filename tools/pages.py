"""The documents that are generated from the product: the fields of an event, the metrics, the tables."""

import textwrap

from bellbuoy.monitor.event import field_table_markdown
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.store.door.tree import functions
from bellbuoy.monitor.store.tables import tables_markdown

EVENTS = """\
# Events

One message is one event: a **step** that ended, an **interaction** that ended, or an **outcome**, a label that comes
later. It is JSON, one object a message or a line.

```json
{example}
```

```sh
bellbuoy schema event                       # the JSON Schema
bellbuoy schema event --check calls.jsonl   # which lines of a file are none, and why
```

- A field that nothing here names is counted and not stored; what you need beside these goes into `attributes`.
- A message that is no event becomes a dead letter with its reason. It never harms its neighbours.
- Each message is read once, also over a crash. What a producer itself sends twice is stored once, by its `event_id`.
- An outcome corrects what was said before: of the event that `of_event_id` names, else of the step (its last attempt, unless `attempt`
  says which), else of the interaction. A human beats a system, that an evaluator, that what was stated; then the later one wins. Counts are
  corrected at the minute of the event that it is about. One that comes before its event waits for it.
- An interaction that has steps and no end, and no step for `workflows[].closes_after` (30 minutes), is `abandoned`; where its last step
  handed it over, its end is `unknown`. It counts so from then on, by event time, until an `interaction` event says otherwise, however late
  that comes. A workflow that never sent an `interaction` event is left alone: of it nothing is known about ends.
- An interaction that ended well lacks a step if one that its workflow declares, and that is not `optional`, did not run in it
  ([`missing_step`](signals.md#missing_step)). A step that was skipped did not run.

The second column says where a field belongs: **S**tep, **I**nteraction, **O**utcome; R means that it is required there.

"""
EXAMPLE = """\
{"type": "step", "event_id": "c-17-3", "interaction_id": "c-17", "workflow": "lead-qualifier",
 "step": "qualify", "outcome": "failure", "ts": "2026-11-21T09:30:12Z"}"""
METRICS = """\
# Metrics

`/metrics` of the daemon, for Prometheus. Labels hold configured names and closed lists only: never an interaction, the
text of an error or an address.

| name | type | labels | meaning |
|---|---|---|---|
"""
TABLES = """\
# Tables

What `bellbuoy query` and `POST /v1/query` may read: one SELECT over these tables, within the limits under `query:`.
`bellbuoy schema tables` prints the same on a terminal. Times are TIMESTAMP in UTC. A field of a STRUCT is read as
`handoff.reason`, a key of a MAP as `attributes['key']`.

"""
FUNCTIONS = """\
## Functions

These may be called; operators, CASE, CAST, windows, subqueries and WITH may be used, and `unnest` as a table.

"""


def events() -> str:
    """Return docs/events.md."""
    return EVENTS.replace("{example}", EXAMPLE) + field_table_markdown().strip() + "\n"


def metrics() -> str:
    """Return docs/metrics.md: the metrics in the order of their one list."""
    rows = []
    for family in vars(Metrics()).values():
        if hasattr(family, "_labelnames"):
            kind, labels = family._type, ", ".join(family._labelnames)  # noqa: SLF001 - the client tells it no other way
            name = family._name + ("_total" if kind == "counter" else "")  # noqa: SLF001 - the same
            rows.append(f"| `{name}` | {kind} | {labels} | {family._documentation} |\n")  # noqa: SLF001 - the same
    return METRICS + "".join(rows)


def tables() -> str:
    """Return docs/tables.md."""
    listed = textwrap.fill(
        ", ".join(f"`{name}`" for name in sorted(filter(str.isidentifier, functions()))), 118, break_on_hyphens=False
    )
    return TABLES + tables_markdown() + FUNCTIONS + listed + "\n"
