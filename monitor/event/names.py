"""Names appear in pages: no character in them may steer a terminal or turn the writing around."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from bellbuoy.monitor.event.columns import COLUMNS, Column

_TURNING = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Marks that change the direction of writing."""


@lru_cache(maxsize=65_536)
def clean(name: str) -> bool:
    """Tell whether a name has no C0 or C1 control and no character that turns the direction of writing."""
    return not any(char < " " or "\x7f" <= char <= "\x9f" or char in _TURNING for char in name)


def _holders(columns: Iterable[Column]) -> tuple[tuple[Column, Any], ...]:
    """Return the columns that hold names, each with the ones inside it."""
    held = []
    for column in columns:
        inner = _holders(column.children)
        if column.kind == "name" or column.shape == "texts" or inner:
            held.append((column, inner))
    return tuple(held)


_NAMED = _holders(COLUMNS)


def check_names(event: Any) -> None:
    """Check every name of an event, those inside objects too.

    Raises:
        msgspec.ValidationError: in the decoder's own form, so that it is classified like any other.
    """
    _check(event, _NAMED, "$")


def _check(owner: Any, named: tuple[tuple[Column, Any], ...], path: str) -> None:
    for column, inner in named:
        value = getattr(owner, column.attribute)
        if value is None:
            continue
        here = f"{path}.{column.name}"
        if type(value) is str:
            _refuse_unclean(value, here)
        elif type(value) is not list:
            _check(value, inner, here)
        else:
            for index, item in enumerate(value):
                if type(item) is str:
                    _refuse_unclean(item, f"{here}[{index}]")
                else:
                    _check(item, inner, f"{here}[{index}]")


def _refuse_unclean(name: str, path: str) -> None:
    if not clean(name):
        raise msgspec.ValidationError(
            f"Expected `str` of length <= 128 without control or direction characters - at `{path}`"
        )
