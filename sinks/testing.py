"""The battery that every sink passes, our own and a third party's.

```python
import pytest
from bellbuoy.sinks.testing import battery

@pytest.mark.parametrize("check", battery("acme", lambda url, secret: Acme(url=url, key=secret)), ids=str)
def test_contract(check):
    check.run()
```
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias, get_args

from bellbuoy.sinks.base import Fact, Page, Reason, Receipt, Refused, Retry, Secret, Sent, Sink, Span
from bellbuoy.sinks.testing_pages import hostile, story
from bellbuoy.sinks.testing_receiver import Fault, Receiver

PLANTED = "planted-secret-4711"
"""The secret given to the sink: it may stand in a header of a request and nowhere else."""

Make: TypeAlias = Callable[[str, Secret], Sink]
"""Builds the sink that sends to an address with a secret."""

Wanted: TypeAlias = tuple[type[Sent] | type[Retry] | type[Refused], tuple[str, ...]]

ANSWERS: dict[str, tuple[Fault, Wanted]] = {
    "redirect": (Fault(status=302, headers={"Location": "http://127.0.0.1:9/"}), (Refused, ("blocked",))),
    "400": (Fault(status=400), (Refused, ("invalid_page",))),
    "401": (Fault(status=401), (Refused, ("auth",))),
    "403": (Fault(status=403), (Refused, ("auth",))),
    "404": (Fault(status=404), (Refused, ("not_found",))),
    "413": (Fault(status=413), (Refused, ("too_large",))),
    "429-retry-after": (Fault(status=429, headers={"Retry-After": "7"}), (Retry, ("rate_limited",))),
    "429": (Fault(status=429), (Retry, ("rate_limited",))),
    "500": (Fault(status=500), (Retry, ("server_error",))),
    "500-garbage": (Fault(status=500, body=b"\xff<html>"), (Retry, ("server_error",))),
    "503-retry-after": (Fault(status=503, headers={"Retry-After": "7"}), (Retry, ("server_error",))),
}
"""Answers of a receiver, and what the receipt must say."""

FAULTS: dict[str, Fault] = {
    "reset-before": Fault("reset_before"),
    "reset-after": Fault("reset_after"),
    "hang-before": Fault("hang_before"),
    "hang-after": Fault("hang_after"),
}
"""Failures after the request began to leave: it may have arrived, so the receipt says `no_answer`."""


@dataclass(frozen=True)
class Check:
    """One check: `str(check)` is its id, `run()` raises AssertionError where the sink does not hold it."""

    id: str
    run: Callable[[], None]

    def __str__(self) -> str:
        return self.id


def battery(
    name: str, make: Make, *, receiver: Callable[[], Receiver] = Receiver, network: bool = True, blind: bool = False
) -> list[Check]:
    """Return the checks for a sink, ids `name:check`.

    Args:
        name: of the kind of sink.
        make: builds it.
        receiver: builds the other side; one that knows the sink's protocol where a plain web server does not do.
        network: whether the sink reaches its receiver over HTTP; without, only what needs no receiver is checked.
        blind: what the sink sends with does not say why it failed: every failure is `no_answer`.
    """
    case = _Case(make, receiver, blind=blind)
    checks: dict[str, Callable[[], None]] = {"declared:types": case.declares, "secrets:repr": case.repr_is_clean}
    if network:
        checks |= {f"answers:{key}": partial(case.answers, *row) for key, row in ANSWERS.items()}
        checks |= {f"faults:{key}": partial(case.loses, fault) for key, fault in FAULTS.items()}
        checks |= {
            "faults:refused": partial(case.unreachable, "http://127.0.0.1:9/"),
            "faults:dns": partial(case.unreachable, "http://bellbuoy-battery.invalid/"),
            "faults:tls": case.tls,
            "secrets:everywhere": case.secrets,
            "declared:edits": case.edits,
            "muted": case.muted,
        }
    checks |= {
        "once": case.once,
        "order": case.order,
        "older": case.older,
        "hostile text": case.hostile,
        "limits": case.limits,
        "pure": case.pure,
    }
    return [Check(f"{name}:{key}", run) for key, run in checks.items()]


class _Case:
    """The checks, each with a receiver and a sink of its own."""

    def __init__(self, make: Make, receiver: Callable[[], Receiver], *, blind: bool) -> None:
        self.make = make
        self.blind = blind
        self.receiver = receiver

    @contextmanager
    def _pair(self) -> Iterator[tuple[Sink, Receiver]]:
        with self.receiver() as receiver:
            yield self.make(receiver.url, Secret(PLANTED)), receiver

    def declares(self) -> None:
        with self._pair() as (sink, _):
            for name in ("edits", "threads", "images", "resolves"):
                assert isinstance(getattr(sink, name), bool), f"the sink must declare {name} as True or False"
            assert isinstance(sink, Sink), "the class has no method send"

    def repr_is_clean(self) -> None:
        with self._pair() as (sink, _):
            assert PLANTED not in f"{sink!r}{sink!s}", "the secret stands in the sink's repr"

    def answers(self, fault: Fault, wanted: Wanted) -> None:
        with self._pair() as (sink, receiver):
            receiver.fail(fault)
            receipt = sink.send(story()[0])
            self._failed(receipt, wanted)
            if isinstance(receipt, Retry) and not self.blind:
                asked = fault.headers.get("Retry-After")
                assert receipt.after == (float(asked) if asked else None), (
                    f"after is {receipt.after}, asked was {asked}"
                )

    def _failed(self, receipt: Receipt, wanted: Wanted) -> None:
        _expect(receipt, (Retry, ("no_answer",)) if self.blind else wanted)

    def loses(self, fault: Fault) -> None:
        with self._pair() as (sink, receiver):
            receiver.fail(fault)
            _expect(sink.send(story()[0]), (Retry, ("no_answer",)))

    def unreachable(self, url: str) -> None:
        self._failed(self.make(url, Secret(PLANTED)).send(story()[0]), (Retry, ("unreachable",)))

    def tls(self) -> None:
        with self.receiver() as receiver:
            url = receiver.url.replace("http://", "https://")
            self._failed(self.make(url, Secret(PLANTED)).send(story()[0]), (Retry, ("unreachable",)))

    def once(self) -> None:
        with self._pair() as (sink, receiver):
            page = story()[0]
            first = _sent(sink.send(page))
            before = receiver.messages
            _sent(sink.send(replace(page, handle=first.handle, attempt=2)))
            assert receiver.messages == before, "the same page with its handle was sent twice"

    def order(self) -> None:
        with self._pair() as (sink, _):
            _walk(sink, story())

    def older(self) -> None:
        with self._pair() as (sink, receiver):
            pages = story()
            newest = _walk(sink, pages)
            before = len(receiver.accepted)
            late = _sent(sink.send(replace(pages[1], handle=newest.handle)))
            assert len(receiver.accepted) == before, "an older version was sent over a newer one"
            assert late.handle == newest.handle, "an older version changed the handle"

    def edits(self) -> None:
        with self._pair() as (sink, receiver):
            pages = story()
            _walk(sink, pages)
            wanted = 1 if sink.edits else len(pages)
            assert receiver.messages == wanted, (
                f"{receiver.messages} messages for {len(pages)} changes, declared: {wanted}"
            )

    def muted(self) -> None:
        with self._pair() as (sink, receiver):
            if not sink.edits:
                return  # it is never given a muted page
            first, raised, *_ = story()
            handle = _sent(sink.send(first)).handle
            before = receiver.messages
            _sent(sink.send(replace(raised, news=(), muted=True, handle=handle)))
            assert receiver.messages == before, "a muted page made a new message"

    def secrets(self) -> None:
        with self._pair() as (sink, receiver), _heard() as lines:
            said = []
            for fault in (None, *(row[0] for row in ANSWERS.values()), *FAULTS.values()):
                if fault is not None and fault.kind.startswith("hang"):
                    continue  # slow, and no different from a reset
                if fault is not None:
                    receiver.fail(fault)
                said.append(repr(sink.send(story()[0])))
            said += [repr(self.make("http://127.0.0.1:9/", Secret(PLANTED)).send(story()[0])), *lines]
            said += [request.path for request in receiver.requests]
            assert not [text for text in said if PLANTED in text], (
                "the secret stands in a receipt, a log line or an address"
            )
            assert not lines, f"a sink does not log: {lines[:3]}"

    def hostile(self) -> None:
        with self._pair() as (sink, _):
            _sent(sink.send(hostile()))

    def limits(self) -> None:
        with self._pair() as (sink, _):
            many = tuple(Fact(f"slice {n}", (Span("x" * 10_000, "code"),)) for n in range(1000))
            _sent(sink.send(replace(story()[0], facts=many, findings=many)))

    def pure(self) -> None:
        bodies = []
        for _ in range(2):
            with self._pair() as (sink, receiver):
                page = replace(story()[0], chart=None)
                _sent(sink.send(page))
                bodies.append([request.body for request in receiver.accepted])
        assert bodies[0] == bodies[1], "the same page gave other bytes: a clock or a random number is in it"


def _walk(sink: Sink, pages: list[Page]) -> Sent:
    """Send the pages in order, each with the handle of the one before, as the daemon does."""
    handle = None
    receipt: Receipt = Sent({})
    for page in pages:
        for attempt in range(1, 4):  # a sink may part its work to keep the receiver's pace
            receipt = sink.send(replace(page, handle=handle))
            handle = receipt.handle if isinstance(receipt, Sent | Retry) and receipt.handle is not None else handle
            if isinstance(receipt, Sent):
                break
            assert isinstance(receipt, Retry), f"{page.change}: {receipt}"
            assert attempt < 3, f"{page.change} was not sent in three tries: {receipt}"
    return _sent(receipt)


def _sent(receipt: Receipt) -> Sent:
    assert isinstance(receipt, Sent), f"not sent: {receipt}"
    assert all(isinstance(k, str) and isinstance(v, str) for k, v in receipt.handle.items()), "a handle is text to text"
    return receipt


def _expect(receipt: Receipt, wanted: Wanted) -> None:
    kind, reasons = wanted
    assert isinstance(receipt, kind), f"{receipt} instead of {kind.__name__}"
    if not isinstance(receipt, Sent):
        assert receipt.reason in get_args(Reason), f"{receipt.reason} is not in the closed list of reasons"
        assert receipt.reason in reasons, f"{receipt.reason} instead of {' or '.join(reasons)}"


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Yield the log lines that are written meanwhile, at any level."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    ear = Ear(level=logging.DEBUG)
    root = logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(ear)
        root.setLevel(level)
