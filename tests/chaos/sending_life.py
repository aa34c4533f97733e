"""The lives of whoever judges and whoever sends, in one process that is killed: its pages go to Slack in fast time.

`sending_life.py STORE API_URL SPEED SEED INCIDENTS`: writes the changes of so many incidents, as many as fall due, into the
store, and sends what is due in the meantime. What was written before is not written again, so that the next life goes on
where a kill ended this one. Ends when all is written and nothing is due.
"""

import random
import sys
import threading
import time

from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.records import save_change, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.notify import Sender
from bellbuoy.monitor.store import Store
from bellbuoy.sinks import outgoing, slack_api
from bellbuoy.sinks.base import Page, Secret
from bellbuoy.sinks.slack import Slack

BEGIN = 1_800_000_000
KINDS = ("updated", "updated", "acknowledged", "resolved", "reopened")
STATES = {"opened": "open", "reopened": "open", "resolved": "resolved", "acknowledged": "acknowledged"}
TIMEOUT_S = 2.0
"""Real seconds: an answer that is only slow, on a machine that has much to do, shall not count as lost."""
NOWHERE = "http://slack.invalid/api/"


class FastClock:
    """Time that runs so many times as fast, from the beginning of the machine's day on for every life."""

    def __init__(self, speed):
        self.speed = speed

    def now(self):
        return BEGIN + (time.time() % 86_400) * self.speed

    monotonic = now

    def wait(self, event, seconds):
        return event.wait(seconds / self.speed)


class Unreliable:
    """A Slack whose name is not found now and then."""

    def __init__(self, url, chance):
        one = {"channel": "C0AGENTS", "bot_token": Secret("xoxb-fake"), "chart": "none", "remind": 1e9}
        self.there, self.lost, self.chance = Slack(api_url=url, **one), Slack(api_url=NOWHERE, **one), chance
        self.edits, self.pace, self.repeat = self.there.edits, self.there.pace, 0.0

    def send(self, page):
        return (self.lost if self.chance.random() < 0.02 else self.there).send(page)


def plan(seed, incidents):
    """Return the changes of all incidents, in the order in which they fall due: (incident, number, kind, severity)."""
    chance = random.Random(seed)
    lives = []
    for name in range(incidents):
        severity, kinds = chance.choice(["ticket", "page"]), ["opened", *chance.choices(KINDS, k=chance.randint(0, 4))]
        lives.append([(f"inc_{name:04d}", number, kind, severity) for number, kind in enumerate(kinds, 1)])
    due = []
    while lives:
        one = chance.choice(lives[:20])  # some twenty are open at a time
        due.append(one.pop(0))
        if not one:
            lives.remove(one)
    return due


def write(store, change, at):
    """Write one change as the judgement does: the incident, the change, its page and what it asks of the sink."""
    key, number, kind, severity = change
    verdict = Verdict("worse", at, at - 900, 0.05, 0.12, 0.03, 0.1, 400, 48, 14.2, 12.9, "12 % bad")
    member = Member(Watched("steps", SeriesKey("step_failure", "calls", "qualify")), verdict, at)
    state = STATES.get(kind, "open")
    one = Incident(key, "calls", state, severity, (member,), at, at - 900, number)
    page = Page(key, number, kind, state, severity, f"{key} is {kind}", f"OPEN {severity}, calls: {key}.", (), at, at)
    with store.transaction() as tx:
        save_incidents(tx, [one])
        save_change(tx, Change(kind, at, one, None, f"change {number}", raised=kind == "reopened"), page, ["slack"])


def main(path, url, speed, seed, incidents):
    outgoing.TIMEOUT_S = slack_api.TIMEOUT_S = TIMEOUT_S
    clock = FastClock(float(speed))
    chance = random.Random(time.time_ns())
    due = plan(int(seed), int(incidents))
    with Store.open(path) as store:
        written = _written(store)
        sender = Sender(store, "slack", Unreliable(url, chance), clock, Metrics(), chance)
        say("began")
        while True:
            for change in due[written : written + chance.randint(0, 2)]:
                write(store, change, int(clock.now()))
                written += 1
            sent = sender.send_one()
            waits = sender.store.cursor().execute("SELECT count(*) FROM outbox WHERE sent < wanted").fetchone()[0]
            if written == len(due) and not waits:
                break
            clock.wait(threading.Event(), sender.sink.pace if sent else 0.5)
    say("done")


def say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _written(store):
    return store.cursor().execute("SELECT count(*) FROM changes_raw").fetchone()[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
