"""Answers of requests that named themselves by an `Idempotency-Key`: a repeat gets the same one and changes nothing."""

from dataclasses import dataclass
from hashlib import blake2b

from bellbuoy.monitor.judging.records import Reader, Writer

KEPT_S = 86_400.0
"""How long an answer is kept for the repeats of its request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered: the HTTP status and a JSON text."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that named itself.

    Attributes:
        key: hash of the path and the key that the client chose: what it chose is kept nowhere.
        body: hash of the body.
    """

    key: str
    body: str

    @classmethod
    def of(cls, path: str, key: str, body: bytes) -> "Keyed":
        """Return the hashes of a request."""
        named = blake2b(f"{path}\n{key}".encode(), digest_size=16).hexdigest()
        return cls(named, blake2b(body, digest_size=16).hexdigest())


class OtherBody(Exception):  # noqa: N818 - a state, not an error
    """The key was used for another body."""


def find(reader: Reader, keyed: Keyed, now: float) -> Answer | None:
    """Return what the same request was answered within the day before `now`; None where it is a new one.

    Raises:
        OtherBody: its key stands for another body.
    """
    rows = reader.rows("http/answered", key=keyed.key, since_us=int((now - KEPT_S) * 1e6))
    if not rows:
        return None
    if rows[0]["body"] != keyed.body:
        raise OtherBody
    return Answer(rows[0]["status"], rows[0]["answer"])


def save(tx: Writer, keyed: Keyed, answer: Answer, at_us: int) -> None:
    """Keep an answer, in the transaction that does what it says."""
    tx.run("http/save_answer", key=keyed.key, body=keyed.body, at_us=at_us, status=answer.status, answer=answer.text)
