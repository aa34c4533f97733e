"""The signals of real logs, counted through the store, are the integers that were counted independently of it."""

import gzip
import json

import pytest

from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

pytestmark = [pytest.mark.needs_data, pytest.mark.store]

NOW_US = 1_764_374_400_000_000
SIGNALS = ("interaction_failure", "handoff", "step_failure", "first_try_failure", "integration_failure", "reask")
# of each file: how many events were tried again, and by key (bad, trials) of each signal, from the data's own README
STAR = {
    ("happy",): ((50, 2738), (0, 2738), (1088, 24693), (1163, 24693), (386, 6919), (184, 4801)),
    ("edge",): ((284, 846), (0, 846), (312, 5878), (329, 5878), (40, 1543), (86, 1138)),
}
TAU = {("tau-airline", "gpt-4o"): ((116, 200), (48, 200), (10, 1101), (38, 1101), (73, 1024), (0, 0))}
TUNED = "ft-gpt-4.1-tau2-full-sft"
TAU2 = {
    ("tau2-airline", TUNED): ((7, 20), (6, 20), (0, 146), (1, 146), (1, 141), (0, 0)),
    ("tau2-airline", "gpt-4.1"): ((10, 20), (3, 20), (0, 147), (1, 147), (1, 145), (0, 0)),
    ("tau2-airline", "qwen2.5:7b"): ((41, 50), (6, 50), (20, 285), (38, 285), (79, 338), (0, 0)),
    ("tau2-retail", TUNED): ((6, 40), (1, 40), (14, 283), (21, 279), (23, 291), (0, 0)),
    ("tau2-retail", "gpt-4.1"): ((6, 40), (2, 40), (6, 293), (9, 293), (12, 297), (0, 0)),
    ("tau2-telecom", TUNED): ((10, 40), (16, 40), (1, 647), (1, 647), (10, 640), (0, 0)),
    ("tau2-telecom", "gpt-4.1"): ((22, 40), (25, 40), (0, 207), (0, 207), (0, 182), (0, 0)),
    ("tau2-telecom-solo", TUNED): ((6, 40), (18, 40), (0, 589), (0, 589), (0, 571), (0, 0)),
    ("tau2-telecom-solo", "gpt-4.1"): ((20, 40), (13, 40), (2, 626), (2, 626), (2, 613), (0, 0)),
}
FILES = {
    "star_0512_0519": (366, "path", STAR),
    "tau_airline": (63, "workflow, model", TAU),
    "tau2_gym": (85, "workflow, model", TAU2),
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_log_gives_the_integers_of_the_independent_count(data_dir, name):
    lines = gzip.decompress((data_dir / f"{name}.jsonl.gz").read_bytes()).splitlines()
    stream = Stream("files", name, 0, "")
    again, keys, wanted = FILES[name]
    with Store.open(None) as store:
        for at in range(0, len(lines), 3000):
            part = lines[at : at + 3000]
            chunk = Chunk(stream, range(at, at + len(part)), part, at + len(part))
            store.append(decode(chunk, stream_id=store.stream_id(stream), received_at_us=NOW_US, limits=Limits()))
            store.amend()
        cursor = store.cursor()
        assert cursor.execute("SELECT count(*) FROM amended WHERE retried").fetchone() == (again,)
        asked = (
            f"SELECT signal, {keys}, count(*) FILTER (bad), count(*) FROM trials WHERE signal IN {SIGNALS} GROUP BY ALL"
        )
        found = {(row[0], *row[1:-2]): row[-2:] for row in cursor.execute(asked).fetchall()}
        assert found == {
            (signal, *key): counts
            for key, row in wanted.items()
            for signal, counts in zip(SIGNALS, row, strict=True)
            if counts[1]
        }
        asked = f"SELECT signal, sum(bad), sum(n) FROM minutes WHERE signal IN {SIGNALS} GROUP BY signal"
        sums = {row[0]: row[1:] for row in cursor.execute(asked).fetchall()}
        totals = {
            signal: tuple(map(sum, zip(*column, strict=True)))
            for signal, column in zip(SIGNALS, zip(*wanted.values(), strict=True), strict=True)
        }
        assert sums == {signal: total for signal, total in totals.items() if total[1]}


def test_re_asks_follow_from_slots_where_the_log_marks_them(data_dir):
    events = [
        json.loads(line) for line in gzip.decompress((data_dir / "star_0512_0519.jsonl.gz").read_bytes()).splitlines()
    ]
    marked = {event["event_id"]: event["reask"] for event in events if "reask" in event}
    for event in events:  # a question is its own slot, and is answered before the next step
        if event.pop("reask", None) is not None:
            event["slots_asked"] = event["slots_filled"] = [event["step"]]
        event.pop("reask_slot", None)
    lines = [json.dumps(event).encode() for event in events]
    stream = Stream("files", "star", 0, "")
    with Store.open(None) as store:
        chunk = Chunk(stream, range(len(lines)), lines, len(lines))
        store.append(decode(chunk, stream_id=store.stream_id(stream), received_at_us=NOW_US, limits=Limits()))
        store.amend()
        found = dict(
            store.cursor().execute("SELECT event_id, reask FROM events WHERE slots_asked IS NOT NULL").fetchall()
        )
    assert len(found) == len(marked) == 5939
    agree = sum(bool(found[key]) for key, again in marked.items() if again)
    assert (agree, sum(marked.values()), sum(bool(again) for again in found.values())) == (270, 270, 270)
