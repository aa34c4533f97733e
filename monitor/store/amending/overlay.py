"""Events as they are known by now: what was amended laid over what was sent."""

from bellbuoy.monitor.event import COLUMNS
from bellbuoy.monitor.event.columns import quoted

SHOWN = ("stated_outcome", "handed_off", "missing_step", "missing_steps", "derived")
"""Columns that the overlay adds: the outcome that the producer stated, whether a human or a queue took over, whether and which steps are
missing, and whether the store made the event itself."""

_HANDED = (
    "CASE WHEN e.type = 'interaction' THEN coalesce(a.handed_off, e.handoff.\"to\" IN ('human', 'queue'), false) END"
)

_MISSING = (
    "CASE WHEN e.type = 'interaction' AND coalesce(a.outcome, e.outcome) = 'success' AND e.required_steps IS NOT NULL "
    "THEN l.steps IS NOT NULL END"
)


_JOINED = (
    'LEFT JOIN amended AS a ON a.stream = e.stream AND a."offset" = e."offset" AND a.idx = e.idx '
    'LEFT JOIN lacking AS l ON l.stream = e.stream AND l."offset" = e."offset" AND l.idx = e.idx'
)


def overlay_sql(events: str, *, joined: bool = True) -> str:
    """Return the statement of steps and interactions as they are known.

    Args:
        events: relation with the columns of `events_raw`.
        joined: what is laid over them stands in `amended` and `lacking`; if not, in columns `a` and `l` of the relation, as objects
            with the columns of those tables.
    """
    every = "e.*" if joined else "e.* EXCLUDE (a, l)"
    replaced = ", ".join(f"{sql} AS {name}" for name, sql in _REPLACED.items())
    return (
        f"SELECT {every} REPLACE ({replaced}), "  # noqa: S608 - our own names
        f"CASE WHEN e.outcome_source = 'stated' THEN e.outcome END AS stated_outcome, {_HANDED} AS handed_off, "
        f"{_MISSING} AS missing_step, l.steps AS missing_steps, e.idx < 0 AS derived "
        f"FROM {events} AS e {_JOINED if joined else ''} WHERE e.type IN ('step', 'interaction')"
    )


def _field(column: str, changed: str, value: str) -> str:
    """Return the SQL of an object with one field of it replaced where there is a value for it."""
    children = next(one.children for one in COLUMNS if one.name == column)
    fields = [
        f"{quoted(child.name)} := {value if child.name == changed else f'e.{column}.{quoted(child.name)}'}"
        for child in children
    ]
    return f"CASE WHEN {value} IS NULL THEN e.{column} ELSE struct_pack({', '.join(fields)}) END"


_REPLACED = {
    "outcome": "coalesce(a.outcome, e.outcome)",
    "outcome_source": "coalesce(a.outcome_source, e.outcome_source)",
    "reask": "coalesce(a.reask, e.reask)",
    "retried": "coalesce(a.retried, e.retried)",
    "branch_target_met": "coalesce(a.branch_target_met, e.branch_target_met)",
    "route": _field("route", "expected", "a.route_expected"),
    "handoff": _field("handoff", "accepted", "a.handoff_accepted"),
    "attributes": "CASE WHEN a.attributes IS NULL THEN e.attributes "
    "ELSE map_concat(coalesce(e.attributes, MAP {}), a.attributes) END",
}
REPLACED = frozenset(_REPLACED)
"""Columns of an event that may be known otherwise than it was sent."""
