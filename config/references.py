"""Secrets as they are written: `{env: NAME}` or `{file: PATH}`, never the value itself."""

from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeAlias, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bellbuoy.sinks.base import Secret

SCHEMA: dict[str, Any] = {
    "oneOf": [
        {
            "type": "object",
            "properties": {key: {"type": "string", "description": meaning}},
            "required": [key],
            "additionalProperties": False,
        }
        for key, meaning in (("env", "Name of the environment variable."), ("file", "Path of the file."))
    ]
}


class SecretReader(Protocol):
    """Turns `{env: NAME}` or `{file: PATH}` into a secret; `bellbuoy.config.load` gives it as the validation context."""

    def secret(self, reference: object) -> Secret:
        """Return the secret.

        Raises:
            PydanticCustomError: a literal, a name that is not set, a file that cannot be read.
        """


def is_reference(value: object) -> bool:
    """Tell whether a value is written as `{env: NAME}` or `{file: PATH}`."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"env", "file"}


def _resolve(value: object, info: core_schema.ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if info.context is None:
        raise PydanticCustomError("secret_literal", "")
    return cast("SecretReader", info.context).secret(value)


def _resolve_within(value: object, info: core_schema.ValidationInfo) -> Any:
    if is_reference(value) and info.context is not None:
        return _resolve(value, info)
    if isinstance(value, dict):
        return {key: _resolve_within(inner, info) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolve_within(inner, info) for inner in value]
    return value


@dataclass(frozen=True, slots=True)
class SecretMark:
    """Marks a field that holds a secret."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the reference through the validation context."""
        return core_schema.with_info_plain_validator_function(_resolve)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the reference."""
        return dict(SCHEMA)


@dataclass(frozen=True, slots=True)
class SettingMark:
    """Marks a plug-in's setting: any value, in which references become secrets."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the references in the value through the validation context."""
        return core_schema.with_info_plain_validator_function(_resolve_within)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of anything."""
        return {}


SecretField: TypeAlias = Annotated[Secret, SecretMark()]
"""A secret, written `{ env: NAME }` or `{ file: PATH }`."""

Setting: TypeAlias = Annotated[Any, SettingMark()]
"""A plug-in's setting; what the plug-in's dataclass says of it is checked later."""
