"""A disk without room: reading pauses and says so, nothing stored is lost, and work goes on when there is room again."""

import resource

from daemon_traffic import ALL, GOOD, Traffic
from fake_slack import CHANNEL
from fault_proxy import RATE_LIMITED
from running_daemon import until


def room(running, size):
    """Let no file of the daemon grow past `size` bytes: its disk is full for it, and for it alone."""
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_pauses_everything_and_room_brings_it_back(daemon, fake_slack, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl")
    token = tmp_path / "token"
    token.write_text(fake_slack.token)
    settings = {"channel": CHANNEL, "bot_token": {"file": str(token)}, "api_url": fake_slack.api_url}
    running = daemon([traffic.source], sinks={"slack": {"slack": settings}})
    traffic.until(GOOD)
    running.start()
    running.judged(traffic.at)
    stored = running.received
    full = max(path.stat().st_size for path in running.folder.glob("store.duckdb*")) // 4096 * 4096
    room(running, full)
    traffic.until(GOOD + 2)
    until(lambda: running.status("/readyz") == 503, lambda: running.log[-3000:])
    ready = running.get("/readyz?verbose")[1]
    assert "[-] store:" in ready, ready
    assert running.status("/livez") == 200
    assert running.metric("store_writable") == 0
    assert running.received >= stored, "what was stored can be read"
    until(lambda: running.log.count("reading pauses") == 1, lambda: running.log[-3000:])
    room(running, resource.RLIM_INFINITY)
    until(lambda: running.received == traffic.events, lambda: running.log[-3000:], 30)
    until(lambda: running.status("/readyz") == 200, lambda: running.get("/readyz?verbose"), 30)
    running.judged(traffic.at)
    traffic.until(ALL)
    until(
        lambda: [row for row in running.query("select state from incidents") if row["state"] == "resolved"],
        lambda: running.log[-3000:],
    )
    until(
        lambda: fake_slack.posts and fake_slack.posts[0].metadata["event_payload"]["state"] == "resolved",
        lambda: running.log[-3000:],
    )
    assert fake_slack.messages == 1
    assert running.alive
    assert running.stop()[0] == 0
    assert "Traceback" not in running.log, running.log[-3000:]
    with running.closed_store() as ask:
        counted = 'SELECT count(*), count(DISTINCT (stream, "offset")) FROM events_raw'
        assert ask(counted) == [(traffic.events, traffic.events)]


def test_a_page_that_waits_on_a_full_disk_is_sent_once_there_is_room(daemon, fake_slack, tmp_path):
    traffic = Traffic(tmp_path / "calls.jsonl")
    token = tmp_path / "token"
    token.write_text(fake_slack.token)
    settings = {"channel": CHANNEL, "bot_token": {"file": str(token)}, "api_url": fake_slack.api_url}
    running = daemon([traffic.source], sinks={"slack": {"slack": settings}})
    traffic.until(GOOD)
    running.start()
    running.judged(traffic.at)
    fake_slack.fail(*[RATE_LIMITED] * 1000)  # one try a second
    traffic.until(GOOD + 1)
    running.judged(traffic.at)
    until(lambda: running.metric("notifications_total", result="retry"), lambda: running.log[-2000:])
    room(running, 4096)
    until(lambda: "sending pauses" in running.log, lambda: running.log[-3000:])
    assert running.status("/readyz") == 503
    assert running.status("/livez") == 200
    fake_slack._faults.clear()
    room(running, resource.RLIM_INFINITY)
    until(lambda: fake_slack.messages == 1, lambda: running.log[-3000:], 30)
    until(lambda: running.status("/readyz") == 200, lambda: running.get("/readyz?verbose"), 30)
    assert running.stop()[0] == 0
    assert "Traceback" not in running.log
    assert fake_slack.messages == 1
