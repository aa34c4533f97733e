"""The connection to Kafka: made and made again for as long as it takes, and what its metadata says."""

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import (
    BrokerResponseError,
    KafkaConfigurationError,
    KafkaError,
    KafkaTimeoutError,
    RequestTimedOutError,
)
from kafka.net.compat import KafkaNetClient

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.sources.errors import SourceSettings
from bellbuoy.monitor.sources.kafka_client import check_files
from bellbuoy.monitor.sources.telling import Teller

ANSWER_S = 10.0
"""A metadata request without an answer for so long is told."""

_FIRST_S, _MOST_S = 0.5, 10.0
_FRESH_S = 5.0
_NO_ID = "0" * 32


class _Heard(logging.Handler):
    """Keeps why the library's last attempt failed: it logs each one, and raises a time-out in the end.

    Its lines go no further, unless somebody has set the level of the logger `kafka`: what matters is said here, once.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.why = ""

    def listen(self) -> None:
        """Take the library's lines."""
        logger = logging.getLogger("kafka")
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
            logger.propagate = False
        if self not in logger.handlers:
            logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason of a failed attempt."""
        found = re.search(r"failed: (.*?)( \(backoff .*\))?$", record.getMessage())
        if found and "Unable to bootstrap" not in found[1] and ("Authentication" in found[1] or not self.why):
            self.why = found[1]  # the first one: the last attempt is cut short by our own time-out


_HEARD = _Heard()


class Link:
    """Holds one consumer, connected or on the way to it.

    Args:
        options: keyword arguments of the consumer.
        topics: topics whose metadata is wanted.
        clock: tells the time and waits.
        teller: says what goes wrong.
        closing: set when nothing more is wanted.
        refresh_s: how often the topics are looked at anew.

    Attributes:
        trouble: why nothing answers at present; '' while something does.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        topics: Sequence[str],
        clock: Clock,
        teller: Teller,
        closing: threading.Event,
        refresh_s: float,
    ) -> None:
        self._options = dict(options)
        self._topics = tuple(topics)
        self._clock = clock
        self._teller = teller
        self._closing = closing
        self._refresh_s = refresh_s
        self._failures = 0
        self._next_try = 0.0
        self._refresh: Any = None
        self._asked_at = 0.0
        self._silent = False
        self.trouble = ""
        self.consumer: Any = None
        _HEARD.listen()

    @property
    def servers(self) -> str:
        """The brokers that were asked first, for messages."""
        return ",".join(self._options["bootstrap_servers"])

    def connect(self, wait: float) -> bool:
        """Try to connect, or wait until the next try is due; true when connected."""
        if self.consumer is not None:
            return True
        now = self._clock.monotonic()
        if now < self._next_try:
            self._clock.wait(self._closing, min(wait, self._next_try - now))
            return False
        seconds = min(_MOST_S, 2.0 * 2 ** min(self._failures, 8))
        made: list[Any] = []
        _HEARD.why = ""

        def client(**options: Any) -> Any:
            made.append(KafkaNetClient(**options))
            return made[-1]

        try:
            check_files(self._options)
            consumer = KafkaConsumer(**self._options, bootstrap_timeout_ms=int(seconds * 1000), kafka_client=client)
        except KafkaConfigurationError as error:
            _close(made)
            raise SourceSettings(
                f"the Kafka client refuses its options: {error}; see `client:` of this source"
            ) from error
        except (KafkaError, OSError, RuntimeError) as error:
            _close(made)
            why: object = error if not isinstance(error, KafkaTimeoutError) else _HEARD.why or error
            if "sasl_mechanism" in self._options and "disconnected" in str(why):  # all that the library hears of it
                why = f"{why} (is the login right?)"
            self._failures += 1
            self._next_try = self._clock.monotonic() + min(_MOST_S, _FIRST_S * 2 ** min(self._failures - 1, 8))
            self.trouble = f"no connection to Kafka at {self.servers}: {why}"
            self._teller.say(logging.WARNING, f"{self.trouble}; trying on")
            return False
        self._failures = 0
        self.trouble = ""
        self.consumer = consumer
        self._ask()
        return True

    @property
    def cluster(self) -> Any:
        """The metadata of the cluster, kept fresh by the client's own thread."""
        return self.consumer._cluster  # noqa: SLF001 # the consumer's own questions about topics block for ever

    def refreshed(self) -> bool:
        """Ask for fresh metadata when it is time; true once for each answer."""
        now = self._clock.monotonic()
        if self._refresh is None:
            if now - self._asked_at >= self._refresh_s:
                self._ask()
            return False
        if self._refresh.is_done:
            answered = _answered(self._refresh)
            self._refresh = None
            if answered and self._silent:
                self._silent, self.trouble = False, ""
                self._teller.say(logging.INFO, f"Kafka answers again at {self.servers}")
            if not answered:
                self._say_silent()
                self._asked_at = now - self._refresh_s + _FIRST_S
            return bool(answered)
        if now - self._asked_at > ANSWER_S:
            self._say_silent()
        return False

    def fresh(self) -> bool:
        """Wait for metadata that is newer than this call, for a few seconds; false when none comes."""
        for _ in range(2):  # the first answer may belong to a question that was under way already
            asked = self.cluster.request_update()
            until = self._clock.monotonic() + _FRESH_S
            while not asked.is_done:
                if self._clock.monotonic() > until or self._clock.wait(self._closing, 0.02):
                    return False
            if not _answered(asked):
                return False
        return True

    def ask_soon(self, seconds: float = 1.0) -> None:
        """Look at the topics again after so many seconds."""
        self._asked_at = min(self._asked_at, self._clock.monotonic() - self._refresh_s + seconds)

    def _ask(self) -> None:
        self._asked_at = self._clock.monotonic()
        for topic in self._topics:
            self.cluster.add_topic(topic)  # one that was not there may have been forgotten
        self._refresh = self.cluster.request_update()

    def _say_silent(self) -> None:
        self._silent = True
        self.trouble = f"Kafka at {self.servers} does not answer"
        self._teller.say(logging.WARNING, f"{self.trouble}; trying on")

    def epoch(self, topic: str) -> str:
        """Return the topic's id as hexadecimal digits, or '' where the broker tells none."""
        found = self.cluster.topic_id(topic)
        return "" if found is None or found.hex == _NO_ID else str(found.hex)

    def forbidden(self, topic: str) -> bool:
        """True when the broker does not let us see the topic."""
        return topic in self.cluster.unauthorized_topics

    def partitions(self, topic: str) -> list[int]:
        """Return the partitions of a topic, in order; an empty list when it does not exist."""
        return sorted(self.cluster.partitions_for_topic(topic) or ())

    def close(self) -> None:
        """Close the consumer."""
        consumer, self.consumer = self.consumer, None
        if consumer is not None:
            _quietly(lambda: consumer.close(autocommit=False, timeout_ms=2_000))


def _answered(future: Any) -> bool:
    """Tell whether the broker answered: what it says of a topic may be an error, and is an answer all the same."""
    own = RequestTimedOutError  # what the client says when nothing came back, under a broker's name
    return bool(
        future.succeeded()
        or (isinstance(error := future.exception, BrokerResponseError) and not isinstance(error, own))
    )


def _close(clients: Sequence[Any]) -> None:
    for client in clients:
        _quietly(client.close)


def _quietly(action: Callable[[], object]) -> None:
    """Closing may fail on a connection that is gone; then it is closed."""
    try:
        action()
    except (KafkaError, OSError, RuntimeError) as error:
        logging.getLogger(__name__).debug("closing failed: %s", error)
