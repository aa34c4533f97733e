"""How numbers of a run are written in the cells of its tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from bellbuoy.bench.detect.targets import number


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column reads from the left, the others from the right."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'--:|' * (len(head) - 1)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines) + "\n"


def delay(own: Mapping[str, Any] | None) -> str:
    """Return how soon: mean, standard error, median, and what was missed or early."""
    if own is None:
        return "–"
    if own.get("missed") is None:
        return short(number(own["mean"]))
    missed = number(own["missed"])
    if own["streams"] == 0:
        return "all early"
    if missed == 1:
        return "all missed"
    more = f", {missed:.0%} missed" if missed >= 0.005 else ""
    early = f", {number(own['early']):.0%} early" if number(own["early"]) >= 0.095 else ""
    return f"{short(number(own['mean']))} ± {short(number(own['error']))} ({short(number(own['median']))}{more}{early})"


def false(own: Mapping[str, Any]) -> str:
    """Return how often nothing was taken for something."""
    return f"{short(number(own['mean']))} ± {short(number(own['error']))} by series and 30 days"


def short(value: float) -> str:
    """Return a number with the digits that matter to a reader."""
    if value != value:  # noqa: PLR0124 -- NaN
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
