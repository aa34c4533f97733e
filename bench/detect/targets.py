"""What is promised of the detection, and whether a run has kept it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.stats import poisson

from bellbuoy.bench.detect.figures import geometric
from bellbuoy.bench.detect.scenarios import FAMILIES
from bellbuoy.bench.detect.streams import DAY

PRODUCT: Final = "product"
SLACK: Final = 2.0
"""Standard errors by which a quick run may miss a bound."""
NO_PEERS: Final = {PRODUCT, "oracle", "Lorden"}
WEEK_OPENED: Final = 1.0 - float(np.exp(-1.5 * 7 / 30))
"""Share of series with an opening in a week at one and a half times the budget."""


@dataclass(frozen=True, slots=True)
class Target:
    """One bound.

    Attributes:
        number: T1 to T6.
        what: was measured.
        bound: that is promised.
        seen: in this run.
        kept: whether it was; None: it was not judged, `seen` says why.
    """

    number: str
    what: str
    bound: str
    seen: str
    kept: bool | None

    def row(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return asdict(self)


def judge(found: Mapping[str, Any], *, quick: bool, busy: str | None) -> list[Target]:
    """Return every target that this run says something of.

    Args:
        found: results by job.
        quick: of 20 series: a bound is missed only where it is passed by two standard errors.
        busy: why speeds are not judged, or None.
    """
    slack = SLACK if quick else 0.0
    parts = (
        _sudden(found, slack),
        _realistic(found, slack),
        _nulls(found, slack),
        _ramp(found, slack),
        _rest(found, slack),
    )
    told = [*(one for part in parts for one in part), *_speed(found, busy)]
    return [one if one.kept is None else replace(one, kept=bool(one.kept)) for one in told]  # of numpy's they come


def _sudden(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    for family in FAMILIES:
        for cell in family.cells:
            if not cell.sudden or family.name not in found:
                continue
            own = found[family.name]["cells"][cell.name]
            if "oracle" not in own:
                continue
            ratio, error = number(own[PRODUCT]["usual_to_oracle"]), number(own[PRODUCT]["usual_to_oracle_error"])
            what = f"{family.name}, {cell.name}: delay over the oracle's"
            yield Target("T1", what, "at most 1.25", f"{ratio:.2f} ± {error:.2f}", ratio - slack * or_0(error) <= 1.25)


def _realistic(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    if "realistic" not in found:
        return
    cells = found["realistic"]["cells"]
    own = [cells[name][PRODUCT]["usual"] for name in cells]
    mean = geometric([number(one["mean"]) for one in own])
    share = np.sqrt(sum((or_0(number(one["error"])) / number(one["mean"])) ** 2 for one in own)) / len(own)
    yield Target(
        "T2",
        "realistic: geometric mean of the three delays",
        "at most 20 ticks",
        f"{mean:.1f}",
        mean * (1 - slack * share) <= 20,
    )
    missed = max(number(cells[name][PRODUCT]["usual"]["missed"]) for name in cells if "dip" in name)
    yield Target("T2", "realistic: dips missed", "none", f"{missed:.1%}", missed == 0)
    censored = geometric([number(one["censored"]) for one in own])
    peers = {
        name: geometric([number(cells[cell][name]["equal"]["censored"]) for cell in cells])
        for name in found["realistic"]["null"]
        if name not in NO_PEERS and all(name in cells[cell] for cell in cells)
    }
    peers = {name: value for name, value in peers.items() if np.isfinite(value)}
    if peers:
        best = min(peers, key=lambda name: peers[name])
        ratio = peers[best] / censored
        yield Target(
            "T2",
            "realistic: times as fast as the best other column at equal budget",
            "at least 1.7",
            f"{ratio:.2f} ({best}, {peers[best]:.1f} ticks)",
            ratio * (1 + slack * share) >= 1.7,
        )


def _nulls(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    for family in FAMILIES:
        if family.judged is None or family.name not in found:
            continue
        own = found[family.name]["null"][PRODUCT]
        low, high = family.judged
        mean, error, p99 = (number(own["usual"][name]) for name in ("mean", "error", "p99"))
        kept = low <= mean + slack * or_0(error) and mean - slack * or_0(error) <= high
        yield Target(
            "T3",
            f"{family.name}: false openings by series and 30 days",
            f"{low:.1f} to {high:.1f}",
            f"{mean:.2f} ± {error:.2f}",
            kept,
        )
        yield Target("T3", f"{family.name}: 99 % point of a series", "at most 5", f"{p99:.1f}", p99 <= 5 + slack)
        if low > 0:
            expected = number(own["seldom_expected"])
            least, most = poisson.ppf([0.005, 0.995], expected)
            seen = own["seldom_openings"]
            what = f"{family.name}: openings at a twentieth of the budget, {expected:.0f} allowed"
            yield Target("T3", what, f"{least:.0f} to {most:.0f}", f"{seen}", bool(least <= seen <= most))


def _ramp(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    if "ramp, 5 a tick" not in found:
        return
    own = found["ramp, 5 a tick"][PRODUCT]
    for name, what, days in (
        ("usual", "both detectors on one budget of one in 30 days", 11),
        ("seldom", "slow_drift at one in a million ticks", 15),
    ):
        day, error = number(own[name]["mean"]) / DAY, or_0(number(own[name]["error"])) / DAY
        kept = day - slack * error <= days and own[name]["missed"] == 0
        yield Target("T4", f"ramp, 5 a tick: first opening, {what}", f"by day {days}", f"day {day:.1f}", kept)
    share = number(own["open_in_month_5"])
    yield Target("T4", "ramp, 5 a tick: open in month five", "at least 95 %", f"{share:.1%}", share >= 0.95)


def _rest(found: Mapping[str, Any], slack: float) -> Iterator[Target]:
    if "mix" in found:
        seen, size = number(found["mix"]["mix"]["strata"]["opened"]), found["mix"]["mix"]["strata"]["delay"]["streams"]
        error = share_error(WEEK_OPENED, size)
        yield Target(
            "T5",
            "mix shift alone: series that open within a week",
            f"at most {WEEK_OPENED:.0%}",
            f"{seen:.1%}",
            seen - slack * error <= WEEK_OPENED,
        )
    if "chain" in found:
        seen = number(found["chain"]["right_step"])
        error = share_error(0.98, found["chain"]["chains"])
        yield Target(
            "T5", "chain of 8: the right step opens first", "at least 98 %", f"{seen:.1%}", seen + slack * error >= 0.98
        )
    if "recovery" in found:
        own = found["recovery"]
        for name in own:
            if name.startswith("none"):
                seen, error = number(own[name]["resolved"]), share_error(0.04, own[name]["open"])
                what = f"still bad ({name.removeprefix('none, ')}): incidents resolved within 1,500 ticks"
                yield Target("T5", what, "at most 4 %", f"{seen:.1%}", seen - slack * error <= 0.04)
        median = number(own["full"]["median"])
        yield Target("T5", "full recovery: median to the resolve", "at most 60 ticks", f"{median:.0f}", median <= 60)
        half = number(own["half"]["resolved"])
        error = share_error(0.02, own["half"]["open"])
        yield Target(
            "T5", "half recovered: incidents resolved", "at most 2 %", f"{half:.1%}", half - slack * error <= 0.02
        )


def _speed(found: Mapping[str, Any], busy: str | None) -> Iterator[Target]:
    if "speed" not in found:
        return
    for name, what, most, unit in (
        ("tick_ms", "a tick of 3,000 series", 5.0, "ms"),
        ("fit_s", "the daily fit of 3,000 series", 30.0, "s"),
        ("replay_s", "the weekly replay of 3,000 series", 300.0, "s"),
        ("backtest_s", "a backtest of 180 days of 100 series", 60.0, "s"),
    ):
        seen = number(found["speed"][name])
        told = f"{seen:.1f} {unit}" + (f", not judged: {busy}" if busy else "")
        yield Target("T6", what, f"at most {most:.0f} {unit}", told, None if busy else seen <= most)


def number(value: Any) -> float:
    """Return a number of a result; what JSON keeps as null is NaN."""
    return float("nan") if value is None else float(value)


def or_0(value: float) -> float:
    """Return a number, 0 for NaN."""
    return 0.0 if np.isnan(value) else value


def share_error(share: float, size: int) -> float:
    """Return the standard error of a share that is seen in so many."""
    return float(np.sqrt(share * (1.0 - share) / max(size, 1)))
