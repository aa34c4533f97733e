"""What can go wrong with a source so that a person has to decide."""

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
