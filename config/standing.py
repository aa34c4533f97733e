"""What is watched whatever the configuration says: what must not happen, and facts that somebody has to know.

A detector of the configuration for the same signal takes the place of the one here.
"""

from collections.abc import Iterable

from bellbuoy.config.signals import BUILT_IN, Signal
from bellbuoy.config.watching import DetectorEntry

TOKENS_QUIET_H = 2.0
"""Hours after which a token that is renewed is no trouble any more; everything else takes a day."""


def standing(given: Iterable[DetectorEntry]) -> list[DetectorEntry]:
    """Return the detectors that stand beside the given ones: of every signal that no statistics are needed for."""
    entries = list(given)
    judged, taken = {one.signal for one in entries}, {one.name for one in entries}
    return [_entry(one, taken) for one in BUILT_IN if one.judged != "rate" and one.name not in judged]


def _entry(signal: Signal, taken: set[str]) -> DetectorEntry:
    name = signal.name.replace("_", "-")
    settings: dict[str, object] = {} if signal.judged == "never" else {"severity": "ticket"}
    if signal.level == "integration":
        settings["quiet_hours"] = TOKENS_QUIET_H
    return DetectorEntry(
        name=f"{name}-always" if name in taken else name,
        signal=signal.name,
        by=("workflow", "step"),
        kind="never",
        settings=settings,
    )
