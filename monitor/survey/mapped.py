"""The `map:` of a source as it is written into a configuration."""

from collections.abc import Iterator, Mapping

from bellbuoy.monitor.event.foreign import Entry, Foreign
from bellbuoy.monitor.survey.scalars import remark, scalar
from bellbuoy.monitor.survey.suggest import USUAL, Suggested
from bellbuoy.monitor.survey.workflow import comment


def foreign(found: Mapping[str, Suggested]) -> Foreign:
    """Return what reads records as was suggested."""
    return Foreign({name: one.entry for name, one in found.items()})


def written(found: Mapping[str, Suggested]) -> Iterator[str]:
    """Yield the lines of the block, its key first, each with what a person should know of it."""
    yield "map:"
    for name, one in found.items():
        if one.remark:
            yield from (f"  {line}" for line in comment(remark(one.remark)))
        some = "" if one.share >= USUAL else f" # in {100 * one.share:.0f} % of the records"
        yield f"  {name}: {_entry(one.entry)}{some}"


def _entry(entry: Entry) -> str:
    if entry.path is None:
        return f"{{ value: {scalar(str(entry.value))} }}"
    path = entry.path if "'" not in entry.path and '"' not in entry.path else scalar(entry.path)
    if not entry.values:
        return path
    values = ", ".join(f"{scalar(word)}: {meaning}" for word, meaning in entry.values.items())
    return f"{{ from: {path}, values: {{ {values} }} }}"
