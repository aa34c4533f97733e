"""Every line of the real logs is an event."""

import gzip
from collections import Counter

import pyarrow.compute as pc
import pytest

from bellbuoy.monitor.event import Limits, concat, decode
from bellbuoy.monitor.sources.base import Chunk, Stream

NOW_US = 1_795_344_000_000_000
FILES = {  # events, interactions, and how many interactions failed, from the data's own README
    "letsgo_2006_2009": (64_649, 64_649, 13_628),
    "star_0512_0519": (34_521, 3_584, 334),
    "tau_airline": (2_744, 200, 116),
    "tau2_gym": (5_623, 330, 7 + 10 + 41 + 6 + 6 + 10 + 22 + 6 + 20),
}


@pytest.mark.needs_data
@pytest.mark.parametrize("name", FILES)
def test_a_real_log_decodes_without_a_dead_letter(data_dir, name):
    lines = gzip.decompress((data_dir / f"{name}.jsonl.gz").read_bytes()).splitlines()
    stream = Stream("files", name, 0, "")
    batch = concat(
        [
            decode(
                Chunk(stream, range(at, at + len(lines[at : at + 20_000])), lines[at : at + 20_000], at + 20_000),
                stream_id=1,
                received_at_us=NOW_US,
                limits=Limits(),
            )
            for at in range(0, len(lines), 20_000)
        ]
    )
    events, interactions, failed = FILES[name]
    assert (batch.rows, batch.letters, batch.unknown_fields) == (events, [], Counter())
    kinds = Counter(batch.table["type"].to_pylist())
    assert kinds["interaction"] == interactions
    assert pc.count_distinct(batch.table["event_id"]).as_py() == events
    ends = batch.table.filter(pc.equal(batch.table["type"], "interaction"))
    bad = pc.is_in(ends["outcome"], pc.cast(["failure", "timeout", "abandoned"], "string"))
    assert pc.sum(bad).as_py() == failed
    assert pc.all(batch.table["counted"]).as_py()
