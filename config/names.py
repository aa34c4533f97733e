"""Names that point at nothing, and names given twice: read from the data itself, so that other faults do not hide them."""

from collections.abc import Iterator
from typing import Any

from bellbuoy.config.document import Path
from bellbuoy.config.errors import Remark, suggest
from bellbuoy.config.signals import FIELDS, LEVELS

OVERRIDABLE = ("workflow", "step")
"""What `by` may hold beside fields of the event."""


def check_names(data: object) -> Iterator[Remark]:
    """Yield what is wrong with the names in a configuration that may be wrong in other ways as well."""
    if not isinstance(data, dict):
        return
    yield from _twice(data)
    names = {
        "workflow": _named(data.get("workflows")),
        "step": [step for workflow in _list(data.get("workflows")) for step in _steps(workflow)],
        "signal": [*LEVELS, *_named(data.get("signals"))],
        "detector": _named(data.get("detectors")),
    }
    sinks = [*_dict(data.get("sinks"))]
    baselines = ["default", *_dict(data.get("baselines"))]
    for index, detector in enumerate(_list(data.get("detectors"))):
        yield from _detector(("detectors", index), _dict(detector), names["signal"], baselines)
    for index, route in enumerate(_list(data.get("routes"))):
        yield from _dangling(("routes", index, "to"), _dict(route).get("to"), "sink", sinks)
        yield from _when(("routes", index, "when"), _dict(route).get("when"), names)
    for index, quiet in enumerate(_list(data.get("quiet"))):
        yield from _when(("quiet", index, "when"), _dict(quiet).get("when"), names)
    yield from _dangling(("audit", "to"), _dict(data.get("audit")).get("to"), "sink", sinks)
    for index, workflow in enumerate(_list(data.get("workflows"))):
        systems = [str(_dict(entry).get("system")) for entry in _list(_dict(workflow).get("integrations"))]
        for number, step in enumerate(_list(_dict(workflow).get("steps"))) if systems else ():
            path: Path = ("workflows", index, "steps", number, "integrations")
            yield from _misspelt(path, _list(_dict(step).get("integrations")), systems)


def _misspelt(path: Path, used: list[Any], declared: list[str]) -> Iterator[Remark]:
    """Yield systems that are nearly, but not quite, one of the declared ones; others need no declaration."""
    for index, system in enumerate(used):
        if isinstance(system, str) and system not in declared and (hint := suggest(system, declared)):
            yield Remark("BB120", (*path, index), f"no integration is named '{system}'", hint)


def _detector(path: Path, entry: dict[str, Any], signals: list[str], baselines: list[str]) -> Iterator[Remark]:
    yield from _dangling((*path, "baseline"), entry.get("baseline"), "baseline", baselines)
    yield from _dangling((*path, "signal"), entry.get("signal"), "signal", signals, code="BB204")
    by = [name for name in _list(entry.get("by")) if isinstance(name, str)]
    for key in ("by", "slices", "stratify"):
        known = [*FIELDS, *{"by": OVERRIDABLE, "slices": ("step", "integration.system", "handoff.to")}.get(key, ())]
        for index, name in enumerate(_list(entry.get(key))):
            if isinstance(name, str) and name not in known and not name.startswith("attributes."):
                message = f"events have no field '{name}'; write one of theirs or attributes.KEY"
                yield Remark("BB204", (*path, key, index), message, suggest(name, known))
    if entry.get("signal") in LEVELS and LEVELS[entry["signal"]] == "interaction" and "step" in by:
        message = f"'{entry['signal']}' is counted for whole interactions, which have no step; leave step out"
        yield Remark("BB204", (*path, "by", _list(entry.get("by")).index("step")), message)
    if by and "workflow" not in by:
        yield Remark("BB204", (*path, "by"), "a series belongs to a workflow; write by: [workflow, …]")


def _when(path: Path, when: object, names: dict[str, list[str]]) -> Iterator[Remark]:
    for key, value in _dict(when).items():
        if key in {"workflow", "step"} and not names["workflow"]:
            continue  # nothing is declared: any workflow may come
        if key in names:
            yield from _dangling((*path, key), value, key, names[key])


def _dangling(path: Path, value: object, noun: str, names: list[str], code: str = "BB120") -> Iterator[Remark]:
    for index, name in enumerate(value) if isinstance(value, list) else [(None, value)]:
        if isinstance(name, str) and name and name not in names:
            message = f"no {noun} is named '{name[:64]}'" + ("" if names else f"; there is no {noun} at all")
            yield Remark(code, path if index is None else (*path, index), message, suggest(name, names))


def _twice(data: dict[str, Any]) -> Iterator[Remark]:
    yield from _repeated(("workflows",), data.get("workflows"), "name", "workflow")
    yield from _repeated(("detectors",), data.get("detectors"), "name", "detector")
    yield from _repeated(("quiet",), data.get("quiet"), "name", "quiet time")
    yield from _repeated(("signals",), data.get("signals"), "name", "signal", tuple(LEVELS))
    for index, workflow in enumerate(_list(data.get("workflows"))):
        path: Path = ("workflows", index)
        yield from _repeated((*path, "steps"), _dict(workflow).get("steps"), "name", "step")
        yield from _repeated((*path, "knowledge"), _dict(workflow).get("knowledge"), "source", "source of knowledge")
        yield from _repeated((*path, "integrations"), _dict(workflow).get("integrations"), "system", "integration")


def _repeated(path: Path, entries: object, key: str, noun: str, taken: tuple[str, ...] = ()) -> Iterator[Remark]:
    seen = set(taken)
    for index, entry in enumerate(_list(entries)):
        name = entry if isinstance(entry, str) else _dict(entry).get(key)
        where: Path = (*path, index) if isinstance(entry, str) else (*path, index, key)
        if not isinstance(name, str):
            continue
        if name in taken:
            yield Remark("BB206", where, f"'{name}' is a built-in {noun}; take another name")
        elif name in seen:
            yield Remark("BB206", where, f"a second {noun} is named '{name[:64]}'; take another name")
        seen.add(name)


def _named(entries: object) -> list[str]:
    names = [_dict(entry).get("name") for entry in _list(entries)]
    return [name for name in names if isinstance(name, str)]


def _steps(workflow: object) -> list[str]:
    steps = _list(_dict(workflow).get("steps"))
    names = [step if isinstance(step, str) else _dict(step).get("name") for step in steps]
    return [name for name in names if isinstance(name, str)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
