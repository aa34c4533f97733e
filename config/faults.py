"""What pydantic found, said in our own words: code, sentence, suggestion."""

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bellbuoy.config.document import Document, Path, scalar
from bellbuoy.config.errors import Remark, suggest
from bellbuoy.config.masking import MASK, under_secret
from bellbuoy.config.quantities import DURATION, SIZE, write_duration, write_size

SENTENCES: dict[str, tuple[str, str]] = {
    "string_type": ("BB103", "{value} is not a text; write it in quotes"),
    "int_type": ("BB103", "{value} is not a whole number"),
    "float_type": ("BB103", "{value} is not a number"),
    "bool_type": ("BB103", "{value} is neither true nor false"),
    "dict_type": ("BB103", "{value} stands where a mapping is wanted; write key: value or {{}}"),
    "model_type": ("BB103", "{value} stands where a mapping is wanted; write key: value or {{}}"),
    "tuple_type": ("BB103", "{value} stands where a list is wanted; write [A, B]"),
    "literal_error": ("BB104", "{value} is not one of {choices}"),
    "duration": ("BB105", "{value} is not a duration; write 30s, 5m, 2h, 28d or 4w"),
    "duration_above": ("BB106", "{bare} is too long; the most is 100y"),
    "size_above": ("BB106", "{bare} is too large; the most is 1024TiB"),
    "zero": ("BB106", "{bare} is too little; it must be above 0"),
    "share": ("BB105", "{value} is not a share; write 2% or 1.5%"),
    "share_above": ("BB106", "{bare} is above 100%"),
    "size": ("BB105", "{value} is not a size; write 64KiB, 16MiB or 1GiB"),
    "tick": ("BB106", "{value} cannot be a tick; write whole minutes that divide an hour, such as 5m"),
    "threads": ("BB106", "{value} is not a number of threads; write auto or 1 to 64"),
    "greater_than": ("BB106", "{bare} is too small; it must be above {gt}"),
    "greater_than_equal": ("BB106", "{bare} is too small; the least is {ge}"),
    "less_than_equal": ("BB106", "{bare} is too large; the most is {le}"),
    "string_too_short": ("BB106", "a text is missing here; write at least {min_length} character"),
    "string_too_long": ("BB106", "this text is longer than {max_length} characters; shorten it"),
    "too_short": ("BB106", "nothing is listed here; give at least {min_length}"),
    "instant": ("BB107", "{text} is not a date or time; write 2026-11-01 or 2026-11-01T00:00Z"),
    "span": ("BB107", "{value} is not a span; write 2026-09-01..2026-09-28"),
    "start": ("BB107", "{value} is no place to start; write earliest, latest or 2026-11-01T00:00Z"),
    "week_time": ("BB107", "{value} is not a time of the week; write Mon 08:00 or daily 08:00"),
    "week_span": ("BB107", "{value} is not a span of the week; write Tue 02:00-02:30 or daily 02:00-02:30"),
    "span_reversed": ("BB108", "the span ends ({until}) before it begins ({since})"),
    "one_key": ("BB109", "exactly one key stands here; write one of {keys}"),
    "moment": ("BB107", "{value} is not a time; write 20d6h (after the beginning) or 2026-11-01T00:00Z"),
    "within": ("BB107", "{value} is not from when to when; write 20d..22d or 2026-11-01..2026-11-02"),
    "flow": ("BB105", "{value} is not how many trials come; write 40/h, or 40/h until 20d, then 10/h"),
    "shares": (
        "BB105",
        "{value} is not a share over time; write 5%, or 5% until 28d, then 12%, or … then to 12% by 40d",
    ),
    "course_time": ("BB105", "{text} is not a time after the beginning; write 20d or 20d6h"),
    "course_order": ("BB108", "{text} does not come after {before}; write the turns in their order"),
    "course_open": ("BB105", "a value before 'then' says until when it holds; write 5% until 28d, then 12%"),
    "course_ends": ("BB105", "nothing follows {text}; say what is then, or leave 'until' out"),
    "secret_literal": ("BB110", "a secret is not written here; write {{ env: NAME }} or {{ file: PATH }}"),
    "secret_env": ("BB111", "environment variable {name} is not set"),
    "secret_file": ("BB112", "secret file {path} {problem}"),
    "^https?://": ("BB119", "{value} is not an address; write https://HOST/PATH"),
    "^[a-z][a-z0-9_]": (
        "BB119",
        "{value} is not a signal's name; write small letters, digits and _, such as refund_reversed",
    ),
    "^[^*?/]+": ("BB119", "{value} is not a series; write WORKFLOW, WORKFLOW/STEP or WORKFLOW/STEP/SEGMENT"),
    r"^\$": ("BB119", "{value} is not a path into a message; write $.a.b"),
    "^(\\[": ("BB119", "{value} is not an address to listen on; write HOST:PORT, such as 127.0.0.1:8420"),
}
"""Type of an error, or beginning of a pattern that does not match → code and sentence."""


def translate(errors: list[ErrorDetails], document: Document, model: type[BaseModel]) -> list[Remark]:
    """Return one remark for each error, at the longest path that stands in the file."""
    return [_remark(error, document, model) for error in errors if not _follows(error, document)]


def _follows(error: ErrorDetails, document: Document) -> bool:
    """Tell whether an error is only the echo of another: a list counts as short where its items are wrong."""
    value = _at(document.data, _existing(error["loc"], document.data))
    return error["type"] == "too_short" and bool(value)


def _remark(error: ErrorDetails, document: Document, model: type[BaseModel]) -> Remark:
    path = _existing(error["loc"], document.data)
    if error["type"] == "extra_forbidden":
        hint = suggest(str(path[-1]), keys_at(model, path[:-1]))
        return Remark("BB101", path, f"unknown key {_quote(str(path[-1]))}", hint, on_key=True)
    if error["type"] == "missing":
        return _missing(error, path, model)
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "string_pattern_mismatch":
        kind = next((start for start in SENTENCES if str(context.get("pattern")).startswith(start)), kind)
    code, sentence = SENTENCES.get(kind, ("BB103", error["msg"].replace("{", "(").replace("}", ")")))
    choices = re.findall(r"'([^']*)'|(\d+)", str(context.get("expected", "")))
    names = [text or number for text, number in choices]
    value = _at(document.data, path)
    message = sentence.format_map(
        {
            **context,
            **{name: _bound(context[name], value) for name in ("gt", "ge", "le") if name in context},
            "value": shown(value, path, document),
            "bare": shown(value, path, document).strip("'"),
            "choices": ", ".join(names),
            "text": _quote(str(context["text"])) if context.get("text") else shown(value, path, document),
            "keys": ", ".join(context.get("keys", ())),
        }
    )
    if kind == "literal_error" and len(names) == 1:
        message = f"{shown(value, path, document)} is not known here; write {names[0]}"
    if context.get("smaller"):
        hint = f"did you mean {context['smaller']}?"
    elif kind == "tuple_type" and isinstance(value, str):
        hint = "did you mean [" + shown(value, path, document).strip("'") + "]?"
    else:
        hint = suggest(value, names) if isinstance(value, str) else ""
    return Remark(code, path, message, hint, on_key="[key]" in error["loc"])


def _bound(bound: float, value: object) -> str:
    """Return a bound as people write what it bounds: `28d` for a duration, `1MiB` for a size, else the number."""
    written = value if isinstance(value, str) else ""
    if re.fullmatch(DURATION, written):
        return write_duration(bound)
    return write_size(int(bound)) if re.fullmatch(SIZE, written) else f"{bound:g}"


def _missing(error: ErrorDetails, path: Path, model: type[BaseModel]) -> Remark:
    key = str(error["loc"][-1])
    field = field_at(model, error["loc"])
    example = f"; write {key}: {flow(field.examples[0])}" if field is not None and field.examples else ""
    return Remark("BB102", path, f"key '{key}' is missing{example}", on_key=True)


def shown(value: object, path: Path, document: Document) -> str:
    """Return a value as a message may show it: as written, short, never a secret."""
    if under_secret(path):
        return MASK
    place = document.places.get(path)
    if place is not None and place.written is not None:
        return _quote(place.written)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else _quote(value) if isinstance(value, str) else str(value)


def flow(value: object) -> str:
    """Return an example as YAML in one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key}: {flow(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z0-9$./_-][A-Za-z0-9$./_%:@*-]*( [A-Za-z0-9:-]+)*", text) and not text.endswith(":")
    if not isinstance(value, str) or (plain and isinstance(scalar(text, plain=True), str)):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def field_at(model: type[BaseModel], path: Path) -> FieldInfo | None:
    """Return the field that a path of the YAML leads to, or None."""
    parent = _annotation(model, path[:-1])
    return _fields(parent).get(str(path[-1])) if path and parent is not None else None


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that may stand in the mapping at `path`."""
    found = _annotation(model, path)
    return list(_fields(found)) if found is not None else []


def _fields(annotation: object) -> dict[str, FieldInfo]:
    if not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
        return {}
    return {field.alias or name: field for name, field in annotation.model_fields.items()}


def _annotation(model: type[BaseModel], path: Path) -> object:
    current: Any = model
    for key in path:
        current = bare(current)
        fields = _fields(current)
        if "root" in fields:
            current = bare(fields["root"].annotation)
            fields = {}
        if isinstance(current, type) and issubclass(current, BaseModel):
            if str(key) not in fields:
                return None
            current = fields[str(key)].annotation
        elif get_origin(current) in {dict, tuple}:
            current = get_args(current)[1 if get_origin(current) is dict else 0]
        else:
            return None
    return bare(current)


def bare(annotation: Any) -> Any:
    """Return a type without its `Annotated` and without `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in {Union, UnionType} and NoneType in get_args(annotation):
            annotation = next(kind for kind in get_args(annotation) if kind is not NoneType)
        else:
            return annotation


def _existing(path: Path, data: object) -> Path:
    for length, key in enumerate(path):
        if isinstance(data, dict) and key in data:
            data = data[str(key)]
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return path[:length]
    return path


def _at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= 60 else f"'{line[:57]}…'"
