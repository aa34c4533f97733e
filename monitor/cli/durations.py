"""Lengths of time on the command line: `2h`, `7d`."""

from typing import Any

import click


class Length(click.ParamType[str]):
    """A length of time as the configuration writes it; its value is the text."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text of a length of time."""
        from pydantic_core import PydanticCustomError

        from bellbuoy.config.quantities import parse_duration

        try:
            parse_duration(value)
        except PydanticCustomError:
            self.fail(f"{value!r} is not a duration; write 30m, 2h or 7d", param, ctx)
        return str(value)
