"""The numbers of an incident's chart: what was, what is normal, and where it began."""

import math

from bellbuoy.detectors.baseline import cell
from bellbuoy.monitor.explain.wording import percent, shown, wording
from bellbuoy.monitor.incidents import Incident
from bellbuoy.monitor.records import Reader
from bellbuoy.sinks.base import Chart

HOUR = 3600
DAY = 86400
WEEK_S = 7 * DAY
Z99 = 2.576
"""Half width of a 99 % band in standard deviations."""


def band(normal: float, dispersion: float, trials: int) -> tuple[float, float]:
    """Return the ends of the 99 % band of a bad share, by the normal approximation with its dispersion, within 0 to 1.

    Args:
        normal: bad share that is normal.
        dispersion: variance over binomial variance for the length of the bucket.
        trials: in the bucket, above 0.
    """
    half = Z99 * math.sqrt(dispersion * normal * (1 - normal) / trials)
    return max(0.0, normal - half), min(1.0, normal + half)


def chart(reader: Reader, incident: Incident, baseline: str, at: int, zone: str) -> Chart | None:
    """Return the chart of the leading series: 7 days by the hour, or since a month before the onset by the day.

    Args:
        reader: where counts and baselines are.
        incident: the incident as it is at `at`.
        baseline: name of the baseline that the leading detector compares with.
        at: end of the chart, epoch seconds.
        zone: IANA time zone of the profile.
    """
    series = incident.lead.watched.series
    onset = incident.onset or incident.opened_at
    slow = at - onset > 5 * DAY
    bucket = DAY if slow else HOUR
    since = (onset - 30 * DAY if slow else at - WEEK_S) // bucket * bucket
    rows = reader.rows(
        "explain/buckets",
        signal=series.signal,
        workflow=series.workflow,
        step=series.step,
        bucket=bucket,
        since=since,
        until=at,
    )
    if not rows:
        return None
    learned = reader.rows(
        "explain/baseline",
        name=baseline,
        signal=series.signal,
        workflow=series.workflow,
        step=series.step,
        at=at,
    )
    counts = {row["at"]: row for row in rows}
    times = tuple(range(max(since, rows[0]["at"]), at, bucket))
    value: list[float | None] = []
    low: list[float | None] = []
    high: list[float | None] = []
    for start in times:
        row = counts.get(start)
        trials = row["n"] if row else 0
        value.append(shown(series.signal, row["bad"] / row["n"]) if row and row["n"] else None)
        if not learned or not trials:
            low.append(None)
            high.append(None)
            continue
        normal = learned[0]["mean"] if slow else learned[0]["rate"][cell(start, zone, 0)]
        ends = band(normal, learned[0]["dispersion"][-1 if slow else 4], trials)
        low.append(min(shown(series.signal, end) for end in ends))
        high.append(max(shown(series.signal, end) for end in ends))
    verdict = incident.lead.verdict
    words = wording(series.signal)
    good_falls = words.success == (incident.lead.watched.direction > 0)
    return Chart(
        title=f"{series.step or series.workflow} · {words.label.lower()} per {'day' if slow else 'hour'}",
        subtitle=(
            f"{percent(shown(series.signal, verdict.baseline_rate))} is normal, "
            f"{percent(shown(series.signal, verdict.current_rate))} since the onset · {verdict.n:,} trials · "
            f"band = 99 % of normal {'days' if slow else 'hours'}"
        ),
        at=times,
        value=tuple(value),
        low=tuple(low),
        high=tuple(high),
        normal=shown(series.signal, verdict.baseline_rate),
        onset=incident.onset,
        opened=incident.opened_at,
        resolved=incident.resolved_at,
        worse="below" if good_falls else "above",
        bucket=bucket,
        timezone=zone,
    )
