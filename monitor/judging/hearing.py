"""The series as they were at a midnight: what came since does not change what a restart makes of the day."""

from bellbuoy.monitor.judging.groups import FLEET_S
from bellbuoy.monitor.store import Series, Store


def heard(store: Store, midnight: int) -> list[Series]:
    """Return every series that began before a midnight, each with its last minute before it, as far as 28 days back."""
    found = store.rows("judgement/heard", since=midnight - FLEET_S, until=midnight)
    last = {row["series"]: row["last"] for row in found}
    return [
        one._replace(last_minute=last.get(one.id, one.first_minute))
        for one in store.series()
        if one.first_minute < midnight
    ]
