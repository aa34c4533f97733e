"""The calls of a good month, a fall and a recovery, fed to a daemon; and that a secret is in nothing that it left."""

from daemon_traffic import ALL, BAD, GOOD
from running_daemon import until


def all_sent(daemon):
    """Return the deliveries when nothing waits any more, else nothing."""
    rows = daemon.query("select incident, sink, wanted, sent, state from deliveries")
    return rows if rows and all(row["state"] == "sent" and row["sent"] == row["wanted"] for row in rows) else []


def resolved(daemon):
    rows = daemon.query("select id, state from incidents")
    return rows and all(row["state"] == "resolved" for row in rows)


def assert_secret(daemon, token):
    """The token is in nothing that the daemon wrote or answered."""
    pages = ["/", "/.json", "/i", "/i.json", "/w/lead-qualifier", "/readyz?verbose", "/metrics"]
    pages += [f"/i/{row['id']}" for row in daemon.query("select id from incidents")]
    for page in pages:
        assert daemon.status(page) == 200, page
    for name in ("events", "changes", "deliveries", "incidents", "verdicts", "dead_letters", "streams"):
        daemon.query(f"select * from {name} limit 1000")
    code, _ = daemon.stop()
    assert code == 0
    assert not any(token in text for text in daemon.answers)
    assert token not in daemon.log + daemon.out
    assert [name for name, content in daemon.bytes_left().items() if token.encode() in content] == []


def story(daemon, traffic):
    """Feed the calls: a good month, the fall, the recovery; each part is told before the next one comes."""
    traffic.until(GOOD)
    daemon.start()
    daemon.judged(traffic.at - 4 * 3600)  # a partition may end in the evening
    assert daemon.query("select * from incidents") == [], "a good month"
    traffic.until(GOOD + 1)
    until(lambda: all_sent(daemon), lambda: f"the fall is told; {daemon.log[-3000:]}")
    traffic.until(BAD)
    daemon.judged(traffic.at - 4 * 3600)
    until(lambda: all_sent(daemon), lambda: f"the fall is told; {daemon.log[-3000:]}")
    traffic.until(ALL)
    until(lambda: resolved(daemon), lambda: f"resolved; {daemon.log[-3000:]}")
    until(lambda: all_sent(daemon), lambda: f"the end is told; {daemon.log[-3000:]}")
    changes = daemon.query("select incident, number, change from changes order by changed_at, number")
    assert len({change["incident"] for change in changes}) == 1, changes
    assert [change["number"] for change in changes] == list(range(1, len(changes) + 1))
    assert changes[0]["change"] == "opened"
    assert changes[-1]["change"] == "resolved"
    return changes
