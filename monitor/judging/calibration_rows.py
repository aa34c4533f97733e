"""Calibrations between memory and rows of the store, bit for bit."""

from collections.abc import Mapping

import pyarrow as pa

from bellbuoy.detectors.calibration import Tail
from bellbuoy.monitor.judging.calibrate import Calibration, Calibrations
from bellbuoy.monitor.judging.judgement_rows import instants
from bellbuoy.monitor.judging.records import Reader


def calibration_rows(fresh: Mapping[str, Calibration], at: int) -> pa.Table:
    """Return the rows of fresh calibrations, valid from `at`."""
    found = list(fresh.values())
    columns = {
        "detector": pa.array(list(fresh), pa.string()),
        "judges": pa.array([one.judges for one in found], pa.string()),
        "valid_from": instants([at] * len(found)),
        "series_weeks": pa.array([one.tail.weeks for one in found], pa.int32()),
        "calibrated": pa.array([one.tail.calibrated for one in found], pa.bool_()),
        "nats": pa.array([one.tail.nats for one in found], pa.bool_()),
    }
    for name in ("mu", "beta", "slack"):
        columns[name] = pa.array([float(getattr(one.tail, name)) for one in found], pa.float64())
    return pa.table(columns)


def calibrations(reader: Reader, at: int) -> Calibrations:
    """Return the calibrations in force at `at`, by detector entry."""
    return {
        row["detector"]: Calibration(
            row["judges"],
            Tail(
                mu=row["mu"],
                beta=row["beta"],
                weeks=row["series_weeks"],
                calibrated=row["calibrated"],
                nats=row["nats"],
                slack=row["slack"],
            ),
        )
        for row in reader.rows("judgement/calibrations", at=at)
    }
