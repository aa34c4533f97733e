"""What the benchmark of the ingest tells: its verdicts, its table, and that the page shows what was measured."""

import json
from pathlib import Path

import pytest

from bellbuoy.bench import ingest, ingest_rates, ingest_sustained, machine
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream

ROOT = Path(__file__).parent.parent.parent


def rates(**ratios):
    way = {"wall": 1000, "wall_spread": [900, 1100], "cpu": 2000, "cpu_spread": [1900, 2100]}
    good = {"c/a": (0.5, 0.45), "c/a*": (0.4, 0.3), "d/b": (0.6, 0.55), "d/b*": (0.4, 0.3)} | ratios
    return {
        "events": 10,
        "bytes": 555.0,
        "rounds": 5,
        **dict.fromkeys("abcd", way),
        "a*": way,
        "b*": way,
        **{name: {"wall": wall, "cpu": cpu} for name, (wall, cpu) in good.items()},
    }


def test_a_ratio_that_is_missed_is_named():
    assert ingest.missed_rates(rates()) == []
    assert ingest.missed_rates(rates(**{"c/a": (0.39, 0.41), "d/b": (0.6, 0.1)})) == [
        "c/a is 0.39 by the wall, promised 0.40",
        "d/b is 0.10 a CPU-second, promised 0.50",
    ]


def test_a_busy_machine_is_refused_and_can_be_measured_anyway(monkeypatch, capsys):
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (3.2, 0, 0))
    monkeypatch.setattr(ingest, "measure", lambda *_: rates())
    assert ingest.main([]) == 75
    assert capsys.readouterr().err == (
        "Error: the load of this machine is 3.2, more than 1: a figure taken now says little; "
        "wait, or measure all the same with --anyway\n"
    )
    assert ingest.main(["--anyway"]) == 0


def test_the_result_is_written_and_a_missed_promise_ends_with_1(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(ingest, "measure", lambda *_: rates(**{"c/a": (0.1, 0.1)}))
    assert ingest.main(["--anyway", "--json", "--out", str(tmp_path / "results" / "one.json")]) == 1
    written = json.loads((tmp_path / "results" / "one.json").read_text())
    assert written == json.loads(capsys.readouterr().out)
    assert written["c/a"] == {"wall": 0.1, "cpu": 0.1}
    assert set(written["machine"]) >= {"cores", "python", "duckdb", "kafka-python"}


def test_the_daemon_keeps_its_promises_or_says_which_not():
    kept = {"rss_max_mb": 600, "transaction_max_s": 0.5, "p99_s": 1.9}
    assert ingest.missed_daemon(kept) == []
    assert ingest.missed_daemon({"rss_max_mb": 601, "transaction_max_s": 1.0, "p99_s": 2.5}) == [
        "RSS was 601 MB, promised 600",
        "a transaction took up to 1.0 s, promised 0.5",
        "p99 was 2.50 s, promised 2.0",
    ]


def test_the_slope_is_that_of_the_last_half():
    def rss(second):
        grown = 2.0 * second if second < 200 else 400.0 + (second - 200) * 0.5
        return 100.0 + grown + (40.0 if second % 7 == 3 else 0.0)  # what is in flight comes and goes

    samples = [(float(s), 1000.0 * s, rss(s), 0.5 * s) for s in range(401)]
    told = ingest_sustained.told(samples)
    assert {**told, "rss_max_mb": 0} == {
        "stored": 400_000,
        "wall": 1000,
        "cpu": 2000,
        "rss_max_mb": 0,
        "rss_slope_mb_per_min": 30.0,
    }


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 0.5), (0.25, 0.25), (0.9, 1.8), (1.0, 2.0)])
def test_a_quantile_is_interpolated_within_its_bucket(share, seconds):
    assert ingest_sustained.quantile([(0.5, 50.0), (1.0, 50.0), (2.0, 100.0), (float("inf"), 100.0)], share) == seconds


def test_the_messages_are_good_and_distinct_and_can_be_patched_in_place():
    values = list(ingest.events(180))
    chunk = Chunk(Stream("t", "t", 0, ""), range(180), values, 180)
    batch = decode(chunk, stream_id=1, received_at_us=1_770_000_100_000_000, limits=Limits())
    assert (batch.rows, batch.letters) == (180, [])
    assert len(set(batch.table["event_id"].to_pylist())) == 180
    assert {len(json.loads(value)["ts"]) for value in values} == {27}
    assert {len(json.loads(value)["interaction_id"]) for value in values} == {17}


def test_the_four_ways_store_and_read_every_message(kafka):
    found = ingest_rates.measure(kafka.address, 1_800, 1, 2, "lz4")
    assert {way: found[way]["wall"] > 0 for way in ingest_rates.WAYS} == dict.fromkeys(ingest_rates.WAYS, True)
    assert found["c/a"]["cpu"] == pytest.approx(found["c"]["cpu"] / found["a"]["cpu"], rel=0.01)


def test_the_daemon_tells_how_late_it_stores(kafka):
    found = ingest_sustained.latency(kafka.address, 2.0, 450.0, 2)
    assert found["events"] == 900
    assert 0.0 < found["p50_s"] <= found["p99_s"]
    assert found["transactions"] >= 1


def test_the_page_shows_what_was_measured():
    page = (ROOT / "docs" / "performance.md").read_text()
    assert ingest.placed(page, ingest.markdown(ROOT / "bench" / "results")) == page
