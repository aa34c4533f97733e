"""What can go wrong with a source so that a person has to decide, or should know."""

from dataclasses import dataclass

from bellbuoy.monitor.sources.base import Stream


class SourceSettings(ValueError):  # noqa: N818 # it names the settings that are wrong
    """The settings of a source cannot be; the text names the key, what is wrong and the way out."""


class SourceStopped(RuntimeError):  # noqa: N818 # it says what happened, as the incident about it will
    """One stream cannot go on without losing or repeating records; the others go on at the next `read`.

    Attributes:
        stream: which one; it is not read any more until the source is opened again.
        reason: what happened, with positions.
        remedy: what a person can do.
    """

    def __init__(self, stream: Stream, reason: str, remedy: str) -> None:
        super().__init__(f"{stream.source}:{stream.path}:{stream.partition}: {reason}; {remedy}")
        self.stream = stream
        self.reason = reason
        self.remedy = remedy


class SourceHalted(RuntimeError):  # noqa: N818 # the same
    """A whole source is not read on, because too much of it cannot be read.

    Attributes:
        source: its name.
        reason: what happened, with numbers.
        remedy: what a person can do.
    """

    def __init__(self, source: str, reason: str, remedy: str) -> None:
        super().__init__(f"{source}: {reason}; {remedy}")
        self.source = source
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Notice:
    """What a source did by itself and a person should know; it reads on.

    Attributes:
        stream: which one.
        headline: what happened, in one sentence.
        reason: the same with its numbers, and what follows.
    """

    stream: Stream
    headline: str
    reason: str
