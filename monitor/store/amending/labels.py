"""What labels say of the events that they mean."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from bellbuoy.monitor.store.amending.interactions import Interactions

RANKS = {"human": 4, "system": 3, "evaluator": 2, "stated": 1}
"""Whose word counts more; who is not among them counts least."""

Weight: TypeAlias = tuple[int, datetime, str]
"""Rank, time and identity: of what is said twice the greatest is true, in whatever order it came."""


class Event(NamedTuple):
    """An event of an interaction that has labels: columns of `amend/rows`."""

    type: str
    ts: datetime
    event_id: str
    step: str | None
    attempt: int | None
    outcome: str | None
    outcome_source: str | None
    reask: bool | None
    handoff: dict[str, Any] | None
    route: dict[str, Any] | None
    branch_target_met: bool | None
    of_event_id: str | None
    route_expected: str | None
    handoff_accepted: bool | None
    attributes: list[tuple[str, str]] | None

    @property
    def weight(self) -> Weight:
        """Of what it says of outcomes, and a label of anything."""
        return RANKS.get(self.outcome_source or "", 0), self.ts, self.event_id

    @property
    def stated(self) -> Weight:
        """Of what it says of itself beside its outcome."""
        return RANKS["stated"], self.ts, self.event_id


class _About(NamedTuple):
    """One thing that labels say.

    Attributes:
        says: the label's word; None: it has none.
        own: the weight of what the event says of it itself; None: nothing.
        concerns: whether it can be said of an event.
    """

    says: Callable[[Event], Any]
    own: Callable[[Event], Weight | None]
    concerns: Callable[[Event], bool] = lambda _: True


def _part(of: dict[str, Any] | None, name: str) -> Any:
    return None if of is None else of[name]


_ABOUT = {
    "outcome": _About(lambda label: label.outcome and (label.outcome, label.outcome_source), lambda one: one.weight),
    "reask": _About(lambda label: label.reask, lambda one: None if one.reask is None else one.stated),
    "route_expected": _About(
        lambda label: label.route_expected,
        lambda one: None if _part(one.route, "expected") is None else one.stated,
        lambda one: one.route is not None,
    ),
    "handoff_accepted": _About(
        lambda label: label.handoff_accepted,
        lambda one: None if _part(one.handoff, "accepted") is None else one.stated,
        lambda one: one.handoff is not None,
    ),
    "branch_target_met": _About(
        lambda label: label.branch_target_met, lambda one: None if one.branch_target_met is None else one.stated
    ),
}


def words(events: Interactions) -> dict[str, dict[int, Any]]:
    """Return what labels say that counts more than what the events say themselves: by column of `amended` and row."""
    found: dict[str, dict[int, Any]] = {name: {} for name in (*_ABOUT, "outcome_source", "attributes")}
    for row, event, labels in _aimed(events):
        for name, about in _ABOUT.items():
            best = max(
                ((label.weight, word) for label in labels if (word := about.says(label)) is not None), default=None
            )
            own = about.own(event)
            if best is not None and about.concerns(event) and (own is None or best[0] > own):
                found[name][row] = best[1]
        laid: dict[str, tuple[Weight, str]] = {}
        for label in labels:
            for key, value in label.attributes or ():
                laid[key] = max(laid.get(key, (label.weight, value)), (label.weight, value))
        if laid:
            found["attributes"][row] = [(key, laid[key][1]) for key in sorted(laid)]
    pairs = found["outcome"]
    found["outcome"] = {row: outcome for row, (outcome, _) in pairs.items()}
    found["outcome_source"] = {row: source for row, (_, source) in pairs.items()}
    return {name: values for name, values in found.items() if values}


def _aimed(events: Interactions) -> Iterable[tuple[int, Event, list[Event]]]:
    """Yield the events that labels mean, each with its row and these labels."""
    of_labelled = events.any(events.is_label)[events.interaction]
    rows = events.order[of_labelled[events.order]]
    part = events.table.select(Event._fields).take(pa.array(rows))
    all_ = [Event(*values) for values in zip(*(column.to_pylist() for column in part.columns), strict=True)]
    begins = np.flatnonzero(np.diff(events.interaction[rows], prepend=-1)).tolist()
    for begin, end in zip(begins, [*begins[1:], len(all_)], strict=True):
        aims: dict[int, list[Event]] = defaultdict(list)
        run = range(end - 1, begin - 1, -1)
        for label in all_[begin:end]:
            if label.type == "outcome":
                aim = next((place for place in run if _means(label, all_[place])), None)
                if aim is not None:
                    aims[aim].append(label)
        yield from ((int(rows[place]), all_[place], labels) for place, labels in aims.items())


def _means(label: Event, one: Event) -> bool:
    """Tell whether a label may mean an event; of several it means the last."""
    if one.type == "outcome":
        return False
    if label.of_event_id is not None:
        return one.event_id == label.of_event_id
    if label.step is None:
        return one.type == "interaction"
    return one.type == "step" and one.step == label.step and label.attempt in (None, one.attempt)
