"""The steps that a map learned, as the block of a configuration that declares them. Pure."""

import json
import re
from typing import Final, get_args

from bellbuoy.config.workflows import Branch
from bellbuoy.monitor.mapping.choosing import Rest
from bellbuoy.monitor.mapping.drawn import Map, MappedStep

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_WORDS: Final = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def block(drawn: Map, steps: tuple[MappedStep, ...], rest: Rest | None) -> list[str]:
    """Return the lines of YAML that declare steps, ready to paste.

    Args:
        drawn: the map.
        steps: those to declare, in order.
        rest: those that are left out.
    """
    lines = ["workflows:", f"  - name: {_text(drawn.workflow)}", "    steps:"]
    for step in steps:
        branches = [one.name for one in step.branches if one.name in get_args(Branch)]
        systems = [_text(one.name) for one in step.touches if one.kind == "integration"]
        more = [f"branches: [{', '.join(branches)}]"] if branches else []
        more += [f"integrations: [{', '.join(systems)}]"] if systems else []
        more += ["optional: true"] if step.optional else []
        own = _text(step.name)
        lines.append(f"      - {{ name: {', '.join([own, *more])} }}" if more else f"      - {own}")
    if rest is not None:
        lines.append(f"      # {rest.n} more; --all lists them")
    return lines


def _text(name: str) -> str:
    """Return a foreign name as a YAML scalar: quoted, with escapes, unless it is plain."""
    if _PLAIN.fullmatch(name) and name.lower() not in _WORDS:
        return name
    return json.dumps(name)
