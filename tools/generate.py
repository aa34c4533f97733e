"""Writes the files that are generated from one definition, or checks with `--check` that they are current.

Each entry of FILES names a file and the function of the product that returns its text. A file that is not current is
named with the command that mends it.
"""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# file -> "module:function" of the product, a function of no arguments that returns the text
FILES = {
    "config/schema.json": "bellbuoy.config.generate:schema",
    "config/tests.schema.json": "bellbuoy.config.generate:tests_schema",
    "config/reference.yaml": "bellbuoy.config.generate:reference",
    "docs/events.md": "pages:events",
    "docs/metrics.md": "pages:metrics",
    "docs/signals.md": "signal_pages:signals",
    "docs/sinks.md": "sink_pages:sinks",
    "docs/tables.md": "pages:tables",
    "helm/values.schema.json": "chart_schema:text",  # reads config/schema.json, so it stands behind it
}


def text_of(door: str) -> str:
    """Return what the function named by `module:function` says."""
    module, _, name = door.partition(":")
    return str(getattr(importlib.import_module(module), name)())


def main() -> int:
    """Write what is stale, in the order of FILES; with --check only name it and return 1."""
    stale = 0
    for name, door in FILES.items():
        text = text_of(door)
        if same(name, text):
            continue
        stale += 1
        if "--check" in sys.argv:
            print(f"{name} is not current: run `python tools/generate.py` and commit it", file=sys.stderr)
        else:
            (ROOT / name).write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if stale and "--check" in sys.argv else 0


def same(name: str, text: str) -> bool:
    """Say whether the file holds exactly this text."""
    path = ROOT / name
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
