"""What people press in Slack: taken at once, done one after the other through the same door as the command line's.

A press is decided here, and the message is not touched: the change of the incident goes the way of every change. Only the
one who pressed is answered here.
"""

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable
from zoneinfo import ZoneInfo

import msgspec

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.explain.wording import moment
from bellbuoy.monitor.judging.normal import Asked, Normal, NotDecided
from bellbuoy.monitor.judging.records import incident
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.silences import NotSilenced, Silences
from bellbuoy.monitor.store import Store, StoreExhausted
from bellbuoy.monitor.stories import NotTold, Stories
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.slack_buttons import Press, Take, press_of

log = logging.getLogger(__name__)

MOST_WAITING, MOST_SEEN = 100, 1000
"""Presses that wait to be done; presses that are known again when they are told twice."""
LOOK_S = 0.5
"""Seconds between two looks whether it is to stop."""
HOURS_S = {"1h": 3600, "8h": 8 * 3600}
MORNING = time(9)
WHY = "pressed in Slack"

Result: TypeAlias = Literal["done", "declined", "forbidden", "failed"]


class Line(Protocol):
    """A line to a Slack app; see `bellbuoy.sinks.slack_socket.Socket`."""

    def listen(self, take: Take, stop: threading.Event, greeted: Callable[[int], None]) -> str:
        """Connect, and hear until the connection ends; return why it did."""


@runtime_checkable
class Pressable(Protocol):
    """A sink with buttons; see `bellbuoy.sinks.slack.Slack`."""

    @property
    def pressable(self) -> bool:
        """Whether its buttons are heard."""

    @property
    def app_token(self) -> Secret | None:
        """Of the app that Socket Mode hears."""

    @property
    def signing_secret(self) -> Secret | None:
        """Of the app that sends requests."""

    def socket(self) -> Line | None:
        """Return the line of Socket Mode."""

    def forbids(self, user: str) -> str | None:
        """Return why somebody may not press."""

    def answer(self, press: Press, text: str) -> None:
        """Tell the one who pressed."""


def pressable(sinks: Mapping[str, object]) -> dict[str, Pressable]:
    """Return the sinks whose buttons are heard, by name."""
    return {name: one for name, one in sinks.items() if isinstance(one, Pressable) and one.pressable}


@dataclass(frozen=True, slots=True)
class Hands:
    """The door of every decision about an incident."""

    stories: Stories
    silences: Silences
    normal: Normal


class Presses:
    """Takes presses from several threads, and does them in one.

    Args:
        store: where incidents are.
        sinks: those with buttons, by name.
        hands: through which everything is decided.
        zone: IANA name: whose morning a silence lasts to.
        clock: tells the time.
        metrics: count what became of each.
    """

    def __init__(
        self, store: Store, sinks: Mapping[str, Pressable], hands: Hands, zone: str, clock: Clock, metrics: Metrics
    ) -> None:
        self.store = store
        self.sinks = sinks
        self.hands = hands
        self.zone = zone
        self.clock = clock
        self.metrics = metrics
        self._waiting: queue.Queue[Press] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._seen: dict[str, None] = {}
        self._closed = False

    def take(self, payload: Mapping[str, Any]) -> bool:
        """Take an interaction, at once; false where too many wait, or we are stopping. One that decides nothing is well."""
        press = press_of(payload)
        if press is None:
            return True
        with self._lock:
            if press.id in self._seen:
                return True
            if self._closed or self._waiting.full():
                self._count(press, "failed")
                return False
            self._waiting.put_nowait(press)
            self._seen[press.id] = None
            while len(self._seen) > MOST_SEEN:
                del self._seen[next(iter(self._seen))]
        return True

    def run(self, stop: threading.Event) -> None:
        """Do what was pressed until `stop` is set, and what waits then."""
        while not stop.is_set():
            try:
                press = self._waiting.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            self._answer(press, *self._do(press))
        with self._lock:
            self._closed = True
        left = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        for press, done in [(press, self._do(press)) for press in left]:
            self._answer(press, *done)

    def _do(self, press: Press) -> tuple[Pressable | None, str]:
        """Decide what was pressed; return the sink that shows it, and what is to be said of it."""
        sink = None
        try:
            sink = self._shows(press)
            result, told = self._decided(press, sink)
        except StoreExhausted as error:
            result, told = "failed", f"nothing can be written at present: {error}; press again later"
        except Exception:
            log.exception("a press could not be done incident=%s action=%s", press.incident, press.action)
            result, told = "failed", "that did not work; the log of Bellbuoy says why"
        self._count(press, result)
        log.info("pressed %s incident=%s who=%s: %s", press.action, press.incident, press.who, told)
        return sink, told

    def _answer(self, press: Press, sink: Pressable | None, told: str) -> None:
        try:
            (sink or next(iter(self.sinks.values()))).answer(press, told)
        except Failed as failed:
            log.warning("who=%s could not be answered in Slack: %s", press.who, failed.why or failed.reason)
        except Exception:
            log.exception("who=%s could not be answered: the sink has a bug", press.who)

    def _count(self, press: Press, result: Result) -> None:
        self.metrics.slack_presses.labels(press.action, result).inc()

    def _shows(self, press: Press) -> Pressable | None:
        """Return the sink whose message was pressed: it shows the incident in that channel."""
        for row in self.store.rows("outbox/shown", incident=press.incident):
            handle = msgspec.json.decode(row["handle"])
            if row["sink"] in self.sinks and handle.get("channel") == press.channel:
                return self.sinks[row["sink"]]
        return None

    def _decided(self, press: Press, sink: Pressable | None) -> tuple[Result, str]:
        found = incident(self.store, press.incident)
        if sink is None or found is None:
            return "declined", f"{press.incident} is not shown here by this Bellbuoy (any more)"
        try:
            refused = sink.forbids(press.user)
        except Failed as failed:
            return "failed", f"nobody can say whether you may do this: {failed.why or failed.reason}"
        if refused is not None:
            return "forbidden", refused
        if found.resolved_at is not None and found.state == "resolved":
            return "declined", f"{found.id} is already resolved, since {moment(found.resolved_at, self.zone)}"
        try:
            return "done", self._act(press)
        except (NotDecided, NotSilenced, NotTold) as refusal:
            return "declined", str(refusal)

    def _act(self, press: Press) -> str:
        match press.action:
            case "ack":
                return self.hands.stories.acknowledge(press.incident, press.who)
            case "silence":
                seconds = self._seconds(press.choice)
                return self.hands.silences.put_on(press.incident, seconds, press.who, WHY)[1]
            case "expected":
                later = self.store.rows("incidents/changes", incident=press.incident, after=press.version)
                news = [row for row in later if row["change"] in {"updated", "reopened"}]
                if news:
                    raise NotDecided(
                        f"it has changed since this was drawn: {news[-1]['reason']}; look, and press again"
                    )
                return self.hands.normal.decide(Asked("accept", press.incident, who=press.who))

    def _seconds(self, choice: str) -> int:
        """Return how long a silence lasts."""
        now = int(self.clock.now())
        if choice in HOURS_S:
            return HOURS_S[choice]
        zone = ZoneInfo(self.zone)
        tomorrow = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
        return int(datetime.combine(tomorrow, MORNING, zone).timestamp()) - now
