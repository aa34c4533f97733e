"""A flood of broken messages amid good ones: each is stored, a dead letter with a reason or a duplicate; memory is flat."""

import importlib.util
import json
import os
import random
import sys
import time
from pathlib import Path

import pytest

from bellbuoy.config.server import Store as Settings
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.store import Store

pytestmark = pytest.mark.timeout(7200)

HERE = Path(__file__).parent
MESSAGES = int(os.environ.get("BELLBUOY_FLOOD", "100000"))
BATCH = 5000
NOW = 1_795_400_000
WARM = 0.25
"""Share of the flood after which memory is measured: pools and windows are filled by then."""
GROWTH_MB = 60


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


def good(number):
    event = {
        "type": "step",
        "event_id": f"good{number}",
        "ts": (NOW - 3600) * 1000 + number % 3_000_000,
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


def test_every_message_of_a_flood_finds_its_place_and_memory_is_flat(tmp_path, record_property):
    seed = int(os.environ.get("BELLBUOY_SEED", "7"))
    rng = random.Random(seed)
    hostile, plain = corpus()
    begin = [*hostile, plain, *real_lines()]
    stream = Stream("kafka", "flood", 0, "e")
    limits = Limits(refuse_ahead_s=10 * 365 * 86400)
    rows = letters = duplicates = neighbours = 0
    memory = []
    began = time.monotonic()
    with Store.open(tmp_path / "b.duckdb", Settings(memory_limit=256 << 20, checkpoint=32 << 20)) as store:
        for first in range(0, MESSAGES, BATCH):
            values = []
            for number in range(first, min(first + BATCH, MESSAGES)):
                if number % 4 == 0:
                    values.append(good(number))
                    neighbours += 1
                else:
                    values.append(mutated(rng, rng.choice(begin)))
            chunk = Chunk(stream, range(first, first + len(values)), values, first + len(values))
            batch = decode(
                chunk, stream_id=store.stream_id(stream), received_at_us=(NOW + first // BATCH) * 10**6, limits=limits
            )
            done = store.append(batch)
            rows += done.rows
            letters += done.letters
            duplicates += done.duplicates
            assert done.refused == 0, "the store refused what the decoder let through"
            memory.append(rss_mb())
        ask = store.cursor().execute
        assert rows + letters + duplicates == MESSAGES
        assert ask("SELECT count(*) FROM events_raw").fetchall() == [(rows,)]
        told = ask('SELECT count(*), count(DISTINCT "offset"), min(length(reason)) > 0 FROM dead_letters').fetchall()
        assert told == [(letters, letters, True)]
        kept = "SELECT count(*), count(DISTINCT event_id) FROM events_raw WHERE event_id LIKE 'good%'"
        assert ask(kept).fetchall() == [(neighbours, neighbours)], "a good neighbour is not there"
        kinds = dict(ask("SELECT class, count(*) FROM dead_letters GROUP BY ALL ORDER BY ALL").fetchall())
    warm = memory[int(len(memory) * WARM)]
    millions = MESSAGES * (1 - WARM) / 1e6
    growth = max(memory[-3:]) - warm
    text = (
        f"seed {seed}: {MESSAGES} messages in {time.monotonic() - began:.0f} s: {rows} stored, {letters} dead letters "
        f"{kinds}, {duplicates} duplicates; memory {warm:.0f} MB, then {growth / millions:+.1f} MB a million"
    )
    record_property("flood", text)
    sys.stdout.write(text + "\n")
    assert growth < GROWTH_MB, text
    assert letters > MESSAGES / 4, "the flood was tame"
