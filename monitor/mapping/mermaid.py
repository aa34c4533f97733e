"""A map as a Mermaid flowchart: steps as boxes, and between them the share of interactions that went this way. Pure."""

from bellbuoy.monitor.mapping import wording
from bellbuoy.monitor.mapping.choosing import chosen
from bellbuoy.monitor.mapping.drawn import Map, MappedStep
from bellbuoy.monitor.mapping.parts import RARE
from bellbuoy.monitor.web.wording import percent, plural

_ENDS = {"well": "ends well", "badly": "ends badly", "open": "end not known"}
_SAFE = frozenset(" _-.,:%/")
_STYLES = (
    "classDef below fill:#fde3e3,stroke:#c81e1e,color:#0f172a",
    "classDef aside stroke-dasharray:4 3,color:#586579",
    "classDef outer fill:none,stroke:#586579",
)


def mermaid(drawn: Map, *, whole: bool = False) -> str:
    """Return a `flowchart LR`.

    Args:
        drawn: the map.
        whole: draw every step, however many there are.
    """
    steps, rest = chosen(drawn, whole=whole)
    strange = [step for step in drawn.unmapped if step.reach >= RARE]
    ids = {step.name: f"s{step.number}" for step in steps}
    ids |= {step.name: f"u{number}" for number, step in enumerate(strange, 1)}
    nodes = [f'  {ids[step.name]}["{_box(step)}"]' for step in (*steps, *strange)]
    edges, ends, hidden = [], [], 0
    for one in drawn.edges:
        if (one.source is not None and one.source not in ids) or (one.target is not None and one.target not in ids):
            hidden += 1
            continue
        if one.ending is not None:
            ends.append(one.ending)
        source = "begin" if one.source is None else ids[one.source]
        target = one.ending if one.target is None else ids[one.target]
        line = "-.->" if one.ending == "badly" else "-->"
        edges.append(f"  {source} {line}|{percent(one.share, 0)}| {target}")
    lines = ["flowchart LR", f"  %% {_escaped(wording.name(drawn.workflow))}, {wording.head(drawn)}"]
    lines += ['  begin(["begins"])', *nodes]
    lines += [f'  {ending}(["{text}"])' for ending, text in _ENDS.items() if ending in ends]
    lines += edges
    below = [ids[step.name] for step in steps if step.standing == "below"]
    unseen = [ids[one] for one in (*drawn.unseen, *(step.name for step in strange)) if one in ids]
    shown = ["begin", *(ending for ending in _ENDS if ending in ends)]
    for kind, some in (("below", below), ("aside", unseen), ("outer", shown)):
        lines += [f"  class {','.join(some)} {kind}"] if some else []
    lines += [f"  {style}" for style in _STYLES]
    if drawn.edges_left_out:
        lines.append(f"  %% not drawn: {plural(drawn.edges_left_out, 'way')} that under 1 % of the interactions went")
    if rest is not None:
        lines.append(f"  %% not drawn: {plural(rest.n, 'step')}, and {plural(hidden, 'way')} to and from them")
    return "\n".join(lines) + "\n"


def _box(step: MappedStep) -> str:
    ok = f"{percent(step.ok.rate)} ok" if step.ok else "never seen" if not step.events else "outcome unknown"
    gap = f"<br/>{-100 * step.gap:.1f} points under" if step.standing == "below" and step.gap is not None else ""
    undeclared = "<br/>not declared" if step.declared is False else ""
    return f"{_escaped(wording.name(step.name))}<br/>{ok}{gap}{undeclared}"


def _escaped(text: str) -> str:
    """Return foreign text in which every sign that could mean something to Mermaid or HTML is a numbered character."""
    return "".join(one if one.isalnum() or one in _SAFE else f"#{ord(one)};" for one in text)
