"""What a changed configuration leaves behind in the store is neither shown as present nor passed over in silence."""

from dataclasses import replace

import msgspec
import pytest

from bellbuoy.detectors.base import BLOCKS, Verdict
from bellbuoy.monitor.explain.picture import block
from bellbuoy.monitor.judging.judgement_rows import verdict_rows
from bellbuoy.monitor.judging.records import verdict_of
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.notify import unserved

AT = 1_780_272_000
DAY = 86400


def verdict(at, state):
    return Verdict(state, at, None, 0.05, 0.05, 0.0, 0.0, 100, 5, 1.0, 12.0, "why")


def test_the_verdict_of_a_detector_that_is_gone_is_not_shown(store):
    series = SeriesKey("step_failure", "calls", "qualify")
    rows = [
        (Watched("old", series), verdict(AT - 4 * DAY, "worse")),
        (Watched("rare", series), verdict(AT - 2 * DAY, "watch")),
        (Watched("new", series), verdict(AT, "steady")),
    ]
    with store.transaction() as tx:
        tx.insert("verdicts_raw", verdict_rows(rows))
    assert [row["detector"] for row in store.rows("judgement/verdicts_now")] == ["new", "rare"]


def test_pages_for_a_sink_that_is_gone_are_counted(store):
    with store.transaction() as tx:
        for sink in ("slack", "pager"):
            tx.run("outbox/add", incident="inc_1", sink=sink, number=1, at=AT)
    assert unserved(store, {"pager", "other"}) == {"slack": 1}


@pytest.mark.parametrize(
    ("bucket", "tick", "ticks"), [(3600, 300, 12), (3600, 60, 48), (3600, 3600, 1), (DAY, 900, 96)]
)
def test_the_band_of_a_bucket_scatters_as_the_longest_block_that_it_holds(bucket, tick, ticks):
    assert BLOCKS[block(bucket, tick)] == ticks


def test_a_verdict_without_evidence_comes_back_as_it_was():
    one = replace(verdict(AT, "steady"), evidence=float("-inf"))
    assert verdict_of(msgspec.json.encode(one).decode()) == one
