"""Names of detectors and sinks → their classes, and their settings held against the classes' own fields.

A kind is an entry point of the groups `bellbuoy.detectors` and `bellbuoy.sinks`, or `module:Class`. Classes are
imported only when there are settings to check or an object to build.
"""

import importlib
import inspect
from collections.abc import Container, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_type_hints

from bellbuoy.config.document import Path
from bellbuoy.config.errors import Remark, suggest
from bellbuoy.config.fitting import MisfitError, fit, holds_secret
from bellbuoy.config.masking import is_secret_key
from bellbuoy.config.references import is_reference
from bellbuoy.sinks.base import Secret, Sink

if TYPE_CHECKING:
    from bellbuoy.config.model import Config
    from bellbuoy.detectors.base import Detector

LITERAL = "a secret is not written here; write { env: NAME } or { file: PATH }"
Group = Literal["detector", "sink"]


class PluginError(Exception):
    """A detector or a sink that cannot be had.

    Attributes:
        message: what is wrong and what to do.
        path: keys within the settings; () for the kind itself.
        code: key of `bellbuoy.config.errors.CODES`.
        hint: what was probably meant, or "".
        on_key: it is the key that is wrong, not its value.
    """

    def __init__(
        self, message: str, path: Path = (), *, code: str = "BB121", hint: str = "", on_key: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.code = code
        self.hint = hint
        self.on_key = on_key


def detector(kind: str, settings: Mapping[str, Any]) -> "Detector":
    """Build the detector of a kind with its settings.

    Raises:
        PluginError: the kind is not known or does not import, or a setting is wrong.
    """
    return cast("Detector", _build("detector", kind, settings))


def sink(kind: str, settings: Mapping[str, Any]) -> Sink:
    """Build the sink of a kind with its settings, see `detector`."""
    return cast("Sink", _build("sink", kind, settings))


@cache
def kinds(group: Group) -> dict[str, EntryPoint]:
    """Return the kinds that are installed, by name."""
    return {point.name: point for point in entry_points(group=f"bellbuoy.{group}s")}


def find(group: Group, kind: str) -> type[Any]:
    """Return the class of a kind.

    Raises:
        PluginError: there is none, or it does not import.
    """
    target = known(group, kind)
    module, _, name = target.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - a user's module may raise anything on import
        reason = f"{type(problem).__name__}: {problem}"
        raise PluginError(
            f"{group} {_quoted(kind)} cannot be imported: {reason}; install it or correct the path"
        ) from None
    methods = ("begin", "prepare", "step") if group == "detector" else ("send",)
    if not (
        isinstance(found, type) and is_dataclass(found) and all(callable(getattr(found, m, None)) for m in methods)
    ):
        raise PluginError(f"{_quoted(kind)} is no {group}: a {group} is a frozen dataclass with {', '.join(methods)}")
    if group == "detector" and not getattr(found, "__dataclass_params__").frozen:  # noqa: B009 - types know no such attribute
        raise PluginError(f"{_quoted(kind)} may change while it judges: write @dataclass(frozen=True) over it")
    return found


def known(group: Group, kind: str) -> str:
    """Return `module:Class` of a kind without importing it.

    Raises:
        PluginError: no such kind is installed.
    """
    installed = kinds(group)
    if kind in installed:
        return installed[kind].value
    module, colon, name = kind.partition(":")
    parts = [*module.split("."), *name.split(".")]
    if colon and all(part.isidentifier() for part in parts):
        return kind
    message = (
        f"no kind of {group} is named {_quoted(kind)}; write one of {', '.join(sorted(installed))} or module:Class"
    )
    raise PluginError(message, hint=suggest(kind, installed))


def faults(cls: type[Any], settings: Mapping[str, Any]) -> Iterator[PluginError]:
    """Yield what is wrong with settings, held against the fields of the class; references count as secrets."""
    accepted = _accepted(cls)
    hints = _hints(cls)
    for key, value in settings.items():
        if key not in accepted:
            hint = suggest(key, accepted)
            known = "" if hint else f"; known are {', '.join(accepted)}" if accepted else "; there is none to set"
            yield PluginError(f"unknown key '{key[:64]}'{known}", (key,), code="BB101", hint=hint, on_key=True)
        elif holds_secret(hints.get(key)) and not _is_secret(value, hints[key]):
            yield PluginError(LITERAL, (key,), code="BB110")
        else:
            try:
                fit(value, hints.get(key))
            except MisfitError as problem:
                yield PluginError(f"'{key}' wants {problem}", (key,), code="BB103")
    for name, item in accepted.items():
        if name not in settings and item.default is MISSING and item.default_factory is MISSING:
            yield PluginError(f"key '{name}' is missing", (), code="BB102", on_key=True)


def check_plugins(data: object) -> Iterator[Remark]:
    """Yield what is wrong with the kinds and settings in a configuration's data."""
    if not isinstance(data, dict):
        return
    detectors = data.get("detectors")
    for index, entry in enumerate(detectors if isinstance(detectors, list) else ()):
        if isinstance(entry, dict) and isinstance(entry.get("kind"), str) and entry["kind"]:
            base: Path = ("detectors", index)
            yield from _check(
                "detector", entry["kind"], entry.get("settings", {}), (*base, "kind"), (*base, "settings")
            )
    sinks = data.get("sinks")
    for name, entry in sinks.items() if isinstance(sinks, dict) else ():
        if isinstance(entry, dict) and len(entry) == 1:
            kind, settings = next(iter(entry.items()))
            yield from _check("sink", kind, settings, ("sinks", name, kind), ("sinks", name, kind))


def check_objects(config: "Config", refused: Container[object]) -> Iterator[Remark]:
    """Yield what the sinks' classes themselves refuse, once the secrets are there; not for those refused already."""
    for name, entry in config.sinks.items():
        if name in refused:
            continue
        try:
            sink(entry.kind, entry.settings)
        except PluginError as problem:
            yield Remark(problem.code, ("sinks", name, entry.kind, *problem.path), problem.message, problem.hint)


def _check(group: Group, kind: str, settings: object, at: Path, within: Path) -> Iterator[Remark]:
    if not isinstance(settings, dict):
        return  # the model says so
    on_key = at == within
    try:
        known(group, kind)
        if not settings and group == "detector" and ":" not in kind:
            return  # an entry point without settings: nothing to check, so nothing to import
        found = find(group, kind)
    except PluginError as problem:
        yield Remark(problem.code, at, problem.message, problem.hint, on_key)
        for key, value in settings.items():
            if is_secret_key(key) and isinstance(value, (str, int, float)) and not isinstance(value, bool):
                yield Remark("BB110", (*within, key), LITERAL)
        return
    wrong = list(faults(found, settings))
    for fault in wrong:
        yield Remark(fault.code, (*within, *fault.path), fault.message, fault.hint, fault.on_key)
    if not wrong and not _has_reference(settings):
        try:
            _construct(found, settings)
        except PluginError as problem:
            yield Remark(problem.code, (*within, *problem.path), problem.message, problem.hint, on_key)


def _build(group: Group, kind: str, settings: Mapping[str, Any]) -> object:
    found = find(group, kind)
    for fault in faults(found, settings):
        raise fault
    return _construct(found, settings)


def _construct(cls: type[Any], settings: Mapping[str, Any]) -> object:
    hints = _hints(cls)
    try:
        return cls(**{key: fit(value, hints.get(key)) for key, value in settings.items()})
    except ImportError as problem:  # an extra that the class wants
        raise PluginError(str(problem)) from None
    except (TypeError, ValueError) as problem:
        message = str(problem)
        key = next((name for name in settings if message.startswith((f"{name} ", f"`{name}`", f"'{name}'"))), None)
        raise PluginError(message, () if key is None else (key,), code="BB122") from None


def _accepted(cls: type[Any]) -> dict[str, "Field[Any]"]:
    return {item.name: item for item in fields(cls) if item.init and not item.name.startswith("_")}


def _hints(cls: type[Any]) -> dict[str, Any]:
    try:
        return get_type_hints(cls)
    except (NameError, TypeError, AttributeError):
        return {name: hint for name, hint in inspect.get_annotations(cls).items() if not isinstance(hint, str)}


def _is_secret(value: object, hint: object) -> bool:
    if isinstance(value, Secret) or is_reference(value):
        return True
    if value is None:
        return NoneType in get_args(hint)
    return isinstance(value, (list, tuple)) and all(isinstance(item, Secret) or is_reference(item) for item in value)


def _has_reference(value: object) -> bool:
    if is_reference(value):
        return True
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(map(_has_reference, inner))


def _quoted(kind: str) -> str:
    return f"'{kind[:64]}'"
