"""What is normal for a series, in words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bellbuoy.monitor.explain.wording import percent

DECIDED = {"accept": "expected", "learn": "learned anew", "pin": "pinned"}


def lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield some lines for each series and each of its baselines.

    Args:
        rows: values of `bellbuoy.monitor.judging.shown.Shown` as plain data, those of one series together.
    """
    if not rows:
        yield "nothing is watched yet"
    before = None
    for row in rows:
        if row["series"] != before:
            if before is not None:
                yield ""
            yield row["series"]
        before = row["series"]
        yield from _baseline(row)


def _baseline(row: Mapping[str, Any]) -> Iterator[str]:
    head = f"  {row['name']} ({', '.join(row['detectors'])})"
    if row["armed"] is None:
        yield f"{head}: nothing was learned yet"
    else:
        low, high = percent(row["low"]), percent(row["high"])
        hours = "" if low == high else f", {low} to {high} by the hour"
        told = "" if row["armed"] else ", still learning"
        yield f"{head}: {percent(row['mean'])} bad is normal{hours}{told}"
        span = "nothing yet" if row["since"] is None else f"{_day(row['since'])} to {_day(row['until'] - 1)}"
        pinned = ", pinned" if row["pinned"] else ""
        yield f"    learned from {span}{pinned}: {row['trials']:,} trials, {row['bad']:,} bad; {row['per_day']:,.0f} a day"
        yield (
            f"    {100 * row['margin']:.2f} points more are normal too; an hour scatters {row['an_hour']:.2g} times as chance "
            f"does, a day {row['a_day']:.2g} times"
        )
    decided = row["decided"]
    if decided is not None:
        until = "" if decided["until"] is None else f" to {_day(decided['until'] - 1)}"
        who = f" by {decided['who']}" if decided["who"] else ""
        why = f": {decided['why']}" if decided["why"] else ""
        yield f"    {DECIDED[decided['kind']]}{who}, from {_time(decided['since'])}{until}{why}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
