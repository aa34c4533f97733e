"""Where each row of a batch counts: its minute, its workflow and its step, as small numbers."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MINUTE_US = 60_000_000
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

    def only(self, rows: NDArray[np.bool_]) -> "Places":
        """Return the places of some rows."""
        return Places(self.workflows, self.steps, self.workflow[rows], self.step[rows], self.ts_us[rows])


def places_of(table: pa.Table) -> Places:
    """Return where the rows of a batch count; a name that is no UTF-8 is shown with marks for what cannot be read."""
    workflows, workflow = _encoded(table["workflow"])
    steps, step = _encoded(table["step"])
    ts_us = table["ts"].combine_chunks().view(pa.int64()).to_numpy()
    return Places(workflows, [*steps, None], workflow, step, ts_us)


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """Return the distinct values, and for each row the place of its own; null comes after all of them."""
    coded = column.combine_chunks()
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):  # too long for one array
        coded = coded.unify_dictionaries().combine_chunks()
    names = [value.decode("utf-8", "replace") for value in coded.dictionary.cast(pa.binary()).to_pylist()]
    indices = coded.indices.fill_null(len(names)) if coded.indices.null_count else coded.indices
    return names, indices.to_numpy().astype(np.int64)
