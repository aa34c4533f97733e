"""Fits values from YAML to the types that a plug-in's fields declare.

A number field takes durations (`4h`: seconds), shares (`2%`: 0 to 1) and sizes (`64KiB`: bytes); a tuple field takes
a list; a dataclass field takes a mapping; a `Secret` field takes `{ env: NAME }` or `{ file: PATH }`.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic_core import PydanticCustomError

from bellbuoy.config.quantities import DURATION, SHARE, SIZE, parse_delay, parse_share, parse_size
from bellbuoy.config.references import is_reference
from bellbuoy.sinks.base import Secret

_WORDS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number, a duration or a share",
    bool: "true or false",
    NoneType: "nothing",
    Secret: "{ env: NAME } or { file: PATH }",
}


class MisfitError(ValueError):
    """A value does not fit; the text says what is wanted."""


def fit(value: Any, hint: Any) -> Any:
    """Return a value as the type wants it; what the type says beyond that is the plug-in's own matter.

    References to secrets fit where secrets do and are returned as they are.

    Raises:
        MisfitError: it does not fit.
    """
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return _first(value, hint)
    if origin is Annotated:
        return fit(value, get_args(hint)[0])
    if origin is Literal:
        if any(value == choice and type(value) is type(choice) for choice in get_args(hint)):
            return value
        raise MisfitError(wanted(hint))
    return _fit_class(value, hint, origin or hint)


def holds_secret(hint: Any) -> bool:
    """Tell whether a type is a secret, a list of secrets, or either of them or nothing, and no plain text."""
    choices = get_args(hint)
    return hint is Secret or (str not in choices and any(map(holds_secret, choices)))


def wanted(hint: Any) -> str:
    """Return what a type wants, in words."""
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return " or ".join(wanted(choice) for choice in get_args(hint) if choice is not NoneType)
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    if origin is Annotated:
        return wanted(get_args(hint)[0])
    kind = origin or hint
    if kind in _WORDS:
        return _WORDS[kind]
    if isinstance(kind, type) and is_dataclass(kind):
        return "a mapping with " + ", ".join(item.name for item in fields(kind))
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return "a mapping"
    return "a list" if isinstance(kind, type) and issubclass(kind, Iterable) else str(getattr(hint, "__name__", hint))


def _fit_class(value: Any, hint: Any, kind: Any) -> Any:
    if not isinstance(kind, type):
        return value
    if kind is Secret:
        return _when(isinstance(value, Secret) or is_reference(value), value, hint)
    if kind in {bool, str, NoneType}:
        return _when(type(value) is kind, value, hint)
    if kind in {int, float}:
        return _number(value, kind)
    if is_dataclass(kind):
        return _record(value, kind)
    if issubclass(kind, Mapping):
        _when(isinstance(value, Mapping), value, hint)
        return {key: fit(item, *(get_args(hint)[1:2] or (Any,))) for key, item in value.items()}
    if issubclass(kind, Iterable):
        _when(isinstance(value, (list, tuple)), value, hint)
        made = [fit(item, *(get_args(hint)[:1] or (Any,))) for item in value]
        return made if issubclass(kind, list) else tuple(made)
    return value


def _first(value: Any, hint: Any) -> Any:
    for choice in get_args(hint):
        try:
            return fit(value, choice)
        except MisfitError:
            continue
    raise MisfitError(wanted(hint))


def _when(fitting: bool, value: Any, hint: Any) -> Any:
    if not fitting:
        raise MisfitError(wanted(hint))
    return value


def _number(value: Any, kind: type[Any]) -> Any:
    if isinstance(value, str):
        for pattern, parse in ((SIZE, parse_size),) if kind is int else ((DURATION, parse_delay), (SHARE, parse_share)):
            if re.fullmatch(pattern, value):
                with suppress(PydanticCustomError):
                    return parse(value)
    return _when(type(value) is int or (kind is float and type(value) is float), value, kind)


def _record(value: Any, kind: Any) -> Any:
    if isinstance(value, kind):
        return value
    hints = get_type_hints(kind)
    names = {item.name for item in fields(kind)}
    _when(isinstance(value, Mapping) and set(value) <= names, value, kind)
    try:
        return kind(**{key: fit(item, hints[key]) for key, item in value.items()})
    except TypeError:
        raise MisfitError(wanted(kind)) from None
