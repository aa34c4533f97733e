"""The arrow detectors ← sinks ← config ← (client) ← monitor ← tests, and who may touch what, read from the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("detectors", "sinks", "config", "client", "monitor", "bench")

# Who alone may use a thing: a module, or a dotted name of it.
ONLY = {
    "duckdb": "monitor/store/",
    "yaml": "config/load.py",
    "os.environ": "config/load.py",
    "os.getenv": "config/load.py",
    "time.time": "monitor/clock.py",
    "time.time_ns": "monitor/clock.py",
    "time.monotonic": "monitor/clock.py",
    "time.monotonic_ns": "monitor/clock.py",
    "time.perf_counter": "monitor/clock.py",
    "time.perf_counter_ns": "monitor/clock.py",
    "time.sleep": "monitor/clock.py",
    "time.localtime": "monitor/clock.py",
    "datetime.now": "monitor/clock.py",
    "datetime.utcnow": "monitor/clock.py",
    "datetime.today": "monitor/clock.py",
    "date.today": "monitor/clock.py",
}
MEASURES = ("bench",)
"""Rooms that measure: they hold a stop-watch and compare with the libraries themselves."""

# What a room never uses, beside the rooms to its right.
NEVER = {
    "detectors": {
        "duckdb",
        "pydantic",
        "logging",
        "threading",
        "multiprocessing",
        "asyncio",
        "socket",
        "sqlite3",
        "os",
        "io",
    },
    "sinks": {"pydantic", "kafka"},
    "config": {"kafka", "threading"},
    "client": {
        "bellbuoy.detectors",
        "bellbuoy.sinks",
        "bellbuoy.config",
        "duckdb",
        "logging",
        "threading",
        "msgspec",
        "pydantic",
    },
    "monitor": set(),
    "bench": set(),
}


def names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every imported module and every dotted use of an imported name, each with its line."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node.lineno, module
            for alias in node.names:
                known[alias.asname or alias.name] = f"{module}.{alias.name}"
                yield node.lineno, f"{module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = [node.attr]
            inner = node.value
            while isinstance(inner, ast.Attribute):
                parts.insert(0, inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name) and inner.id in known:
                yield node.lineno, ".".join([known[inner.id], *parts])


def within(name: str, thing: str) -> bool:
    """Say whether `name` is the thing, or something inside it; `datetime.datetime.now` is `datetime.now`."""
    name = name.replace("datetime.datetime", "datetime").replace("datetime.date.", "date.")
    return name == thing or name.startswith(f"{thing}.")


def faults(path: str, source: str) -> list[str]:
    """Return what a file of the product does against the architecture, a sentence each."""
    room = path.split("/", 1)[0]
    right = ROOMS[ROOMS.index(room) + 1 :]
    found = []
    for line, name in names(ast.parse(source)):
        where = f"{path}:{line}"
        top = name.split(".")[0]
        if name.startswith(".") or top in (*ROOMS, "tests"):
            found.append(f"{where}: `{name}` is no absolute import; write bellbuoy.{name.lstrip('.')}")
        found += [
            f"{where}: {room} uses {other}, against the arrow" for other in right if within(name, f"bellbuoy.{other}")
        ]
        found += [f"{where}: {room} never uses {thing}" for thing in NEVER[room] if within(name, thing)]
        found += [
            f"{where}: only {owner} uses {thing}"
            for thing, owner in ONLY.items()
            if within(name, thing) and not path.startswith(owner) and room not in MEASURES
        ]
    return list(dict.fromkeys(found))


def test_every_file_keeps_to_the_arrow():
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 20
    told = [fault for path in files for fault in faults(path.relative_to(ROOT).as_posix(), path.read_text())]
    assert not told, "\n".join(told)


@pytest.mark.parametrize(
    ("path", "source", "sentence"),
    [
        (
            "detectors/x.py",
            "from bellbuoy.sinks.base import Page",
            "detectors/x.py:1: detectors uses sinks, against the arrow",
        ),
        ("sinks/x.py", "import bellbuoy.config.model", "sinks/x.py:1: sinks uses config, against the arrow"),
        (
            "config/x.py",
            "def f():\n    from bellbuoy import monitor",
            "config/x.py:2: config uses monitor, against the arrow",
        ),
        (
            "monitor/x.py",
            "import detectors.base",
            "monitor/x.py:1: `detectors.base` is no absolute import; write bellbuoy.detectors.base",
        ),
        ("monitor/x.py", "from . import y", "monitor/x.py:1: `.` is no absolute import; write bellbuoy."),
        ("monitor/web/x.py", "import duckdb", "monitor/web/x.py:1: only monitor/store/ uses duckdb"),
        (
            "monitor/x.py",
            "import time as t\nt.monotonic()",
            "monitor/x.py:2: only monitor/clock.py uses time.monotonic",
        ),
        ("monitor/x.py", "from time import time", "monitor/x.py:1: only monitor/clock.py uses time.time"),
        (
            "monitor/x.py",
            "import datetime\ndatetime.datetime.now()",
            "monitor/x.py:2: only monitor/clock.py uses datetime.now",
        ),
        (
            "sinks/x.py",
            "from datetime import date\ndate.today()",
            "sinks/x.py:2: only monitor/clock.py uses date.today",
        ),
        ("monitor/x.py", "import os\nos.environ['A']", "monitor/x.py:2: only config/load.py uses os.environ"),
        (
            "client/x.py",
            "from bellbuoy.config.load import load",
            "client/x.py:1: client never uses bellbuoy.config",
        ),
        (
            "client/x.py",
            "def f():\n    import bellbuoy.monitor.store",
            "client/x.py:2: client uses monitor, against the arrow",
        ),
        ("config/model.py", "import yaml", "config/model.py:1: only config/load.py uses yaml"),
        ("detectors/x.py", "import logging", "detectors/x.py:1: detectors never uses logging"),
        ("detectors/x.py", "from pydantic import BaseModel", "detectors/x.py:1: detectors never uses pydantic"),
    ],
)
def test_a_planted_wrong_import_is_told(path, source, sentence):
    assert sentence in faults(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("monitor/store/x.py", "import duckdb"),
        ("monitor/clock.py", "import time\ntime.time()"),
        ("config/load.py", "import os, yaml\nos.environ"),
        ("monitor/x.py", "from datetime import datetime, UTC\ndatetime.fromtimestamp(0, UTC)"),
        ("monitor/x.py", "from bellbuoy.detectors.base import Counts\nfrom bellbuoy.config.model import Config"),
    ],
)
def test_what_is_allowed_is_not_told(path, source):
    assert faults(path, source) == []


def test_the_detectors_hold_no_sql():
    for path in (ROOT / "detectors").rglob("*.py"):
        texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
        assert not [
            text for text in texts if isinstance(text, str) and text.lstrip().upper().startswith(("SELECT ", "INSERT "))
        ]
