"""Baselines, detector memory and verdicts between arrays and rows of the store, bit for bit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from bellbuoy.detectors.base import CELLS, DAYS, HOURS, Array, Baseline, State, Verdict
from bellbuoy.monitor.judging.records import Reader, series_key, watched_of
from bellbuoy.monitor.judging.watched import SeriesKey, Watched

VERSION = 1
"""Version of the detectors' memory; what another version wrote is folded again."""

_PROFILES = ("rate", "volume")
_LISTS = ("dispersion", "volume_dispersion")
_NUMBERS = ("mean", "trials", "bad", "per_tick", "since", "until", "armed", "margin")


def instants(seconds: Iterable[int | None]) -> pa.Array:
    """Return epoch seconds as an Arrow array of UTC timestamps without zone."""
    return pa.array([None if one is None else int(one) * 1_000_000 for one in seconds], pa.int64()).cast(
        pa.timestamp("us")
    )


def names(series: Sequence[SeriesKey]) -> dict[str, pa.Array]:
    """Return the columns that name series."""
    return {
        name: pa.array([getattr(one, name) for one in series], pa.string())
        for name in ("signal", "workflow", "step", "segment")
    }


def baseline_rows(fresh: Mapping[tuple[str, SeriesKey], Baseline], at: int) -> pa.Table:
    """Return the rows of freshly fitted baselines, valid from `at`."""
    keys, fitted = list(fresh), list(fresh.values())
    columns: dict[str, pa.Array] = {"name": pa.array([name for name, _ in keys], pa.string())}
    columns |= names([series for _, series in keys])
    columns["valid_from"] = instants([at] * len(keys))
    for name in (*_PROFILES, *_LISTS):
        lists = [getattr(one, name)[:, 0] for one in fitted]
        short = [_short(one) for one in lists] if name in _PROFILES else lists
        columns[name] = pa.array([one.tolist() for one in short], pa.list_(pa.float64()))
    for name in _NUMBERS:
        columns[name] = pa.array([float(getattr(one, name)[0]) for one in fitted], pa.float64())
    return pa.table(columns)


def _short(profile: Array) -> Array:
    """Return a profile without its repetitions: one number, the hours of a day, or those of the week."""
    if (profile == profile[0]).all():
        return profile[:1]
    return profile[:HOURS] if (profile.reshape(DAYS, HOURS) == profile[:HOURS]).all() else profile


def baselines(reader: Reader, at: int) -> dict[tuple[str, SeriesKey], Baseline]:
    """Return the baselines in force at `at`, each of one series."""
    known = {}
    for row in reader.rows("judgement/baselines", at=at):
        arrays = {name: np.array(row[name], dtype=np.float64)[:, None] for name in _LISTS}
        for name in _PROFILES:
            kept = np.array(row[name], dtype=np.float64)
            arrays[name] = np.tile(kept, CELLS // len(kept))[:, None]
        arrays |= {name: np.array([row[name]], dtype=np.float64) for name in _NUMBERS}
        known[row["name"], series_key(row)] = Baseline(**arrays)
    return known


def state_rows(watched: Sequence[Watched], state: State) -> pa.Table:
    """Return the memory of a group of watched series as rows: names and lists of numbers."""
    size = len(watched)
    parts = sorted(state)
    flat = [state[name].reshape(-1, size) for name in parts]
    lengths = [len(part) for part in flat]
    values = np.ascontiguousarray(np.concatenate(flat, axis=0).T).ravel() if flat else np.empty(0)
    ends = np.cumsum(np.tile(np.array(lengths, dtype=np.int32), size))
    lists = pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), pa.array(values, pa.float64()))
    offsets = pa.array(np.arange(size + 1) * len(parts), pa.int32())
    keys = pa.array(parts * size, pa.string())
    columns = {
        "detector": pa.array([one.detector for one in watched], pa.string()),
        **names([one.series for one in watched]),
        "direction": pa.array([one.direction for one in watched], pa.int32()),
        "version": pa.array([VERSION] * size, pa.int32()),
        "state": pa.MapArray.from_arrays(offsets, keys, lists),
    }
    return pa.table(columns)


def states(reader: Reader) -> dict[Watched, dict[str, Array]]:
    """Return what each watched series' detector remembers; memory of another version is left out."""
    known = {}
    for row in reader.rows("judgement/states"):
        if row["version"] == VERSION:
            values = (np.array(one, dtype=np.float64) for one in row["values"])
            known[watched_of(row)] = dict(zip(row["names"], values, strict=True))
    return known


def verdict_rows(verdicts: Sequence[tuple[Watched, Verdict]]) -> pa.Table:
    """Return verdicts as rows."""
    columns: dict[str, Any] = {
        "judged_at": instants(verdict.at for _, verdict in verdicts),
        "detector": pa.array([watched.detector for watched, _ in verdicts], pa.string()),
        **names([watched.series for watched, _ in verdicts]),
        "direction": pa.array([watched.direction for watched, _ in verdicts], pa.int32()),
        "state": pa.array([verdict.state for _, verdict in verdicts], pa.string()),
        "onset": instants(verdict.onset for _, verdict in verdicts),
    }
    for name in ("baseline_rate", "current_rate", "change_low", "change_high"):
        columns[name] = pa.array([_known(getattr(verdict, name)) for _, verdict in verdicts], pa.float64())
    for name in ("n", "bad"):
        columns[name] = pa.array([int(getattr(verdict, name)) for _, verdict in verdicts], pa.int64())
    for name in ("evidence", "threshold"):
        columns[name] = pa.array([_known(getattr(verdict, name)) for _, verdict in verdicts], pa.float64())
    columns["why"] = pa.array([verdict.why for _, verdict in verdicts], pa.string())
    return pa.table(columns)


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def progress(reader: Reader, name: str) -> int | None:
    """Return the instant up to which something is done: `judged` or `learned`; None before the first time."""
    found = reader.rows("judgement/progress", name=name)
    return int(found[0]["at"]) if found else None


def folded(reader: Reader) -> int | None:
    """Return the mark up to which rows of `counts` are judged; None before the first judging."""
    found = reader.rows("judgement/folded")
    return int(found[0]["mark"]) if found else None
