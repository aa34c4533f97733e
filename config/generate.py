"""Writes `schema.json`, `tests.schema.json` and `reference.yaml` from the models: `python -m bellbuoy.config.generate [--check]`."""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bellbuoy.config.alert_tests import AlertTests
from bellbuoy.config.faults import bare, flow
from bellbuoy.config.model import Config, SinkEntry, Source
from bellbuoy.config.quantities import Quantity

FOLDER = Path(__file__).parent
WIDTH = 118
HEAD = """\
# Every key of a configuration with its meaning and its default, generated from the model.
# A key behind a # has no default: the value is an example.
# yaml-language-server: $schema=schema.json
"""
VARIABLE = {
    "type": "string",
    "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}",
    "description": "An environment variable, ${NAME} or ${NAME:-default}.",
}


def schema() -> str:
    """Return the JSON Schema of a configuration as a person writes it."""
    return _schema(Config, "Bellbuoy")


def tests_schema() -> str:
    """Return the JSON Schema of a file of alert tests."""
    return _schema(AlertTests, "Bellbuoy's alert tests")


def _schema(whole: type[BaseModel], title: str) -> str:
    made = whole.model_json_schema()
    made["required"] = [key for key in made["required"] if key != "detectors"]
    for model in sorted(_models(whole), key=lambda model: model.__name__):
        shape = made if model is whole else made["$defs"][model.__name__]
        for key, field in _fields(model):
            shape["properties"][key] = _property(shape["properties"][key], model, key, field)
        shape["description"] = inspect.cleandoc(model.__doc__ or "")
    made["$defs"]["Variable"] = VARIABLE
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_untitled(made), "title": title}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _property(shape: dict[str, Any], model: type[BaseModel], key: str, field: FieldInfo) -> dict[str, Any]:
    inner = {name: value for name, value in shape.items() if name not in {"default", "examples", "title"}}
    if "anyOf" in inner:
        inner["anyOf"] = [choice for choice in inner["anyOf"] if choice != {"type": "null"}]
        inner = inner["anyOf"][0] if len(inner["anyOf"]) == 1 else inner
    if inner.get("type") in {"integer", "number", "boolean"} or inner.keys() & {"pattern", "enum", "const"}:
        inner = {"anyOf": [inner, {"$ref": "#/$defs/Variable"}]}
    made = {"description": meaning(model, key), **inner}
    written = _written(field, field.get_default())
    if written not in (None, PydanticUndefined, (), {}) and not _is_shape(field.get_default()):
        made["default"] = written
    if field.examples:
        made["examples"] = field.examples
    return made


def _untitled(value: Any, *, names: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: _untitled(item, names=key == "properties")
            for key, item in value.items()
            if names or key != "title" or not isinstance(item, str)
        }
    return [_untitled(item) for item in value] if isinstance(value, list) else value


def reference() -> str:
    """Return a configuration that names every key, its meaning and its default."""
    return HEAD + "\n".join(_mapping(Config, 0, on=True, top=True)) + "\n"


def _mapping(
    model: type[BaseModel], indent: int, *, on: bool, given: object = None, top: bool = False
) -> Iterator[str]:
    """Yield the lines of a mapping; `on` is false where it stands behind #, `given` holds the defaults of this place."""
    for key, field in sorted(_fields(model), key=lambda item: item[0] not in _texts(model) and not top):
        if top:
            yield ""
        yield from _comment(meaning(model, key), indent)
        yield from _entry(key, field, indent, on=on, value=_value(field, key, given))


def _entry(key: str, field: FieldInfo, indent: int, *, on: bool, value: Any) -> Iterator[str]:
    kind = bare(field.annotation)
    inner = bare(get_args(kind)[0]) if get_origin(kind) is tuple else None
    if _is_model(kind):
        on = on and isinstance(value, BaseModel) and any(item is not None for _, item in value)
        yield _line(indent, f"{key}:", on=on)
        yield from _mapping(kind, indent + 2, on=on, given=value)
    elif key == "baselines":
        yield _line(indent, f"{key}:", on=on)
        yield _line(indent + 2, "default:", on=on)
        yield from _mapping(bare(get_args(kind)[1]), indent + 4, on=on)
    elif _is_model(inner):
        on = on and key in {"sources", "routes"}
        yield _line(indent, f"{key}:", on=on)
        yield from _items(inner, indent + 2, on=on)
    else:
        empty = value is PydanticUndefined or value in (None, (), {})
        on = on and (field.is_required() or not empty or not field.examples)
        example = field.examples[0] if empty and field.examples else _written(field, value)
        yield _line(indent, f"{key}: {flow(example)}", on=on)


def _items(model: Any, indent: int, *, on: bool) -> Iterator[str]:
    """Yield the lines of a list with one item; what is required comes first. Each kind of source is an item."""
    if model is Source:
        for key, field in _fields(Source):
            yield from _comment(meaning(Source, key), indent)
            yield _line(indent, f"- {key}:", on=on)
            yield from _mapping(bare(field.annotation), indent + 4, on=on)
        return
    dash = "- "
    for key, field in sorted(_fields(model), key=lambda item: not item[1].is_required()):
        yield from _comment(meaning(model, key), indent + 2 - len(dash))
        lines = list(_entry(key, field, indent + 2, on=on, value=_value(field, key, None)))
        text = lines[0].lstrip()
        yield " " * (indent + 2 - len(dash)) + (f"#{dash}{text[1:]}" if text.startswith("#") else dash + text)
        yield from lines[1:]
        dash = ""


def _value(field: FieldInfo, key: str, given: object) -> Any:
    return getattr(given, key, field.get_default()) if isinstance(given, BaseModel) else field.get_default()


def _line(indent: int, text: str, *, on: bool) -> str:
    return " " * indent + ("" if on else "#") + text


def _comment(text: str, indent: int) -> Iterator[str]:
    for line in textwrap.wrap(" ".join(text.split()), WIDTH - indent - 2, break_on_hyphens=False):
        yield " " * indent + "# " + line


def _written(field: FieldInfo, value: Any) -> Any:
    mark = next((item for item in _metadata(field) if isinstance(item, Quantity)), None)
    known = mark is not None and value is not None and value is not PydanticUndefined
    return mark.write(value) if mark is not None and known else value


def _metadata(field: FieldInfo) -> Iterator[object]:
    yield from field.metadata
    for choice in (field.annotation, *get_args(field.annotation)):
        if get_origin(choice) is Annotated:
            yield from get_args(choice)[1:]


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _models(annotation: Any) -> set[type[BaseModel]]:
    """Return all models that a type reaches, without the sinks, whose settings are their own."""
    kind = bare(annotation)
    if _is_model(kind):
        return {kind} | {found for _, field in _fields(kind) for found in _models(field.annotation)}
    return {found for inner in get_args(kind) for found in _models(inner)}


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not SinkEntry


def _is_shape(value: object) -> bool:
    return isinstance(value, BaseModel) or (isinstance(value, dict) and any(map(_is_shape, value.values())))


def meaning(model: type[BaseModel], key: str) -> str:
    """Return what a key means: the text under its field."""
    name = next(name for name, field in model.model_fields.items() if (field.alias or name) == key)
    return next(texts[name] for cls in model.__mro__ if name in (texts := _texts(cls)))


@cache
def _texts(cls: type) -> dict[str, str]:
    if not issubclass(cls, BaseModel) or cls.__module__.startswith("pydantic"):
        return {}
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def main(arguments: list[str]) -> int:
    """Write the files; with `--check` compare them and return 1 where one is stale."""
    stale = 0
    files = {"schema.json": schema(), "tests.schema.json": tests_schema(), "reference.yaml": reference()}
    for name, text in files.items():
        path = FOLDER / name
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"config/{name} is stale; run python -m bellbuoy.config.generate\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
