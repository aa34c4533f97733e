"""What the tests of the configuration share: the least that loads, and its findings."""

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from bellbuoy.config import load, plugins
from bellbuoy.config.errors import Finding
from bellbuoy.sinks.base import Secret

LEAST = """\
version: 1
sources: [{ files: { path: ./logs/*.jsonl } }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
heartbeat: { url: https://hc.example.com/ping/abc }
"""


@pytest.fixture
def least() -> str:
    return LEAST


@pytest.fixture
def find():
    def found(more: str = "", *, environ=None, text: str = LEAST, folder: Path | None = None) -> list[Finding]:
        return list(load.inspect_text(text + more, "x.yaml", environ=environ or {}, folder=folder).findings)

    return found


@pytest.fixture
def config():
    def loaded(more: str = "", *, environ=None, text: str = LEAST):
        return load.load_text(text + more, environ=environ or {})

    return loaded


@dataclass(frozen=True)
class AnyDetector:
    """Stands for a detector that is not built here."""

    alpha: float = 0.05

    def begin(self, size):
        return {}

    def prepare(self, baseline, threshold, direction):
        return None

    def step(self, state, tick, prepared):
        return state, None


@dataclass(frozen=True)
class AnySink:
    """Stands for a sink that is not built here."""

    routing_key: Secret | None = None
    url: str = ""
    urls: tuple[Secret, ...] = ()

    def send(self, page):
        return None


@pytest.fixture
def kinds(monkeypatch):
    """Makes kinds that are not built here known, by the door that users' own come through."""

    def install(group, *names):
        module = ModuleType("stand_in")
        module.Stand = AnyDetector if group == "detector" else AnySink
        monkeypatch.setitem(sys.modules, f"stand_in_{group}", module)
        points = plugins.kinds(group)
        for name in names:
            if ":" in name:
                where, _, cls = name.partition(":")
                own = ModuleType(where)
                setattr(own, cls, module.Stand)
                monkeypatch.setitem(sys.modules, where, own)
                monkeypatch.setitem(sys.modules, where.split(".")[0], own)
            else:
                monkeypatch.setitem(points, name, EntryPoint(name, f"stand_in_{group}:Stand", f"bellbuoy.{group}s"))

    return install


@pytest.fixture
def contract() -> str:
    """The keys as they were agreed upon: a sample with each of them."""
    return (Path(__file__).parents[1] / "golden" / "config" / "contract" / "whole.yaml").read_text(encoding="utf-8")
