"""Labels that all come two days after what they are about still open an incident, and count on their true day."""

import json
import random

from bellbuoy.config.load import load_text
from bellbuoy.monitor.demo import STREAM
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.sources.base import Chunk
from bellbuoy.monitor.store import Store

DAY = 86_400
START = 1_793_491_200  # 2026-11-01
DELAY = 2
WORSE_FROM, DAYS, PER_DAY = 30, 40, 150
CONFIG = load_text("""
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
detectors: [{ name: wrong-bucket, signal: misroute, by: [workflow, step], kind: rate_shift }]
""")


def lines_of(day, rng):
    """The routes of a day, and the labels of those two days before it: 3 % wrong, from a day on 20 %."""
    made = []
    for number in range(PER_DAY):
        at = (START + day * DAY + number * DAY // PER_DAY) * 1000
        base = {"workflow": "lead", "ts": at}
        made.append(
            base
            | {
                "type": "step",
                "step": "route",
                "interaction_id": f"{day}.{number}",
                "outcome": "success",
                "route": {"chosen": "a"},
            }
        )
        if day >= DELAY:
            wrong = rng.random() < (0.2 if day - DELAY >= WORSE_FROM else 0.03)
            label = {
                "type": "outcome",
                "step": "route",
                "interaction_id": f"{day - DELAY}.{number}",
                "route_expected": "b" if wrong else "a",
            }
            made.append(base | label)
    return [json.dumps(one).encode() for one in made]


def test_labels_that_are_two_days_late_open_an_incident_and_count_on_their_day():
    rng, sent, told = random.Random(4), 0, []
    with Store.open(None, CONFIG.store) as store:
        store.follow(CONFIG)
        evaluation = Evaluation(store, CONFIG)
        for day in range(DAYS):
            lines = lines_of(day, rng)
            chunk = Chunk(STREAM, range(sent, sent + len(lines)), lines, sent + len(lines))
            at = (START + (day + 1) * DAY) * 1_000_000
            store.append(decode(chunk, stream_id=store.stream_id(STREAM), received_at_us=at, limits=Limits()))
            sent += len(lines)
            told += evaluation.advance(START + (day + 1) * DAY)
        [(change, page)] = [one for one in told if one[0].kind == "opened"]
        assert WORSE_FROM + DELAY < (change.at - START) / DAY <= WORSE_FROM + DELAY + 2
        assert "misroutes of route rose from" in page.headline
        days = dict(
            store.cursor()
            .execute(
                "SELECT epoch(minute)::BIGINT // 86400 - 20758, sum(n) FROM minutes WHERE signal = 'misroute' GROUP BY 1"
            )
            .fetchall()
        )
        assert days == dict.fromkeys(range(DAYS - DELAY), PER_DAY)
