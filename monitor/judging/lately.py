"""Incidents that ended so lately that what is bad again belongs to them."""

from collections.abc import Iterable

from bellbuoy.monitor.judging.incidents import Change, Incident
from bellbuoy.monitor.judging.records import Reader, resolved_since


class Lately:
    """The incidents that ended within a while.

    Args:
        incidents: those that have.
        within_s: for how long a relapse reopens one; 0: none is reopened.
    """

    def __init__(self, incidents: Iterable[Incident], within_s: int) -> None:
        self._within_s = within_s
        self._ended = {one.id: one for one in incidents}

    @classmethod
    def of(cls, reader: Reader, at: int, within_s: int) -> "Lately":
        """Return those that are stored, before an instant."""
        return cls(resolved_since(reader, at - within_s), within_s)

    def before(self, at: int) -> list[Incident]:
        """Return those that a relapse at `at` reopens, in the order of their ends; the others are forgotten."""
        since = at - self._within_s
        self._ended = {key: one for key, one in self._ended.items() if _end(one) > since}
        return sorted(self._ended.values(), key=lambda one: (_end(one), one.id))

    def take(self, changes: Iterable[Change]) -> None:
        """Take over what became of incidents."""
        for change in changes:
            self._ended.pop(change.incident.id, None)
            if change.kind == "resolved":
                self._ended[change.incident.id] = change.incident


def _end(incident: Incident) -> int:
    return incident.resolved_at or 0
