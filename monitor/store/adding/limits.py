"""The latency above which a step counts as slow, found for each row as it arrives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.signals import Signal

BANDS = 4
"""Quarters of the local day in which a step's latency limit may differ."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the configuration says about counting.

    Attributes:
        signals: what is counted.
        limits: latency limit in ms by (workflow, step, band).
        zone: the zone of the bands.
    """

    signals: Sequence[Signal]
    limits: Mapping[tuple[str, str, int], float]
    zone: tzinfo = UTC


def latency_limits(table: pa.Table, told: Told) -> pa.Array:
    """Return the latency limit of each row, null where there is none."""
    workflow = table["workflow"].combine_chunks().dictionary_encode()
    step = table["step"].combine_chunks().dictionary_encode()
    workflows, steps = workflow.dictionary.to_pylist(), step.dictionary.to_pylist()
    newest = pc.max(table["ts"]).cast(pa.int64()).as_py() / 1e6
    offset = datetime.fromtimestamp(newest, told.zone).utcoffset()
    seconds = pc.divide(table["ts"].combine_chunks().cast(pa.int64()), 1_000_000).to_numpy()
    shift = 0 if offset is None else int(offset.total_seconds())
    band = (seconds + shift) // (86400 // BANDS) % BANDS
    known = np.full((len(workflows), len(steps) + 1, BANDS), np.nan)
    for (name, part, quarter), limit in told.limits.items():
        if name in workflows and part in steps:
            known[workflows.index(name), steps.index(part), quarter] = limit
    row = step.indices.fill_null(len(steps)).to_numpy()
    found = known[workflow.indices.to_numpy(), row, band]
    return pa.array(found, pa.float64(), mask=np.isnan(found))
