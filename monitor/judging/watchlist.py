"""What is watched: from the configured detectors and the series seen to lines, each one detector on one series."""

from collections.abc import Sequence
from dataclasses import dataclass

from bellbuoy.config.model import DetectorEntry
from bellbuoy.config.plugins import detector as detector_of
from bellbuoy.detectors.base import Detector
from bellbuoy.detectors.mix import Stratified
from bellbuoy.detectors.rate_shift import RateShift
from bellbuoy.monitor.judging.objectives import OBJECTIVE
from bellbuoy.monitor.judging.watched import SeriesKey, Stratum, Watched
from bellbuoy.monitor.signals import split_name
from bellbuoy.monitor.store import Series

DIRECTIONS = {"up": (1,), "down": (-1,), "both": (1, -1)}
ANCHOR = "anchor"
"""Name of the baseline that is learned once, from the first full days, where none is pinned."""


@dataclass(frozen=True, slots=True)
class Line:
    """One detector on one series in one direction.

    Attributes:
        watched: its names.
        entry: the detector's entry in the configuration.
        detector: whose fold judges it.
        members: ids of the series whose counts it sums.
        baseline: name of the baseline that it compares with.
        first_minute, last_minute: of its counts, epoch seconds.
        strata: its parts, where the entry stratifies.
    """

    watched: Watched
    entry: DetectorEntry
    detector: Detector
    members: tuple[int, ...]
    baseline: str
    first_minute: int
    last_minute: int
    strata: tuple[Stratum, ...] = ()


def detectors_of(entries: Sequence[DetectorEntry]) -> dict[str, Detector]:
    """Return the detector of each entry, by the entry's name."""
    return {entry.name: detector_of(entry.kind, entry.settings) for entry in entries}


def forbids(detector: Detector) -> bool:
    """Tell whether a detector is of what must not happen: it has nothing to learn, and a tick without trials leaves no trace."""
    return bool(getattr(detector, "forbids", False))


def unwatched(
    entries: Sequence[DetectorEntry], detectors: dict[str, Detector], lines: Sequence[Line], series: Sequence[Series]
) -> bool:
    """Tell whether there is a series that has to be watched from its first trial on, and no line does."""
    at_once = {entry.signal for entry in entries if forbids(detectors[entry.name])}
    watched = {one for line in lines for one in line.members}
    return any(one.signal in at_once and one.id not in watched for one in series)


def folding(entry: DetectorEntry, detector: Detector) -> Detector:
    """Return the detector whose fold judges an entry: over strata where it names fields."""
    folded: Detector = getattr(detector, "folds_as", detector)
    return Stratified(folded.ratios) if entry.stratify and isinstance(folded, RateShift) else folded


def baseline_of(entry: DetectorEntry, detector: Detector) -> str:
    """Return the name of the baseline that an entry compares with."""
    if getattr(detector, "policy", False):
        return OBJECTIVE
    if entry.baseline:
        return entry.baseline
    return ANCHOR if getattr(detector, "anchored", False) else "default"


def watchlist(
    entries: Sequence[DetectorEntry],
    detectors: dict[str, Detector],
    series: Sequence[Series],
    every: Sequence[Series] | None = None,
) -> list[Line]:
    """Return every line, ordered by detector entry and then by names: the order never depends on arrival.

    Args:
        entries: the detectors as configured.
        detectors: the same, built.
        series: the series that count, as known at the time of the fit.
        every: all that there are by now: what must not happen is watched from its first trial on. None: the same.
    """
    lines: list[Line] = []
    for entry in entries:
        keys: dict[SeriesKey, list[Series]] = {}
        at_once = every is not None and forbids(detectors[entry.name])
        for one in every if every is not None and at_once else series:
            if one.signal == entry.signal:
                step = one.step if "step" in entry.by else None
                keys.setdefault(SeriesKey(one.signal, one.workflow, step), []).append(one)
        detector = detectors[entry.name]
        folded = folding(entry, detector)
        baseline = baseline_of(entry, detector)
        silent = getattr(detector, "watches", "share") == "silence"  # there is only one way to be silent
        one_way = silent or getattr(detector, "one_way", False)
        directions = (1,) if one_way else DIRECTIONS[entry.direction]
        for key in sorted(keys, key=lambda one: (one.workflow, one.step or "")):
            members = keys[key]
            first = min(one.first_minute for one in members)
            last = max(one.last_minute for one in members)
            ids = tuple(sorted(one.id for one in members))
            strata = _strata(entry, key, series)
            lines.extend(
                Line(Watched(entry.name, key, direction), entry, folded, ids, baseline, first, last, strata)
                for direction in directions
            )
    return lines


def _strata(entry: DetectorEntry, key: SeriesKey, series: Sequence[Series]) -> tuple[Stratum, ...]:
    """Return the strata of a series as an entry stratifies it, by name."""
    if not entry.stratify:
        return ()
    name = split_name(entry.signal, entry.stratify)
    found: dict[str, list[Series]] = {}
    for one in series:
        if one.signal == name and one.workflow == key.workflow and key.step in (None, one.step):
            found.setdefault(one.segment or "", []).append(one)
    return tuple(
        Stratum(
            SeriesKey(name, key.workflow, key.step, segment),
            tuple(sorted(one.id for one in found[segment])),
            min(one.first_minute for one in found[segment]),
            max(one.last_minute for one in found[segment]),
        )
        for segment in sorted(found)
    )
