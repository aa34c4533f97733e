"""The series that have ever been counted: their ids, their first and last minutes, and the cap on their number."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bellbuoy.monitor.signals import Signal

Key: TypeAlias = tuple[str, str, str | None, str | None]
"""Signal, workflow, step, segment."""

OTHER = "other"


class Series(NamedTuple):
    """One signal for one key.

    Attributes:
        id: small number, the same for ever.
        signal, workflow: as in words.
        step: None for a signal of whole interactions.
        segment: None, a stratum of a split signal, or `other` where a cap folded several into one.
        first_minute, last_minute: beginnings of the first and last minute with counts, epoch seconds.
    """

    id: int
    signal: str
    workflow: str
    step: str | None
    segment: str | None
    first_minute: int
    last_minute: int

    @property
    def key(self) -> Key:
        """What it is besides its number."""
        return (self.signal, self.workflow, self.step, self.segment)


@dataclass(slots=True)
class Draft:
    """What one transaction adds: taken over after its commit, forgotten after a rollback."""

    ids: dict[Key, int] = field(default_factory=dict)
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    segments: Counter[Key] = field(default_factory=Counter)
    folded: int = 0


class Registry:
    """Ids by key, held in memory as the table `series` has them."""

    def __init__(self, rows: Iterable[Series], max_series: int, max_segments: int = 50) -> None:
        self.max_series = max_series
        self.max_segments = max_segments
        self._segments: Counter[Key] = Counter()
        self._keys: dict[int, Key] = {}
        self._ids: dict[Key, int] = {}
        self._spans: dict[int, tuple[int, int]] = {}
        self._workflows: set[str] = set()
        self._wholes: dict[tuple[str, str], int] = {}  # by signal and workflow, those of whole interactions
        self._last = 0
        self._version = 0
        self._all: tuple[int, tuple[Series, ...]] = (-1, ())
        for row in rows:
            self._spans[row.id] = (row.first_minute, row.last_minute)
            self._add(row.key, row.id)

    def __len__(self) -> int:
        return len(self._ids)

    def id(self, draft: Draft, signal: Signal, workflow: str, step: str | None, segment: str | None = None) -> int:
        """Return the id of a series, a new one while there is room, else the one that stands for all others.

        Segments beyond `max_segments` of one signal, workflow and step, or beyond half of all series, are counted
        together, so that values without end leave room for new steps.
        """
        key: Key = (signal.name, workflow, None if signal.level == "interaction" else step, segment)
        found = self._ids.get(key) or draft.ids.get(key)
        if found is not None:
            return found
        if segment is not None and segment != OTHER and self._crowded(draft, key):
            draft.folded += 1
            return self.id(draft, signal, workflow, step, OTHER)
        if len(self._ids) + len(draft.ids) >= self.max_series:
            known = workflow in self._workflows or any(workflow == seen for _, seen, _, _ in draft.ids)
            if not known or key[2:] != (None, None):  # whole interactions of a known workflow are not many
                draft.folded += 1
                key = (signal.name, workflow if known else OTHER, None if key[2] is None else OTHER, OTHER)
            found = self._ids.get(key) or draft.ids.get(key)
            if found is not None:
                return found
        draft.ids[key] = self._last + len(draft.ids) + 1
        if key[3] is not None:
            draft.segments[*key[:3], None] += 1
        return draft.ids[key]

    def _crowded(self, draft: Draft, key: Key) -> bool:
        """Tell whether there is no room for a further segment."""
        whole = (*key[:3], None)
        among = self._segments[whole] + draft.segments[whole]
        return among >= self.max_segments - 1 or 2 * (len(self._ids) + len(draft.ids)) >= self.max_series

    def span(self, draft: Draft, series: int, first: int, last: int) -> None:
        """Note that a series has counts from minute `first` to minute `last` (epoch seconds)."""
        before = draft.spans.get(series) or self._spans.get(series)
        after = (first, last) if before is None else (min(before[0], first), max(before[1], last))
        if after != before:
            draft.spans[series] = after

    def added(self, draft: Draft) -> list[Series]:
        """Return the series that a draft adds."""
        return [Series(number, *key, *draft.spans[number]) for key, number in draft.ids.items()]

    def moved(self, draft: Draft) -> dict[int, tuple[int, int]]:
        """Return the new spans of older series."""
        return {number: span for number, span in draft.spans.items() if number in self._spans}

    def take(self, draft: Draft) -> None:
        """Make a draft part of the registry: its transaction is committed."""
        self._keys.update({number: key for key, number in draft.ids.items()})  # others read: what has a span has a key,
        self._spans.update(draft.spans)  # and what is found by its key has a span
        for key, number in draft.ids.items():
            self._add(key, number)
        self._version += 1

    def all(self) -> tuple[Series, ...]:
        """Return every series, by id."""
        version, found = self._all
        if version != self._version:
            version = self._version  # of before the rows: who takes a draft meanwhile makes them old
            spans = sorted(self._spans.copy().items())  # at once: other threads lengthen it
            found = tuple(Series(number, *self._keys[number], *span) for number, span in spans)
            self._all = (version, found)
        return found

    def begins(self, signal: str) -> dict[str, int]:
        """Return the first minute in which a signal of whole interactions has counts, by workflow."""
        wholes = self._wholes.copy().items()  # at once: other threads lengthen it
        return {workflow: self._spans[number][0] for (name, workflow), number in wholes if name == signal}

    def _add(self, key: Key, number: int) -> None:
        self._ids[key] = number
        self._keys[number] = key
        self._workflows.add(key[1])
        if key[2:] == (None, None):
            self._wholes[key[:2]] = number
        if key[3] is not None:
            self._segments[*key[:3], None] += 1
        self._last = max(self._last, number)
