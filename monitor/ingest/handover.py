"""What lies between the thread that reads a source and the one that writes: a few batches, and what each may know of the other."""

import queue
import threading
from dataclasses import dataclass, field

from bellbuoy.monitor.event import Batch
from bellbuoy.monitor.sources.skipping import Skip, Skipped

QUEUE = 2
"""Batches between reading and writing."""
POLL_S = 0.2
"""How long either thread waits before it looks whether it is to end, seconds."""
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 10.0

Decided = tuple[Skip, Skipped]
"""A person's decision where a stream goes on: it takes its turn between batches."""


def _queue() -> queue.Queue[Batch | Decided]:
    return queue.Queue(QUEUE)


@dataclass(slots=True)
class Handover:
    """The way from reading to writing.

    Attributes:
        batches: what is read and not stored.
        read_all: the reading has ended; nothing comes any more.
        failed: one of the threads failed; both end.
        storing: whether a batch is being written.
        trouble: why nothing is written at present; None while all is well.
    """

    batches: queue.Queue[Batch | Decided] = field(default_factory=_queue)
    read_all: threading.Event = field(default_factory=threading.Event)
    failed: threading.Event = field(default_factory=threading.Event)
    storing: bool = False
    trouble: str | None = None
