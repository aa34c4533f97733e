"""Whether enough different interactions stand behind a bad verdict for an incident to open."""

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.monitor.judging.slow import SLOW
from bellbuoy.monitor.judging.watchlist import Line

DAY = 86_400
LEAST_INTERACTIONS = 5
"""Different interactions with a bad trial that an incident needs before it opens."""


def enough(reader: Reader, line: Line, verdict: Verdict, at: int) -> bool:
    """Tell whether enough different interactions stand behind a bad verdict; where only counts are left, they decide.

    Args:
        reader: where events are.
        line: what was judged.
        verdict: on it.
        at: end of the tick, epoch seconds.
    """
    if verdict.state not in ("worse", "better"):
        return False
    series = line.watched.series
    if verdict.state == "better" or series.signal == SLOW:
        return True
    since = verdict.onset if verdict.onset is not None else at - DAY
    found = reader.rows(
        "explain/interactions", signal=series.signal, workflow=series.workflow, step=series.step, since=since, at=at
    )
    return not found[0]["trials"] or int(found[0]["interactions"]) >= LEAST_INTERACTIONS
