"""docs/sinks.md: the settings of every sink, read off the fields and docstrings of its class."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from bellbuoy.config.fitting import holds_secret, wanted
from bellbuoy.config.plugins import find
from bellbuoy.config.quantities import write_duration

HEAD = """\
# Sinks

A sink shows an incident somewhere. It has a name of your own under `sinks:`, a kind, and the settings of that kind;
`routes:` names the sinks that are told. A secret is written `{ env: NAME }` or `{ file: PATH }`, never as a value. A class
of your own is a kind as `module:Class`: a frozen dataclass with `send`.

`bellbuoy check` refuses a setting that is not listed here, and says what a kind still needs.
"""
KINDS = {
    "slack": """\
It needs `channel` and `bot_token`, or a `webhook_url`. A stand-in for Slack is reached by `api_url`: everything that would
go to Slack goes there instead.

```yaml
sinks:
  reliability:
    slack: { channel: "#agent-reliability", bot_token: { env: SLACK_BOT_TOKEN }, mention: { page: "<!here>" } }
  rehearsal:
    slack: { channel: C0123, bot_token: { env: SLACK_BOT_TOKEN }, api_url: "http://127.0.0.1:8888/api/" }
```
""",
    "webhook": """\
It needs `url`.

```yaml
sinks:
  tickets:
    webhook: { url: "https://tickets.example.com/bellbuoy", secret: { file: /run/secrets/webhook_secret } }
```
""",
    "console": """\
It needs nothing.

```yaml
sinks:
  out:
    console: {}
  kept:
    console: { path: pages.jsonl }
```
""",
}
TABLE = "| setting | type | default | meaning |\n|---|---|---|---|\n"


def sinks() -> str:
    """Return docs/sinks.md."""
    return HEAD + "".join(_section(kind, text) for kind, text in KINDS.items())


def _section(kind: str, text: str) -> str:
    cls = find("sink", kind)
    told = inspect.cleandoc(cls.__doc__ or "").split("\nAttributes:", 1)[0].strip()
    return f"\n## `{kind}`\n\n{told}\n\n{text}\n{TABLE}" + "".join(_rows(cls, ""))


def _rows(cls: type[Any], within: str) -> Iterator[str]:
    hints, meanings = get_type_hints(cls), _meanings(cls)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        cells = (f"`{within}{field.name}`", _type(hint), _default(default), meanings[field.name])
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            yield from _rows(hint, f"{within}{field.name}.")


def _type(hint: Any) -> str:
    if holds_secret(hint):
        return "`{ env: NAME }` or `{ file: PATH }`"
    inner = [one for one in get_args(hint) if one is not Ellipsis]
    form = wanted(hint)
    if form in {"a list", "a mapping"} and inner:
        return f"{form} of texts" if set(inner) == {str} else form
    return "a duration, or seconds" if hint is float else form


def _default(value: Any) -> str:
    if value is None or value is dataclasses.MISSING or value in ("", (), {}) or dataclasses.is_dataclass(value):
        return ""
    return f"`{write_duration(value) if isinstance(value, float) else value}`"


def _meanings(cls: type[Any]) -> dict[str, str]:
    """Return what stands under `Attributes:` of a docstring, by name."""
    _, _, body = inspect.cleandoc(cls.__doc__ or "").partition("\nAttributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", body, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}
