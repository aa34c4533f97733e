"""Which verdicts become rows."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from bellbuoy.detectors.base import Verdict
from bellbuoy.detectors.judgement import Judgement
from bellbuoy.monitor.judging.enough import LEAST_INTERACTIONS
from bellbuoy.monitor.judging.groups import Group
from bellbuoy.monitor.judging.learn import DAY
from bellbuoy.monitor.judging.watched import Watched

HOUR: Final = 3600


def to_write(
    group: Group, judged: Judgement, fresh: Collection[Watched], waiting: Collection[int]
) -> list[tuple[Watched, Verdict]]:
    """Return the verdicts that become rows: those that changed or join an incident, the bad ones every hour, all once a day.

    Args:
        group: what was judged.
        judged: how.
        fresh: what joins an incident in this tick.
        waiting: bad streams for which too few interactions stand: they are written as watched until then.
    """
    if (judged.at - judged.seconds) % DAY == 0:
        places = list(range(len(judged.state)))
    else:
        joining = {i for i in judged.open.tolist() if group.lines[i].watched in fresh}
        hourly = judged.open.tolist() if judged.at % HOUR == 0 else ()
        places = sorted({*judged.changed.tolist(), *hourly, *joining})
    told = []
    for i in places:
        verdict = group.verdict(judged, i)
        if i in waiting:
            why = f"{verdict.why}; fewer than {LEAST_INTERACTIONS} different interactions so far"
            verdict = replace(verdict, state="watch", why=why)
        told.append((group.lines[i].watched, verdict))
    return told
