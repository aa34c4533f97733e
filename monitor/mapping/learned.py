"""The steps that a map learned, as the block of a configuration that declares them. Pure."""

from typing import get_args

from bellbuoy.config.workflows import Branch
from bellbuoy.monitor.mapping.choosing import Rest
from bellbuoy.monitor.mapping.drawn import Map, MappedStep
from bellbuoy.monitor.survey.scalars import scalar


def block(drawn: Map, steps: tuple[MappedStep, ...], rest: Rest | None) -> list[str]:
    """Return the lines of YAML that declare steps, ready to paste.

    Args:
        drawn: the map.
        steps: those to declare, in order.
        rest: those that are left out.
    """
    lines = ["workflows:", f"  - name: {scalar(drawn.workflow)}", "    steps:"]
    for step in steps:
        branches = [one.name for one in step.branches if one.name in get_args(Branch)]
        systems = [scalar(one.name) for one in step.touches if one.kind == "integration"]
        more = [f"branches: [{', '.join(branches)}]"] if branches else []
        more += [f"integrations: [{', '.join(systems)}]"] if systems else []
        more += ["optional: true"] if step.optional else []
        own = scalar(step.name)
        lines.append(f"      - {{ name: {', '.join([own, *more])} }}" if more else f"      - {own}")
    if rest is not None:
        lines.append(f"      # {rest.n} more; --all lists them")
    return lines
