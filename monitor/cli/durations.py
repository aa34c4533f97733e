"""Lengths of time and instants on the command line: `2h`, `7d`, `2026-11-21`."""

from typing import Any

import click

from bellbuoy.monitor.cli.failures import WRONG_USE, Failure


class Length(click.ParamType[str]):
    """A length of time as the configuration writes it; its value is the text.

    Args:
        none: whether it may be 0.
    """

    name = "duration"

    def __init__(self, *, none: bool = False) -> None:
        self._none = none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text of a length of time."""
        from pydantic_core import PydanticCustomError

        from bellbuoy.config.quantities import parse_delay, parse_duration

        try:
            (parse_delay if self._none else parse_duration)(value)
        except PydanticCustomError:
            self.fail(f"{value!r} is not a duration; write 30m, 2h or 7d", param, ctx)
        return str(value)


def check_time(option: str, told: str | None) -> None:
    """Refuse a day or an instant that is none.

    Raises:
        Failure: it is none.
    """
    from bellbuoy.config.instants import parse_last

    try:
        if told is not None:
            parse_last(told)
    except ValueError:
        raise Failure(
            f"error: {option} {told!r} is no time; write 2026-11-21 or 2026-11-21T03:00Z", WRONG_USE
        ) from None
