"""No event is lost or doubled on the way from Kafka itself into the store, whenever the daemon is killed."""

import gzip
import json
import random
from collections import Counter
from itertools import pairwise

import pytest
from kafka import KafkaConsumer, TopicPartition
from running_daemon import bellbuoy, until

from bellbuoy.monitor.signals import apart, rollup_sql, table
from bellbuoy.monitor.simulate import Plan, days

LOGS = ("tau_airline", "tau2_gym", "star_0512_0519")
KILLS = 4
SEED = 20


def kafka_of(address, topic):
    return {"kafka": {"bootstrap_servers": address, "topics": [topic], "group_id": topic}}


def produced(address, topic, partitions):
    """Return what stands in the topic: every (partition, offset), and the records."""
    consumer = KafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, group_id=None)
    try:
        all_ = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(all_)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(all_)
        found = {}
        while any(consumer.position(one) < ends[one] for one in all_):
            for records in consumer.poll(timeout_ms=500).values():
                found |= {(one.partition, one.offset): one.value for one in records}
        return found
    finally:
        consumer.close()


def counted(lines):
    """Count the way of a person with a pencil: (workflow, step, outcome) of the events that state them."""
    return Counter(
        (event["workflow"], event.get("step"), event.get("outcome", "unknown")) for event in map(json.loads, lines)
    )


@pytest.mark.needs_real_broker
@pytest.mark.needs_data
def test_no_event_is_lost_or_doubled_over_kills_between_kafka_and_the_store(daemon, kafka, data_dir):
    topic = kafka.topic(partitions=3)
    files = [data_dir / f"{name}.jsonl.gz" for name in LOGS]
    lines = [line for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    running = daemon([kafka_of(kafka.address, topic)], batch={"rows": 300, "every": "50ms"})
    sent = bellbuoy("replay", *files, "--to", f"kafka://{kafka.address}/{topic}", timeout=120)
    assert sent.returncode == 0, sent.stderr
    assert f"{len(lines):,} records sent".encode() in sent.stderr

    chance = random.Random(SEED)
    kills = []
    stored = 0
    for _ in range(KILLS):
        running.start()
        running.reaches(stored + chance.randint(900, 4_000))
        running.kill()
        with running.closed_store() as ask:
            ((stored, positions),) = ask("SELECT sum(received), sum(next) FROM streams")
            ((rows,),) = ask("SELECT count(*) FROM events_raw")
        kills.append((int(stored), int(rows), int(positions)))
    assert all(0 < received < len(lines) for received, _, _ in kills), f"each kill is on the way: {kills}"
    assert all(before < after for before, after in pairwise(received for received, _, _ in kills)), kills
    told = f"seed {SEED}: killed at (received, rows, sum of positions) {kills} of {len(lines)}"
    print(told)  # noqa: T201 - shown by -rP, and when the test fails

    running.start()
    running.reaches(len(lines), 90)
    code, seconds = running.stop()
    assert (code, seconds < 10) == (0, True), running.log[-2000:]

    given = produced(kafka.address, topic, 3)
    assert len(given) == len(lines)
    assert len({partition for partition, _ in given}) == 3, "all partitions have events"
    with running.closed_store() as ask:
        rows = ask('SELECT s.partition, e."offset" FROM events_raw e JOIN streams s ON s.id = e.stream')
        letters = ask("SELECT class, reason FROM dead_letters")
        assert letters == [], told
        assert len(rows) == len(given), f"lost or doubled: {len(rows)} rows for {len(given)} records; {told}"
        assert set(rows) == set(given), told
        found = Counter(
            {
                tuple(row[:3]): row[3]
                for row in ask("SELECT workflow, step, outcome, count(*) FROM events_raw GROUP BY ALL")
            }
        )
        assert found == counted(lines), told
        assert ask("SELECT sum(next), sum(received) FROM streams") == [(len(lines), len(lines))], told
        assert minutes_kept(ask) == minutes_recounted(ask), told


def minutes_kept(ask):
    rows = ask("SELECT epoch(minute)::BIGINT // 60, signal, workflow, step, n, bad FROM minutes WHERE n > 0")
    assert rows
    return {tuple(row[:4]): (row[4], row[5]) for row in rows}


def minutes_recounted(ask):
    """Return the counts of every signal in every minute, made anew from the events."""
    totals = Counter()
    for signals in apart(table()):
        columns = ["minute", "workflow", "step_name"]
        places = {}
        for place, signal in enumerate(signals):
            places[place, "n"] = len(columns)
            columns.append(f"n{place}")
            if signal.bad is not None:
                places[place, "bad"] = len(columns)
                columns.append(f"bad{place}")
        for row in ask(f"SELECT {', '.join(columns)} FROM ({rollup_sql(signals, 'events')})"):
            for place, signal in enumerate(signals):
                step = None if signal.level == "interaction" else row[2]
                key = (row[0], signal.name, row[1], step)
                if row[places[place, "n"]]:
                    totals[key, "n"] += row[places[place, "n"]]
                    totals[key, "bad"] += row[places[place, "bad"]] if (place, "bad") in places else 0
    return {key: (n, totals[key, "bad"]) for (key, kind), n in totals.items() if kind == "n"}


@pytest.mark.needs_real_broker
def test_sigterm_under_load_drains_and_the_next_life_repeats_nothing(daemon, kafka):
    topic = kafka.topic(partitions=3)
    lines = [line for _, day in days(Plan(days=12, per_day=300)) for line in day]
    running = daemon([kafka_of(kafka.address, topic)], batch={"rows": 500, "every": "50ms"})
    kafka.send(topic, lines, keys=[json.loads(line)["interaction_id"].encode() for line in lines])
    stops = []
    for _ in range(3):
        running.start()
        running.reaches((stops[-1] if stops else 0) + 1)
        code, seconds = running.stop()
        assert code == 0, running.log[-3000:]
        assert seconds < 10
        with running.closed_store() as ask:
            stops.append(int(ask("SELECT sum(received) FROM streams")[0][0]))
    assert stops[0] < len(lines), "the first stop came under load"
    running.start()
    running.reaches(len(lines))
    assert running.stop()[0] == 0
    with running.closed_store() as ask:
        distinct = 'SELECT count(*), count(DISTINCT (stream, "offset")), count(DISTINCT event_id) FROM events_raw'
        assert ask(distinct) == [(len(lines),) * 3], stops


def test_a_broker_that_is_not_there_is_tried_again_while_the_daemon_lives(daemon):
    running = daemon([kafka_of("127.0.0.1:1", "calls")]).start(ready=False)
    until(lambda: running.status("/livez") == 200, lambda: running.log[-2000:])
    said = until(
        lambda: [line for line in running.log.splitlines() if "127.0.0.1:1" in line], lambda: running.log[-2000:]
    )
    assert "Traceback" not in running.log, said
    assert running.alive
    assert running.status("/livez") == 200
    code, seconds = running.stop()
    assert code == 0, running.log[-2000:]
    assert seconds < 10
    assert "Traceback" not in running.log


@pytest.mark.needs_real_broker
def test_a_broker_that_dies_and_comes_back_costs_no_event(daemon, kafka, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    topic = kafka.topic(partitions=2)
    lines = [line for _, day in days(Plan(days=6, per_day=200)) for line in day]
    half = len(lines) // 2
    running = daemon([kafka_of(kafka.address, topic)], batch={"rows": 500, "every": "50ms"})
    kafka.send(topic, lines[:half])
    running.start()
    running.reaches(1)
    kafka.broker.kill()
    try:
        until(lambda: "127.0.0.1" in running.log, lambda: "a word about the broker")
        assert running.status("/livez") == 200
        assert running.status("/readyz") == 200, "a dead broker does not make the daemon unready: its metrics tell"
    finally:
        kafka.broker.start()
    kafka.send(topic, lines[half:])
    running.reaches(len(lines), 90)
    assert running.stop()[0] == 0
    assert "Traceback" not in running.log, running.log[-3000:]
    with running.closed_store() as ask:
        distinct = 'SELECT count(*), count(DISTINCT (stream, "offset")), count(DISTINCT event_id) FROM events_raw'
        assert ask(distinct) == [(len(lines),) * 3]


@pytest.mark.needs_real_broker
def test_a_topic_that_comes_later_is_read_from_its_beginning(daemon, kafka):
    topic = f"{kafka.topic()}-later"
    running = daemon([kafka_of(kafka.address, topic)]).start(ready=False)
    until(lambda: topic in running.log, lambda: running.log[-2000:])
    kafka.create(topic, 2)
    lines = [line for _, day in days(Plan(days=1, per_day=50)) for line in day]
    kafka.send(topic, lines)
    until(lambda: running.metric("events_total", result="stored") == len(lines), lambda: running.log[-2000:], 60)
    assert running.stop()[0] == 0
