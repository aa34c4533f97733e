"""Whole interactions as they are read for a look: their events in columns, and where each stands among the others."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bellbuoy.monitor.store.adding.places import Ints, encoded

Flags = NDArray[np.bool_]
SAID = {
    "outcome": pa.string(),
    "outcome_source": pa.string(),
    "reask": pa.bool_(),
    "retried": pa.bool_(),
    "route_expected": pa.string(),
    "handoff_accepted": pa.bool_(),
    "branch_target_met": pa.bool_(),
    "handed_off": pa.bool_(),
    "attributes": pa.map_(pa.string(), pa.string()),
}
"""What can be said of an event: columns of the table `amended`."""


class Interactions:
    """Events of whole interactions, an element a row in every array.

    Attributes:
        table: rows of `amend/rows`; of the ends those that were sent, or that the store makes.
        workflows: names.
        workflow: place among them.
        interaction: number of the interaction, without a gap.
        is_step, is_end, is_label: what the event is.
        ts: microseconds.
        order: the rows, interaction after interaction, in the order of their moments: time, step_index, attempt, identity.
        position: place in that order.
        beat: number of the moment as far as time and step_index tell, growing within an interaction.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.workflows, self.workflow = encoded(table["workflow"])
        ids, number = encoded(table["interaction_id"])
        self.interaction = np.unique(self.workflow * len(ids) + number, return_inverse=True)[1].astype(np.int64)
        self.is_step, self.is_end, self.is_label = (
            self.flags(pc.equal(table["type"], name)) for name in ("step", "interaction", "outcome")
        )
        self.ts = table["ts"].cast(pa.int64()).to_numpy()
        index = pc.fill_null(table["step_index"], -1).to_numpy().astype(np.int64)
        identity = pc.rank(table["event_id"].combine_chunks(), tiebreaker="dense").to_numpy()
        self.order = np.lexsort(
            (
                self.ints("idx"),
                self.ints("offset"),
                self.ints("stream"),
                identity,
                self.ints("attempt"),
                index,
                self.ts,
                self.interaction,
            )
        )
        self.position = np.empty(len(self.order), np.int64)
        self.position[self.order] = np.arange(len(self.order))
        moments = np.stack((self.interaction, self.ts, index))[:, self.order]
        later = np.append(False, (moments[:, 1:] != moments[:, :-1]).any(axis=0))[: len(self.order)]
        self.beat = np.cumsum(later)[self.position]

    def __len__(self) -> int:
        return len(self.order)

    @property
    def many(self) -> int:
        """How many interactions."""
        return int(self.interaction.max(initial=-1)) + 1

    def ints(self, name: str) -> Ints:
        """Return a column of numbers; 0 where there is none."""
        found: Ints = pc.fill_null(self.table[name], 0).to_numpy().astype(np.int64)
        return found

    @staticmethod
    def flags(column: Any) -> Flags:
        """Return a column of truths; false where there is none."""
        found: Flags = pc.fill_null(column, False).to_numpy(zero_copy_only=False).astype(bool)  # noqa: FBT003
        return found

    def has(self, name: str) -> Flags:
        """Tell of each event whether it has a value."""
        return self.flags(self.table[name].is_valid())

    @property
    def hands_over(self) -> Flags:
        """Whether a human or a queue goes on from here."""
        return self.flags(pc.equal(self.table["failure_branch"], "handoff")) | self.handed_to

    @property
    def handed_to(self) -> Flags:
        """Whether a handoff says that a human or a queue goes on."""
        to = pc.struct_field(self.table["handoff"], "to")
        return self.flags(pc.is_in(to, pa.array(["human", "queue"])))

    def any(self, flags: Flags) -> Flags:
        """Tell of each interaction whether some of its events is flagged."""
        return np.bincount(self.interaction[flags], minlength=self.many) > 0

    def listed(self, name: str) -> tuple[Ints, pa.Array]:
        """Return a column of lists as its elements, each with the row that it is of."""
        column = self.table[name].combine_chunks()
        return pc.list_parent_indices(column).to_numpy().astype(np.int64), pc.list_flatten(column)
