"""Keys that the contract has and this version does not act on yet: named, so that nobody trusts in them.

A key leaves this list in the change that gives it its effect.
"""

from collections.abc import Iterable

from pydantic import BaseModel

from bellbuoy.config.model import Config

PENDING = ("reload",)
"""Paths without numbers and names of one's own: `workflows.steps.runbook` would be that of any step of any workflow."""


def pending(config: Config, written: Iterable[str] = PENDING) -> list[str]:
    """Return those of the keys that `config` sets itself, in the order of the list."""
    return [path for path in written if _sets(config, path.split("."))]


def _sets(value: object, keys: list[str]) -> bool:
    if not keys:
        return True
    if isinstance(value, dict):
        return any(_sets(one, keys) for one in value.values())
    if isinstance(value, list | tuple):
        return any(_sets(one, keys) for one in value)
    kind = getattr(value, "kind", None)
    if kind is not None and hasattr(value, "settings") and kind == keys[0]:
        return all(key in value.settings for key in keys[1:])
    if isinstance(value, BaseModel):
        return keys[0] in value.model_fields_set and _sets(getattr(value, keys[0], None), keys[1:])
    return False
