"""The numbers of an incident's chart: what was, what is normal, and where it began."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bellbuoy.detectors.base import BLOCKS
from bellbuoy.detectors.baseline import cell
from bellbuoy.monitor.explain.wording import percent, shown, wording
from bellbuoy.monitor.judging.incidents import Incident
from bellbuoy.monitor.judging.records import Reader
from bellbuoy.sinks.base import Chart

HOUR = 3600
DAY = 86400
WEEK_S = 7 * DAY
SLOW_S = 5 * DAY
"""An incident that began longer ago is drawn by the day, from a month before its onset."""
ENOUGH = 15
"""Trials that a bucket should have on average, or its share says nothing."""
LEAST = 5
"""Trials without which a bucket is not drawn: one bad call at night is no fall to zero."""
BUCKETS = {HOUR: "hour", 3 * HOUR: "3 hours", 6 * HOUR: "6 hours", DAY: "day"}
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


def chart(reader: Reader, incident: Incident, baseline: str, at: int, zone: str, tick: float) -> Chart | None:
    """Return the chart of the leading series: 7 days, or since a month before the onset where that is longer ago.

    Args:
        reader: where counts and baselines are.
        incident: the incident as it is at `at`.
        baseline: name of the baseline that the leading detector compares with.
        at: end of the chart, epoch seconds.
        zone: IANA time zone of the profile.
        tick: seconds of a tick, in which baselines count.
    """
    series = incident.lead.watched.series
    onset = incident.began
    long = at - onset > SLOW_S
    since = (onset - 30 * DAY if long else at - WEEK_S) // DAY * DAY
    names = {"signal": series.signal, "workflow": series.workflow, "step": series.step}
    hours = reader.rows("explain/buckets", **names, bucket=HOUR, since=since, until=at)
    if not hours:
        return None
    bucket = DAY if long else _bucket(hours)
    learned = reader.rows("explain/baseline", **names, name=baseline, at=at)
    times = tuple(range(max(since, hours[0]["at"]) // bucket * bucket, at, bucket))
    normal = learned[0] if learned else None
    spread = normal["dispersion"][block(bucket, tick)] if normal else 1.0
    value, low, high = _drawn(series.signal, hours, normal, spread, times, bucket, zone)
    verdict = incident.lead.verdict
    words = wording(series.signal)
    good_falls = words.success == (incident.lead.watched.direction > 0)
    return Chart(
        title=f"{series.step or series.workflow} · {words.label.lower()} per {BUCKETS[bucket]}",
        subtitle=(
            f"{percent(shown(series.signal, verdict.baseline_rate))} is normal, "
            f"{percent(shown(series.signal, verdict.current_rate))} "
            f"{'since the recovery' if incident.lead.recovered else 'since the onset'} · {verdict.n:,} trials · "
            "band = 99 % of normal"
        ),
        at=times,
        value=value,
        low=low,
        high=high,
        normal=shown(series.signal, verdict.baseline_rate),
        onset=onset,
        opened=incident.opened_at,
        resolved=incident.resolved_at,
        worse="below" if good_falls else "above",
        bucket=bucket,
        timezone=zone,
    )


def _bucket(hours: Sequence[Mapping[str, Any]]) -> int:
    """Return the shortest bucket whose share is more than noise."""
    trials = sum(row["n"] for row in hours)
    span = hours[-1]["at"] + HOUR - hours[0]["at"]
    return next((bucket for bucket in BUCKETS if trials * bucket >= ENOUGH * span), DAY)


def _drawn(
    signal: str,
    hours: Sequence[Mapping[str, Any]],
    learned: Mapping[str, Any] | None,
    spread: float,
    times: Sequence[int],
    bucket: int,
    zone: str,
) -> tuple[tuple[float | None, ...], tuple[float | None, ...], tuple[float | None, ...]]:
    """Return the shares as shown, and the ends of the band: None where there was no trial, or nothing is learned."""
    n = dict.fromkeys(times, 0)
    bad = dict.fromkeys(times, 0)
    expected = dict.fromkeys(times, 0.0)
    for row in hours:
        start = row["at"] // bucket * bucket
        n[start] += row["n"]
        bad[start] += row["bad"]
        if learned is not None:
            rate = learned["rate"]  # one number, the hours of a day, or those of a week
            expected[start] += row["n"] * rate[cell(row["at"], zone, 0) % len(rate)]
    value, low, high = [], [], []
    for start in times:
        drawn = n[start] >= LEAST
        value.append(shown(signal, bad[start] / n[start]) if drawn else None)
        ends = band(expected[start] / n[start], spread, n[start]) if drawn and learned is not None else None
        low.append(None if ends is None else min(shown(signal, end) for end in ends))
        high.append(None if ends is None else max(shown(signal, end) for end in ends))
    return tuple(value), tuple(low), tuple(high)


def block(bucket: int, tick: float) -> int:
    """Return the place of the longest block of ticks that a bucket holds."""
    return max(place for place, ticks in enumerate(BLOCKS) if ticks * tick <= bucket)
