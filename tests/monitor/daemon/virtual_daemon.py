"""`bellbuoy run` in virtual time: what the clock tells is set from outside and stands still between; durations pass as ever.

Threads, scheduler, source and store are the daemon's own. What is changed is how often a job runs, for a month passes in a
minute, and that after each move of the clock no tick is judged before all that has come is stored; where it is `racing`,
before the source has seen that it has come.
"""

import os
import signal
import sys
import threading
from dataclasses import replace

from bellbuoy.config.load import load
from bellbuoy.monitor import app as wiring
from bellbuoy.monitor import logs
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.ingest import reading
from bellbuoy.monitor.ingest.watermark import watermark
from bellbuoy.monitor.store.transaction import Transaction

LOOK_S = 0.03
"""How often is judged, and how often the lag is asked for."""
CHORES_S = 10.0
"""How often retention, the search for repeats and compaction run."""


class SetClock(SystemClock):
    """The machine's clock, set to another day."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


class Fate:
    """Kills the process after so many more statements, in the midst of a transaction; None: never."""

    left = None

    def watch(self, method):
        def watched(*what, **more):
            found = method(*what, **more)
            if self.left is not None:
                self.left -= 1
                if self.left <= 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return found

        return watched


def live(config, log, at, pipe, *, racing):
    """Run one life, by what the pipe says in turn: an instant, to which the clock is set, then `(received, statements)`.

    The first is answered at once, so that what is sent then has arrived at that instant; the second when all is judged.

    Args:
        config: path of the configuration.
        log: file to which stdout and stderr go.
        at: what the clock tells first, epoch seconds.
        pipe: `received` are the records that there are by now, `statements` those after which the process dies, or None; the
            answer is the end of the last tick that is judged.
        racing: see above.
    """
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(file, 1)
    os.dup2(file, 2)
    logs.start((), form="text", level="WARNING")
    fate, turn, clock, timetable = Fate(), threading.Lock(), SetClock(at), wiring.timetable
    Transaction.run, Transaction.insert = fate.watch(Transaction.run), fate.watch(Transaction.insert)
    wiring.JUDGE_EVERY_S = reading.LAG_EVERY_S = LOOK_S
    wiring.timetable = lambda jobs, *rest: timetable([often(job) for job in jobs], *rest)
    app = wiring.App(load(config), clock=clock)
    judge = app.judge
    turn.acquire()

    def in_turn():
        if turn.acquire(blocking=False):
            try:
                judge()
            finally:
                turn.release()

    def obey():
        while True:
            clock.at = pipe.recv()
            pipe.send(None)
            received, fate.left = pipe.recv()
            until(app, lambda: (known if racing else stored)(app, received))  # noqa: B023 - it is done before the next round
            turn.release()
            until(app, lambda: stored(app, received) and judged(app))  # noqa: B023
            until(app, lambda: turn.acquire(blocking=False))
            pipe.send(app.evaluation.judged)

    app.judge = in_turn
    threading.Thread(target=obey, daemon=True).start()
    sys.exit(app.run())


def often(job):
    return replace(job, every=min(job.every or CHORES_S, CHORES_S), daily_at=None)


def until(app, condition):
    """Ask until the answer is true; end the thread when the daemon ends."""
    while not condition():
        if app.stop.wait(0.01):  # between two looks
            raise SystemExit


def known(app, received):
    """Tell whether the source has seen all records, read or not."""
    lags = app.ingests[0].lags()
    return lags is not None and sum(one.received for one in app.store.streams()) + sum(lags.values()) >= received


def stored(app, received):
    lags = app.ingests[0].lags()
    return sum(one.received for one in app.store.streams()) == received and lags is not None and not any(lags.values())


def judged(app):
    """Tell whether every tick is judged that the watermark has passed, if there is any."""
    config = app.config
    mark = watermark(app.store, app.ingests, app.clock.now(), config.ingest.lateness, config.tick)
    first = min((one.first_minute for one in app.store.series()), default=app.clock.now())
    return mark is None or mark // config.tick * config.tick <= (app.evaluation.judged or first)
