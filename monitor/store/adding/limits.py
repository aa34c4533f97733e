"""The latency above which a step counts as slow, found for each row as it arrives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import numpy as np
import pyarrow as pa

from bellbuoy.monitor.signals import Signal
from bellbuoy.monitor.store.adding.places import Places
from bellbuoy.monitor.store.adding.rules import Rules

BANDS = 4
"""Quarters of the local day in which a step's latency limit may differ."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the configuration says about counting.

    Attributes:
        signals: what is counted.
        limits: latency limit in ms by (workflow, step, band).
        zone: the zone of the bands.
        rules: what is declared of workflows.
    """

    signals: Sequence[Signal]
    limits: Mapping[tuple[str, str, int], float]
    zone: tzinfo = UTC
    rules: Rules = field(default_factory=Rules)


def latency_limits(places: Places, told: Told) -> pa.Array | None:
    """Return the latency limit of each row, null where there is none; None where there is none at all."""
    workflows = {name: place for place, name in enumerate(places.workflows)}
    steps = {name: place for place, name in enumerate(places.steps)}
    known = np.full((len(workflows), len(steps), BANDS), np.nan)
    for (name, part, quarter), limit in told.limits.items():
        if name in workflows and part in steps:
            known[workflows[name], steps[part], quarter] = limit
    if np.isnan(known).all():
        return None
    offset = datetime.fromtimestamp(int(places.ts_us.max()) / 1e6, told.zone).utcoffset()
    shift = 0 if offset is None else int(offset.total_seconds())
    band = (places.ts_us // 1_000_000 + shift) // (86400 // BANDS) % BANDS
    found = known[places.workflow, places.step, band]
    return pa.array(found, pa.float64(), mask=np.isnan(found))
