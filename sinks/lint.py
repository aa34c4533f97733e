"""Holds blocks against Slack's documented limits and our own stricter ones; Slack's emulators check none of them."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Block = dict[str, Any]

BLOCKS = 50
OUR_BLOCKS = 20
OUR_BYTES = 12_000
_MARKUP = re.compile(r"<([^<>]*)>")
_MEANT = re.compile(
    r"https?://[^|\s]+(\|[^|]*)?|!date\^\d+\^[^|]*\|[^|]*|!subteam\^[A-Z0-9]+(\|[^|]*)?|@[A-Z0-9]+|![a-z]+|#[A-Z0-9]+"
)
_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def lint(blocks: list[Block], mention: str = "") -> list[str]:
    """Return what Slack would refuse in these blocks, and what foreign text could have done; empty when all is well.

    Args:
        blocks: the blocks of one message.
        mention: the call that the sink itself put in; any other one is a finding.
    """
    found = [f"{len(blocks)} blocks, at most {OUR_BLOCKS}"] if len(blocks) > OUR_BLOCKS else []
    weight = len(json.dumps(blocks, ensure_ascii=False).encode("utf-8", "replace"))
    if weight > OUR_BYTES:
        found.append(f"{weight} bytes of JSON, at most {OUR_BYTES}")
    names: list[str] = []
    for place, block in enumerate(blocks):
        where = f"block {place} ({block.get('type')})"
        found += [f"{where}: {finding}" for finding in _block(block, mention)]
        names += [block["block_id"]] if "block_id" in block else []
        names += [e["action_id"] for e in block.get("elements", []) if "action_id" in e]
    found += [f"id {name!r} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
    found += [f"id of {len(name)} characters, at most 255" for name in names if len(name) > 255]
    return found


def _block(block: Block, mention: str, *, inside: bool = False) -> Iterator[str]:
    check = CHECKS.get(str(block.get("type")))
    if check is None or (inside and block["type"] == "container"):
        yield "no such block here"
    else:
        yield from check(block, mention)


def _header(block: Block, mention: str) -> Iterator[str]:
    yield from _text(block.get("text"), 150, mention, "plain_text")


def _section(block: Block, mention: str) -> Iterator[str]:
    fields = block.get("fields", [])
    if not fields and "text" not in block:
        yield "neither text nor fields"
    if "text" in block:
        yield from _text(block["text"], 3000, mention)
    yield from _count(fields, 10, "fields")
    for field in fields:
        yield from _text(field, 2000, mention)


def _container(block: Block, mention: str) -> Iterator[str]:
    yield from _text(block.get("title"), 150, mention, "plain_text")
    yield from _text(block.get("subtitle"), 150, mention, "plain_text")
    children = block.get("child_blocks", [])
    yield from _count(children, 10, "children", least=1)
    for child in children:
        yield from _block(child, mention, inside=True)


def _actions(block: Block, mention: str) -> Iterator[str]:
    elements = block.get("elements", [])
    yield from _count(elements, 25, "elements", least=1)
    for element in elements:
        check = ELEMENTS.get(str(element.get("type")))
        if check is None:
            yield f"element {element.get('type')!r} does not belong here"
        else:
            yield from check(element, mention)


def _context(block: Block, mention: str) -> Iterator[str]:
    elements = block.get("elements", [])
    yield from _count(elements, 10, "elements", least=1)
    for element in elements:
        yield from _text(element, 3000, mention)


def _image(block: Block, _mention: str) -> Iterator[str]:
    if not block.get("slack_file", {}).get("id") and not str(block.get("image_url", "")).startswith("https://"):
        yield "an image without a file"
    if not 1 <= len(block.get("alt_text", "")) <= 2000:
        yield "alt_text must have 1 to 2000 characters"


def _divider(_block: Block, _mention: str) -> Iterator[str]:
    yield from ()


def _count(things: list[Any], most: int, name: str, least: int = 0) -> Iterator[str]:
    if not least <= len(things) <= most:
        yield f"{len(things)} {name}, at least {least} and at most {most}"


def _text(text: Any, limit: int, mention: str, kind: str | None = None) -> Iterator[str]:
    if (
        not isinstance(text, dict)
        or text.get("type") not in {"plain_text", "mrkdwn"}
        or not isinstance(text.get("text"), str)
    ):
        yield "no text object where one belongs"
        return
    said = text["text"]
    if kind and text["type"] != kind:
        yield f"text is {text['type']}, must be {kind}"
    if not 1 <= len(said) <= limit:
        yield f"text of {len(said)} characters, at least 1 and at most {limit}"
    if _HIDDEN.search(said):
        yield "a control or bidi character in a text"
    if text["type"] == "mrkdwn":
        yield from markup(said, mention)


def markup(said: str, mention: str = "") -> list[str]:
    """Return what is wrong with the `<…>` of a text in Slack's markup: foreign calls, unescaped characters."""
    rest = said.replace(mention, "") if mention else said
    found = [
        f"markup {match[0][:60]!r} that we did not make"
        for match in _MARKUP.finditer(rest)
        if not _MEANT.fullmatch(match[1]) or match[1].startswith(("@", "!subteam", "!channel", "!here", "!everyone"))
    ]
    bare = _MARKUP.sub("", rest)
    if "<" in bare or ">" in bare or re.search(r"&(?!amp;|lt;|gt;)", bare):
        found.append("an unescaped &, < or >")
    return found


def _button(element: Block, mention: str) -> Iterator[str]:
    yield from _text(element.get("text"), 75, mention, "plain_text")
    if len(element.get("value", "")) > 2000:
        yield "value of more than 2000 characters"
    url = element.get("url", "https://")
    if len(url) > 3000 or not url.startswith(("https://", "http://")):
        yield "url must be http(s) and have at most 3000 characters"
    if "confirm" in element:
        yield from _confirm(element["confirm"], mention)


def _select(element: Block, mention: str) -> Iterator[str]:
    yield from _text(element.get("placeholder"), 150, mention, "plain_text")
    options = element.get("options", [])
    yield from _count(options, 100, "options", least=1)
    for option in options:
        yield from _text(option.get("text"), 75, mention, "plain_text")
        if not 1 <= len(option.get("value", "")) <= 75:
            yield "value of an option must have 1 to 75 characters"


def _confirm(dialog: Block, mention: str) -> Iterator[str]:
    yield from _text(dialog.get("title"), 100, mention, "plain_text")
    yield from _text(dialog.get("text"), 300, mention)
    for answer in ("confirm", "deny"):
        yield from _text(dialog.get(answer), 30, mention, "plain_text")


CHECKS: dict[str, Callable[[Block, str], Iterator[str]]] = {
    "header": _header,
    "section": _section,
    "image": _image,
    "container": _container,
    "actions": _actions,
    "context": _context,
    "divider": _divider,
}
"""One check a kind of block; a kind that is not here does not belong into a message."""

ELEMENTS: dict[str, Callable[[Block, str], Iterator[str]]] = {"button": _button, "static_select": _select}
"""One check a kind of element of `actions`."""
