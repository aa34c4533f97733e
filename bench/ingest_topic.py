"""A Kafka to measure against, and topics full of messages."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from bellbuoy.bench.ingest_messages import APART_S, PARTS, events

_ROOT = Path(__file__).parent.parent
_STOCK = PARTS * 2_000


@contextmanager
def broker(address: str | None) -> Iterator[Any]:
    """Yield a Kafka of the tests: theirs, started here, or the one at `address`; topics made there are deleted."""
    module = _tests()
    if address:
        held = module.Kafka(address)
        try:
            yield held
        finally:
            held.clear()
        return
    with tempfile.TemporaryDirectory() as folder:
        node = module.Broker(Path(folder) / "kafka").start()
        try:
            yield module.Kafka(node.address, node)
        finally:
            node.stop()


def fill(
    address: str,
    topic: str,
    partitions: int,
    count: int,
    *,
    start: float,
    apart_s: float = APART_S,
    rate: float = 0.0,
    compression: str = "none",
) -> "subprocess.Popen[str]":
    """Begin to fill a topic with messages of distinct identity and return the process that does so.

    Args:
        address: HOST:PORT of the broker.
        topic: its name.
        partitions: how many it has.
        count: how many messages.
        start: when the first one happened, epoch seconds.
        apart_s: seconds from one to the next; 0: each happens as it is sent.
        rate: messages a second; 0: as fast as it goes.
        compression: none, lz4, zstd, snappy or gzip.

    Raises:
        SystemExit: there is no Java to send them.
    """
    if not shutil.which("java"):
        raise SystemExit("no java on PATH: the messages are sent by the jars that come with the broker of the tests")
    stock = Path(tempfile.mkdtemp()) / "stock.jsonl"
    stock.write_bytes(b"\n".join(events(_STOCK)) + b"\n")
    words = [address, topic, partitions, count, rate, int(start * 1e6), int(apart_s * 1e6), compression, stock]
    return subprocess.Popen(  # noqa: S603 - our own program
        ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{_tests().jars()}/*",  # noqa: S607 - the one on PATH
         str(Path(__file__).parent / "Fill.java"), *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip


def filled(process: "subprocess.Popen[str]", count: int) -> None:
    """Wait until a topic is full.

    Raises:
        SystemExit: fewer messages than wanted were acknowledged.
    """
    out, err = process.communicate()
    if process.returncode or out.strip() != str(count):
        raise SystemExit(f"the topic could not be filled: {err.strip()[-500:]}")


@cache
def _tests() -> Any:
    """Return the broker of the tests as a module; an installed package has no tests."""
    where = _ROOT / "tests" / "kafka_broker.py"
    if not where.exists():
        raise SystemExit("`bellbuoy bench ingest` needs the project's checkout: the broker is the one of its tests")
    spec = importlib.util.spec_from_file_location("kafka_broker", where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.append(str(where.parent))  # it has neighbours there
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(where.parent))
    return module
