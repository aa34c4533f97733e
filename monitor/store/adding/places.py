"""Where each row of a batch counts: its minute, its workflow and its step, as small numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bellbuoy.config.signals import Level
from bellbuoy.monitor.signals import BETWEEN, LONGEST, NONE

MINUTE_US = 60_000_000
NAMED: dict[Level, str] = {"integration": "system", "action": "class"}
"""By which field of an event's object of that name its trials are named, at some levels."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows of a batch count, an element a row.

    Attributes:
        workflows: names.
        steps: names; the last one is None, for rows without a step.
        workflow, step: place in these lists.
        ts_us: event time, microseconds.
    """

    workflows: list[str]
    steps: list[str | None]
    workflow: Ints
    step: Ints
    ts_us: Ints

    @property
    def minute(self) -> Ints:
        """Minutes since 1970."""
        return self.ts_us // MINUTE_US

    @property
    def pair(self) -> Ints:
        """One number for workflow and step; see `names`."""
        return self.workflow * len(self.steps) + self.step

    @property
    def names(self) -> list[tuple[str, str | None]]:
        """Workflow and step by `pair`."""
        return [(workflow, step) for workflow in self.workflows for step in self.steps]

    def named(self, table: pa.Table, level: Level) -> tuple[Ints, list[tuple[str, str | None]]]:
        """Return for each row the place of its workflow and of what its trials at a level are named after, and those names.

        Args:
            table: the rows.
            level: of steps and interactions: the step; else the system that was called, the class of the action.
        """
        if level not in NAMED:
            return self.pair, self.names
        names, code = encoded(pc.struct_field(table[level], NAMED[level]))
        pairs = [(workflow, name) for workflow in self.workflows for name in (*names, None)]
        return self.workflow * (len(names) + 1) + code, pairs

    def strata(self, table: pa.Table, fields: Sequence[str]) -> tuple[Ints, list[str]]:
        """Return the stratum of each row, and the strata's names: the values of the fields as `segment_sql` tells them.

        Args:
            table: the rows.
            fields: of the event; one that no row has is none in all of them.
        """
        code, names = np.zeros(table.num_rows, np.int64), [""]
        for number, field in enumerate(fields):
            values, places = _values(table, field)
            seen, code = np.unique(code * len(values) + places, return_inverse=True)
            pairs = [(names[one // len(values)], values[one % len(values)]) for one in seen.tolist()]
            names = [f"{before}{BETWEEN}{value}" if number else value for before, value in pairs]
        return code.astype(np.int64), names

    def only(self, rows: NDArray[np.bool_]) -> "Places":
        """Return the places of some rows."""
        return Places(self.workflows, self.steps, self.workflow[rows], self.step[rows], self.ts_us[rows])


def places_of(table: pa.Table) -> Places:
    """Return where the rows of a batch count; a name that is no UTF-8 is shown with marks for what cannot be read."""
    workflows, workflow = encoded(table["workflow"])
    steps, step = encoded(table["step"])
    ts_us = table["ts"].combine_chunks().view(pa.int64()).to_numpy()
    return Places(workflows, [*steps, None], workflow, step, ts_us)


def _values(table: pa.Table, field: str) -> tuple[list[str], Ints]:
    """Return the values of a field, shortened, and for each row the place of its own."""
    head, dot, key = field.partition(".")
    column = None
    if dot and head == "attributes":
        if "attributes" in table.column_names:
            column = pc.map_lookup(table["attributes"], pa.scalar(key), "first")
    elif field in table.column_names:
        column = table[field]
    if column is None:
        return [NONE], np.zeros(table.num_rows, np.int64)
    names, places = encoded(column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column]))
    return [*(name[:LONGEST] for name in names), NONE], places


def encoded(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """Return the distinct values, and for each row the place of its own; null comes after all of them."""
    coded = column.combine_chunks()
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):  # too long for one array
        coded = coded.unify_dictionaries().combine_chunks()
    names = [value.decode("utf-8", "replace") for value in coded.dictionary.cast(pa.binary()).to_pylist()]
    indices = coded.indices.fill_null(len(names)) if coded.indices.null_count else coded.indices
    return names, indices.to_numpy().astype(np.int64)
