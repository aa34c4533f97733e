"""The table of the scenarios that are no cells of a family."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bellbuoy.bench.detect.cells import delay, false, short, table
from bellbuoy.bench.detect.targets import PRODUCT, number

BUDGETS: Final = (("fleet", "one false opening a week for all 300"), ("each", "one in 30 days for each"))
KINDS: Final = (
    ("nothing", "nothing changes"),
    ("mix", "only the mix shifts, 70/30 to 40/60"),
    ("worse", "both strata get worse"),
)


def others(found: Mapping[str, Any]) -> str:
    """Return the table, empty where none of them was run."""
    parts = {
        "ramp, 5 a tick": _ramp,
        "ramp, 20 a tick": _ramp,
        "fleet": _fleet,
        "mix": _mix,
        "chain": _chain,
        "recovery": _recovery,
        "volume": _volume,
        "sparse": _sparse,
        "late": _late,
        "clocks": _clocks,
    }
    rows = [row for name, part in parts.items() if name in found for row in part(name, found[name])]
    return "### Other scenarios\n\nDelays as above.\n\n" + table(["scenario", "seen"], rows) if rows else ""


def _ramp(name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    for which, one in own.items():
        if isinstance(one, dict):
            yield [f"{name}: {which}", delay(one.get("usual") or one.get("equal"))]
    yield [f"{name}: product at one in a million ticks", delay(own[PRODUCT]["seldom"])]
    yield [f"{name}: share of month five in which it is open", f"{number(own[PRODUCT]['open_in_month_5']):.1%}"]


def _fleet(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, what in BUDGETS:
        one = own[name]
        false_a_week = f"{short(number(one['false_a_week']))} ± {short(number(one['false_a_week_error']))} false a week"
        yield [
            f"fleet of 300, {what} ({one['fleets']} fleets)",
            f"{false_a_week}; the ten that went .95 to .92 after {short(number(one['delay']))} ticks",
        ]


def _mix(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    for kind, what in KINDS:
        for name in ("sum", "strata"):
            one = own[kind][name]
            told = f"{number(one['opened']):.1%} open within a week; {delay(one['delay'])}"
            yield [f"strata .98 and .88, {what}: {name}", told]


def _chain(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    yield ["chain of 8 at .98, one to .95: its step is first", f"{number(own['right_step']):.1%} of {own['chains']}"]
    yield ["the same: by steps", delay(own["steps"])]
    yield ["the same: end to end alone", delay(own["end_to_end"])]


def _recovery(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, one in own.items():
        if isinstance(one, dict):
            told = f"{number(one['resolved']):.1%} of {one['open']}"
            if one.get("median") is not None:
                told += f"; median {short(number(one['median']))}, 90 % within {short(number(one['p90']))} ticks"
            yield [f"recovery {name}: incidents resolved within 1,500 ticks", told]


def _volume(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, one in own.items():
        if isinstance(one, dict):
            usual = one["usual"]
            told = delay(usual) if "median" in usual else f"{false(usual)}; nominal {false(one['nominal'])}"
            yield [f"volume, 30 % noise: {name}", told]


def _sparse(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    yield ["a trial in a hundred ticks: false openings", false(own["usual"])]


def _late(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    told = f"{number(own['within_2_ticks']):.1%}"
    yield ["2 % of the bad trials known two days later: openings within 2 ticks", told]


def _clocks(_name: str, own: Mapping[str, Any]) -> Iterator[list[str]]:
    for name in ("before", "after"):
        yield [f"clocks change: false openings, {name}", false(own[name])]
