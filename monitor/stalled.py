"""What stands still though there is work: nothing is stored, nothing is judged, a job fails each time."""

from collections.abc import Mapping

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.explain.wording import span
from bellbuoy.monitor.judging.ourselves import Trouble


class Stalled:
    """Remembers since when each thing stands still, and tells of it once that has lasted.

    Args:
        clock: whose monotonic time counts.
        after: seconds.
    """

    def __init__(self, clock: Clock, after: float) -> None:
        self._clock = clock
        self._after = after
        self._since: dict[str, float] = {}

    def troubles(
        self, storing: Mapping[str, str | None], judging: str | None, jobs: Mapping[str, str]
    ) -> list[Trouble]:
        """Return what has stood still for too long.

        Args:
            storing: for each source why nothing of it is stored at present; None where something is.
            judging: why nothing is judged; None where ticks close.
            jobs: for each job that failed when it was last run, why.
        """
        why = {f"stalled:store:{name}": reason for name, reason in storing.items()}
        why |= {"stalled:judging": judging} | {f"stalled:job:{name}": reason for name, reason in jobs.items()}
        now = self._clock.monotonic()
        standing = {key: reason for key, reason in why.items() if reason}
        self._since = {key: self._since.get(key, now) for key in standing}
        return [
            _trouble(key, reason, now - self._since[key])
            for key, reason in sorted(standing.items())
            if now - self._since[key] >= self._after
        ]


def _trouble(key: str, reason: str, lasts: float) -> Trouble:
    _, what, *rest = key.split(":", 2)
    name, first = "".join(rest), reason.split("\n", 1)[0]
    told = f"for {span(int(lasts))} now: {first}"
    if what == "store":
        remedy = "See to room on the disk and to `store.memory_limit`. Nothing is lost: it is tried again all the time."
        return Trouble(key, "page", f"nothing of {name} is stored", told, remedy)
    if what == "judging":
        remedy = "The log has the whole error. What is not judged now is judged later; until then falls are not seen."
        return Trouble(key, "page", "nothing is judged", told, remedy)
    return Trouble(
        key, "ticket", f"{name} fails", told, "The log has the whole error; it is tried again on its timetable."
    )
