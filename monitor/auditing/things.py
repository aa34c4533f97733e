"""What several steps stand on, judged by the same rules: sources, systems, branches."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bellbuoy.detectors.interval import newcombe
from bellbuoy.monitor.auditing import wording
from bellbuoy.monitor.auditing.known import Known
from bellbuoy.monitor.auditing.report import Figure, Finding, Judgement, Kind, Line
from bellbuoy.monitor.auditing.telling import thing_line

TOO_OLD: Final = 3.0
"""A source whose content is so many times as old as it may be is to be replaced."""

Found = tuple[str, dict[str, Figure]]


def finding(rule: str, figures: dict[str, Figure]) -> Finding:
    """Return a finding in words."""
    says, do = wording.finding(rule, figures)
    return Finding(rule, says, do, figures)


def things_of(known: Known, steps: Sequence[Line]) -> Iterator[Line]:
    """Return lines of what no step's line says, or several of them say.

    Args:
        known: of the workflow.
        steps: the lines of the steps.
    """
    workflow = known.made.workflow
    touched = [row for row in known.made.asked.touches if row["n"]]
    declared = {one.source: one for one in workflow.knowledge} if workflow else {}
    for source in sorted(declared.keys() | {row["name"] for row in touched if row["kind"] == "source"}):
        pin = declared.get(source)
        yield from _line("source", source, _source(known, source, None if pin is None else pin.max_age), known, steps)
    systems = {one.system for one in workflow.integrations} if workflow else set()
    systems |= {system for step in known.declared.values() for system in step.integrations}
    called = {row["name"] for row in touched if row["kind"] == "integration"}
    for system in sorted(systems | called):
        yield from _line("integration", system, _system(known, system, declared=system in systems), known, steps)
    untested: dict[str, list[tuple[str, int]]] = {}
    for line in steps:
        for one in line.findings:
            if one.rule == "H4" and "not_confident" in one.figures:
                own = untested.setdefault(str(one.figures["branch"]), [])
                own.append((line.name, int(one.figures["not_confident"] or 0)))
    for branch, own in sorted(untested.items()):
        if len(own) > 1:
            figures: dict[str, Figure] = {"branch": branch, "not_confident": sum(unsure for _, unsure in own)}
            yield _made("branch", branch, [("H4", figures)], [name for name, _ in own])


def _source(known: Known, name: str, max_age: float | None) -> Iterator[Found]:
    """Yield what is wrong with a source."""
    _, last = known.seen("unpinned_source", name)
    own = [row for row in known.made.asked.touches if (row["kind"], row["name"]) == ("source", name)]
    if not own:
        if known.unused(last):
            yield "K1", {"last_at": last, "interactions": known.map.interactions}
        return
    newest = max((row["as_of"] for row in own if row["as_of"] is not None), default=None)
    if max_age is not None and newest is not None and known.until - newest > TOO_OLD * max_age:
        yield "K1", {"age_s": known.until - newest, "max_age_s": max_age}
    bad = [row for row in own if row["bad"]]
    if len(bad) > 1:
        latest = max(bad, key=lambda row: row["bad_at"])
        yield "H7", {
            "source": name, "n": sum(row["n"] for row in own), "bad": sum(row["bad"] for row in bad),
            "state": latest["state"], "last_at": latest["bad_at"],
            "age_s": None if newest is None else known.until - newest,
        }  # fmt: skip


def _system(known: Known, name: str, *, declared: bool) -> Iterator[Found]:
    """Yield what is wrong with a system."""
    _, last = known.seen("integration_failure", name)
    if declared and known.unused(last):
        yield "K1", {"last_at": last, "interactions": known.map.interactions}
        return
    open_ones = [row for row in known.of("incidents", name) if row["signal"].startswith("integration_")]
    for row in open_ones[:1]:
        yield "H8", {"system": name, "incident": row["id"], "since": row["began_at"]}
    own = [row for row in known.made.asked.touches if (row["kind"], row["name"]) == ("integration", name)]
    ending = [row for row in own if row["state"] in ("expiring", "expired")]
    if len(ending) > 1:
        ends = max((row["expires_at"] for row in ending if row["expires_at"] is not None), default=None)
        state = "expired" if any(row["state"] == "expired" for row in ending) else "expiring"
        yield "H8", {"system": name, "token": state, "ends_at": ends}
    normal, (n, bad) = known.normal("integration_failure", name), known.counted.of("integration_failure", name)
    if normal is not None and n > 0 and not open_ones:
        low, _ = newcombe((normal.n, normal.bad), (n, bad), normal.scatter)
        if low >= known.worth("integration_failure"):
            yield "H8", {"system": name, "was": normal.bad / normal.n, "now": bad / n, "low": low}


def _line(kind: Kind, name: str, found: Iterable[Found], known: Known, steps: Sequence[Line]) -> Iterator[Line]:
    """Yield the line of a thing of which something is wrong."""
    told = list(found)
    if told:
        order = {line.name: place for place, line in enumerate(steps)}
        touching = {row["step"] for row in known.made.asked.touches if (row["kind"], row["name"]) == (kind, name)}
        yield _made(kind, name, told, sorted(touching, key=lambda one: (order.get(one, len(order)), one)))


def _made(kind: Kind, name: str, found: Sequence[Found], steps: Sequence[str]) -> Line:
    findings = tuple(finding(rule, figures) for rule, figures in found)
    verdict: Judgement = "kill" if findings[0].rule.startswith("K") else "harden"
    return Line(kind, name, None, verdict, None, None, 0.0, tuple(steps), thing_line(kind, steps), findings)
