"""The shapes that all models of the configuration share: frozen, strict, no unknown keys; names, lists, short forms."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Shape(BaseModel):
    """A mapping of the YAML: unknown keys are refused, nothing is coerced, nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Shorthand:
    """Lets a bare string stand for a mapping with one key: `greet` for `{ name: greet }`."""

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Spread the string into the mapping before it is validated."""

        def spread(value: object) -> object:
            return {self.key: value} if isinstance(value, str) else value

        return core_schema.no_info_before_validator_function(spread, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Accept either form."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}


Many: TypeAlias = Annotated[tuple[T, ...], Strict(strict=False)]
"""A list of the YAML."""

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=128)]
"""A name that pages, queries and routes use."""

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=1024)]
"""A line for people."""

Url: TypeAlias = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2048)]
"""An address that begins with http:// or https://."""

Count: TypeAlias = Annotated[int, Field(ge=1)]
"""A whole number from 1."""
