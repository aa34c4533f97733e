"""A flood of broken messages amid good ones: each is stored, a dead letter with a reason or a duplicate; memory is flat.

What a daemon holds grows with what its store holds: 8 bytes for each event of the last day (the duplicates' window), and
some 4 MB for each million rows in DuckDB's account of its tables. Both have a bound, `ingest.duplicates` and
`store.retention`, and the flood is long enough to reach it: its clock lets a day pass with each `KEPT` messages, and what
is a day old leaves. From then on nothing may grow.

The resident size by itself goes up and down by 100 MB, with each merge of the log and with the pages that DuckDB keeps, up
to `memory_limit`. So not two moments are compared, but the medians of two thirds of the time.
"""

import importlib.util
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bellbuoy.config.server import Retention
from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.memory import frugal
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.timeout(7200)

HERE = Path(__file__).parent
MESSAGES = int(os.environ.get("BELLBUOY_FLOOD", "100000"))
BATCH = 5000
NOW = 1_795_400_000
DAY = 86400
KEPT = max(BATCH, MESSAGES // 8)
"""Messages of a day of the flood's clock."""
WARM = 0.25
"""Share of the flood after which memory is measured: twice a day has left by then, and pools and windows are filled."""
GROWTH_MB = 20


def corpus():
    """Return messages to begin with: those of the hostile cases, each with what is wrong with it."""
    path = HERE.parent / "monitor" / "event" / "test_hostile_messages.py"
    spec = importlib.util.spec_from_file_location("hostile_cases", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [value for _, value, *_ in module.REFUSED], module.B


def real_lines(most=2000):
    """Return lines of the real logs, where they are."""
    folder = Path(os.environ.get("BELLBUOY_DATA") or HERE.parent.parent.parent / "shared" / "data")
    lines = []
    for path in sorted(folder.rglob("*.jsonl"))[:20] if folder.is_dir() else ():
        with path.open("rb") as file:
            lines += [line.strip() for line, _ in zip(file, range(most // 20), strict=False)]
    return lines


def clock(number):
    """Return when a message arrives, epoch seconds."""
    return NOW + number * DAY // KEPT


def good(number):
    event = {
        "type": "step",
        "event_id": f"good{number}",
        "ts": (clock(number) - 60) * 1000,
        "interaction_id": f"i{number // 8}",
        "workflow": "w",
        "step": ("greet", "qualify", "close")[number % 3],
        "outcome": "success",
    }
    return json.dumps(event).encode()


def flipped(rng, value):
    there = bytearray(value or b"{}")
    for _ in range(rng.randint(1, 8)):
        there[rng.randrange(len(there))] ^= 1 << rng.randrange(8)
    return bytes(there)


def swapped(rng, value):
    try:
        event = json.loads(value)
    except (ValueError, RecursionError):
        return flipped(rng, value)
    if not isinstance(event, dict) or not event:
        return flipped(rng, value)
    values = (None, True, -1, 1 << 70, 1e308, "", "x" * 300, [], {}, [[[]]], "\u0000", "2026-13-45", 0.1)
    event[rng.choice(list(event))] = rng.choice(values)
    return json.dumps(event).encode()


def mutated(rng, value):
    """Return the value broken in one of the ways of producers, networks and enemies."""
    way = rng.random()
    if way < 0.3:
        return flipped(rng, value)
    if way < 0.45:
        return value[: rng.randrange(len(value) + 1)]
    if way < 0.75:
        return swapped(rng, value)
    if way < 0.8:
        return value[:-1] + b',"x":' + b"[" * rng.randint(1, 600) + b"]" * rng.randint(1, 600) + b"}"
    if way < 0.85:
        return value[:-1] + b',"latency_ms":' + b"9" * rng.randint(1, 400) + b"}"
    if way < 0.9:
        return value[:-1] + b',"step":"\xff\xfe\xed\xa0\x80"}'
    if way < 0.95:
        return value[:-1] + b',"step":"again","step":"and again"}'
    if way < 0.9995:
        return rng.randbytes(rng.randint(0, 200))
    return value[:-1] + b',"x":"' + b"y" * rng.randint(65_000, 200_000) + b'"}'


def rss_mb():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def found(ask, since, until):
    """Return what the store holds of a span of messages: events, good neighbours, dead letters."""
    span = f'"offset" >= {since} AND "offset" < {until}'
    events, good, goods = ask(
        "SELECT count(*), count(*) FILTER (event_id LIKE 'good%'), count(DISTINCT event_id) FILTER (event_id LIKE 'good%') "
        f"FROM events_raw WHERE {span}"
    ).fetchone()
    assert good == goods, "a good neighbour is there twice"
    told = 'SELECT count(*), count(DISTINCT "offset"), coalesce(min(length(reason)), 1) FROM dead_letters_raw WHERE '
    letters, places, shortest = ask(told + span).fetchone()
    assert letters == places
    assert shortest > 0, "a dead letter has no reason"
    return events, good, letters


def test_every_message_of_a_flood_finds_its_place_and_memory_is_flat(tmp_path, record_property):
    seed = int(os.environ.get("BELLBUOY_SEED", "7"))
    rng = random.Random(seed)
    hostile, plain = corpus()
    begin = [*hostile, plain, *real_lines()]
    stream = Stream("kafka", "flood", 0, "e")
    limits = Limits(refuse_ahead_s=10 * 365 * DAY, keep_s=400 * DAY)
    retention = Retention(events=DAY, dead_letters=DAY)
    rows = letters = duplicates = seen = 0
    since, neighbours, memory, kinds = 0, 0, [], Counter()
    here = (0, 0)
    frugal()  # as the daemon does
    began = time.monotonic()
    with Store.open(tmp_path / "b.duckdb", Settings(memory_limit=256 << 20, checkpoint=32 << 20)) as store:

        def ask(sql):
            return store.cursor().execute(sql)  # the file is opened anew now and then

        for first in range(0, MESSAGES, BATCH):
            upto = min(first + BATCH, MESSAGES)
            values = [mutated(rng, rng.choice(begin)) if number % 4 else good(number) for number in range(first, upto)]
            neighbours += sum(number % 4 == 0 for number in range(first, upto))
            chunk = Chunk(stream, range(first, upto), values, upto)
            batch = decode(chunk, stream_id=store.stream_id(stream), received_at_us=clock(first) * 10**6, limits=limits)
            done = store.append(batch)
            rows += done.rows
            letters += done.letters
            duplicates += done.duplicates
            kinds.update(done.kinds)
            assert done.refused == 0, "the store refused what the decoder let through"
            memory.append(rss_mb())
            if upto == MESSAGES or upto - since >= KEPT:
                events, kept, told = found(ask, since, upto)
                assert (here[0] + events, here[1] + told) == (rows, letters)
                assert kept == neighbours, "a good neighbour is not there"
                here, since, neighbours, seen = (rows, letters), upto, 0, seen + kept
                left = store.retain(clock(first), retention)
                assert left.kept == 0
        assert rows + letters + duplicates == MESSAGES
        assert ask("SELECT count(*) FROM dead_letters_raw").fetchone()[0] <= 2 * KEPT, "dead letters do not leave"
    third = int(len(memory) * (1 - WARM) / 3)
    warm, late = statistics.median(memory[-3 * third : -2 * third]), statistics.median(memory[-third:])
    text = (
        f"seed {seed}: {MESSAGES} messages in {time.monotonic() - began:.0f} s: {rows} stored ({seen} good ones), {letters} dead "
        f"letters {dict(kinds)}, {duplicates} duplicates; memory {warm:.0f} MB, at the end {late - warm:+.1f} MB, "
        f"{min(memory[-3 * third :]):.0f} to {max(memory[-3 * third :]):.0f} MB"
    )
    record_property("flood", text)
    sys.stdout.write(text + "\n")
    assert late - warm < GROWTH_MB, text
    assert letters > MESSAGES / 4, "the flood was tame"
