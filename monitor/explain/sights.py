"""What can be seen, in words: a table of series, a line a detector, a sentence."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bellbuoy.monitor.explain.wording import percent, span
from bellbuoy.monitor.judging.sight import Sight

MOST = 24
FEW = 4
POLICIES = ("burn", "never")
"""Kinds that prove nothing: there is no change that they could not see."""


def table(sights: Sequence[Sight], most: int = MOST) -> Iterator[str]:
    """Yield a table of what each detector can see on each series it judges, and when, what sees least first; then what learns."""
    rows = sorted((one for one in sights if one.armed and one.kind not in POLICIES), key=_blindness)
    shown = rows[:most]
    width = max([len("what it can see"), *(len(one.name) for one in shown)])
    other = max([len("detector"), *(len(one.detector) for one in shown)])
    yield f"{'what it can see':<{width}}  {'detector':<{other}}  trials/day   normal  in 1 day  in 3 days"
    for one in shown:
        told = f"{one.name:<{width}}  {one.detector:<{other}}  "
        trials = "–" if one.per_day is None else f"{one.per_day:,.0f}"
        if one.silence_s is not None:
            yield f"{told}{trials:>10}        –  silence of {span(one.silence_s)}"
        else:
            normal = "–" if one.normal is None else percent(one.normal)
            yield f"{told}{trials:>10}  {normal:>7}  {points(one.a_day):>8}  {points(one.three_days):>9}"
    if len(rows) > most:
        yield f"… and {len(rows) - most} more"
    learning = Counter(one.detector for one in sights if not one.armed)
    if learning:
        names = ", ".join(f"{name} {number}" for name, number in learning.most_common())
        yield f"{sum(learning.values())} still learn what is normal: {names}"


def by_detector(sights: Sequence[Sight]) -> Iterator[str]:
    """Yield a line for each detector: on how much it runs, what it can see."""
    own: dict[str, list[Sight]] = {}
    for one in sights:
        own.setdefault(one.detector, []).append(one)
    width = max([len("detector"), *map(len, own)])
    kinds = max([len("kind"), *(len(one.kind) for one in sights)])
    yield f"{'detector':<{width}}  {'kind':<{kinds}}  series  judged  learning  threshold       can see within 3 days"
    for name, all_of in own.items():
        judged = [one for one in all_of if one.armed]
        series = len({(one.signal, one.workflow, one.step, one.segment) for one in all_of})
        learning = len(all_of) - len(judged)
        yield f"{name:<{width}}  {all_of[0].kind:<{kinds}}  {series:>6,}  {len(judged):>6,}  {learning:>8,}  {_basis(judged):<14}  {seen(judged)}"


def sentence(sights: Sequence[Sight]) -> Iterator[str]:
    """Yield what a configuration can see with what is stored, in a sentence or two."""
    judged = [one for one in sights if one.armed]
    learning = len(sights) - len(judged)
    told = f"With what is stored {len(judged):,} of {len(sights):,} things to watch are judged"
    yield told + (f", {learning:,} still learn what is normal." if learning else ".")
    shares = [one for one in judged if one.normal is not None]
    if shares:
        day, three = _sizes([one.a_day for one in shares]), _sizes([one.three_days for one in shares])
        yield f"Lasting changes that are proven within a day: {day}; within 3 days: {three}."
    blind = sorted({one.name for one in judged if one.blind})
    if blind:
        names = ", ".join(blind[:FEW]) + (f" and {len(blind) - FEW} more" if len(blind) > FEW else "")
        yield f"Too few trials to prove a change as small as min_change within 7 d: {names}."


def points(change: float | None) -> str:
    """Return a share as `2.5 pt`; a dash where nothing can be seen."""
    return "–" if change is None else f"{100 * change:.1f} pt"


def _basis(judged: Sequence[Sight]) -> str:
    """Return what the thresholds of a detector rest on; a policy has none of its own."""
    kinds = {one.basis for one in judged}
    if not kinds or judged[0].kind in POLICIES:
        return "–"
    return "noisy" if "noise" in kinds else "calibrated" if kinds == {"history"} else "not calibrated"


def seen(judged: Sequence[Sight]) -> str:
    """Return how small a lasting change, or how long a silence, is proven within three days; a dash where none is."""
    silences = [one.silence_s for one in judged if one.silence_s is not None]
    if silences:
        low, high = span(min(silences)), span(max(silences))
        return f"silence of {low}" if low == high else f"silence of {low} to {high}"
    if not any(one.normal is not None for one in judged):
        return "–"
    return _sizes([one.three_days for one in judged])


def _sizes(sizes: Sequence[float | None]) -> str:
    known = [one for one in sizes if one is not None]
    if not known:
        return "none"
    low, high = f"{100 * min(known):.1f}", f"{100 * max(known):.1f}"
    told = f"{high} points" if low == high else f"{low} to {high} points"
    blind = len(sizes) - len(known)
    return told + (f", {blind:,} {'sees' if blind == 1 else 'see'} none" if blind else "")


def _blindness(one: Sight) -> tuple[bool, float, str]:
    if one.silence_s is not None:
        return True, -one.silence_s, one.name
    return one.three_days is not None, -(one.three_days or 0.0), one.name
