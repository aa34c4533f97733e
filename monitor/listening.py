"""One connection to each Slack app, for as long as the daemon runs: opened, heard, and opened again."""

import logging
import random
import threading
from collections.abc import Sequence

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.presses import Line, Presses
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.slack_buttons import Take

log = logging.getLogger(__name__)

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0
LASTED_S = 60.0
"""A connection that held so long was a good one: after it the first try comes soon again."""


class Listener:
    """Keeps one app heard.

    Args:
        sinks: names of the sinks whose buttons the app has.
        line: to the app.
        take: takes what is pressed.
        clock: waits.
        metrics: show whether it is connected.
        chance: of the jitter.
    """

    def __init__(
        self,
        sinks: Sequence[str],
        line: Line,
        take: Take,
        clock: Clock,
        metrics: Metrics,
        chance: random.Random | None = None,
    ) -> None:
        self.sinks = sinks
        self.line = line
        self.take = take
        self.clock = clock
        self.metrics = metrics
        self.chance = chance or random.Random()  # noqa: S311 - jitter, no secret
        self._told: str | None = None
        self._first = True
        self._show(connected=False)

    def run(self, stop: threading.Event) -> None:
        """Hear until `stop` is set. Pages go out and stay readable whether it is connected or not."""
        tries = 0
        while not stop.is_set():
            began, asked, self._first = self.clock.monotonic(), None, True
            try:
                why = self.line.listen(self.take, stop, self._greeted)
            except Failed as failed:
                why, asked = failed.why or failed.reason, failed.after
            except Exception:
                log.exception("the line to the Slack app has a bug sinks=%s", self._names)
                why = "a bug, see above"
            self._show(connected=False)
            if stop.is_set():
                return
            if why != self._told:
                log.warning("buttons in Slack are not heard, connecting again sinks=%s: %s", self._names, why)
            self._told = why
            tries = 0 if self.clock.monotonic() - began >= LASTED_S else tries + 1
            longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(tries, 16))
            self.clock.wait(stop, asked if asked is not None else self.chance.uniform(longest / 2, longest))

    @property
    def _names(self) -> str:
        return ",".join(self.sinks)

    def _greeted(self, connections: int) -> None:
        self._show(connected=True)
        log.info("buttons in Slack are heard sinks=%s", self._names)
        if connections > 1 and self._first:  # one that follows another is heard beside it for a moment
            log.warning(
                "the Slack app has %d connections: another program hears it too, and each press goes to one of them; "
                "give this daemon an app of its own",
                connections,
            )
        self._told, self._first = None, False

    def _show(self, *, connected: bool) -> None:
        for name in self.sinks:
            self.metrics.slack_socket_connected.labels(name).set(connected)


def listeners(presses: Presses, clock: Clock, metrics: Metrics) -> list[Listener]:
    """Return a listener for each app that is heard over Socket Mode; sinks that share an app share its connection."""
    apps: dict[Secret, list[str]] = {}
    for name, sink in presses.sinks.items():
        if sink.app_token is not None:
            apps.setdefault(sink.app_token, []).append(name)
    lines = [(names, presses.sinks[names[0]].socket()) for names in apps.values()]
    return [Listener(names, line, presses.take, clock, metrics) for names, line in lines if line is not None]
