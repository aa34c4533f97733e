"""Which events say something of others of their interaction: in SQL, and of a batch that arrives."""

import pyarrow as pa
import pyarrow.compute as pc

TRIGGER = (
    "(type = 'outcome' OR attempt > 1 OR len(slots_asked) > 0 OR failure_branch = 'handoff' "
    "OR (type = 'step' AND handoff.\"to\" IN ('human', 'queue')))"
)
"""SQL of an event that does."""


def says(table: pa.Table) -> bool:
    """Tell whether some event of a batch may be one of them."""
    return bool(
        pc.any(pc.equal(table["type"], "outcome")).as_py()
        or (pc.max(table["attempt"]).as_py() or 1) > 1
        or table["slots_asked"].null_count < table.num_rows
        or table["handoff"].null_count < table.num_rows
        or pc.any(pc.equal(table["failure_branch"], "handoff")).as_py()
    )
