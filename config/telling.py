"""Who is told: sinks, routes, quiet hours, the audit, the heartbeat."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, model_validator
from pydantic_core import PydanticCustomError

from bellbuoy.config.quantities import Duration
from bellbuoy.config.references import Setting
from bellbuoy.config.shapes import Many, Name, Shape, Url
from bellbuoy.config.timetable import WeeklySpan, WeeklyTime

KINDS = ("slack", "webhook", "pagerduty", "alertmanager", "console", "apprise")
"""The kinds of sinks that are ours, as they are told to people."""


class SinkEntry(RootModel[dict[str, dict[str, Setting]]]):
    """One sink: its kind, and the settings of that kind."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @property
    def kind(self) -> str:
        """Name of the kind: one of `KINDS`, or `module:Class`."""
        return next(iter(self.root))

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the kind; references to secrets are secrets here."""
        return next(iter(self.root.values()))

    @model_validator(mode="before")
    @classmethod
    def _one(cls, data: object) -> object:
        if isinstance(data, dict) and len(data) != 1:
            raise PydanticCustomError("one_key", "", {"keys": list(KINDS)})
        return data


class When(Shape):
    """What an incident must be for a route or a quiet time to apply; what is not named does not matter."""

    severity: Literal["page", "ticket", "watch"] | None = Field(default=None, examples=["page"])
    """Its severity."""
    workflow: Name | None = Field(default=None, examples=["lead-qualifier"])
    """Its workflow."""
    step: Name | None = Field(default=None, examples=["qualify"])
    """Its step."""
    signal: Name | None = Field(default=None, examples=["step_failure"])
    """Its signal."""
    detector: Name | None = Field(default=None, examples=["step-success"])
    """The detector that opened it."""
    about: Literal["agents", "bellbuoy"] | None = Field(default=None, examples=["bellbuoy"])
    """`bellbuoy` for troubles of our own."""


class Route(Shape):
    """Which sinks get which incident. The first route that matches wins."""

    when: When = When()
    """What the incident must be; without it the route matches all."""
    to: Annotated[Many[Name], Field(min_length=1)] = Field(examples=[["out"]])
    """Names of sinks."""
    continue_: bool = Field(default=False, alias="continue")
    """Look at the following routes as well."""


class Quiet(Shape):
    """Hours in which incidents are kept but nobody is told; what is open when they end is told then, once."""

    name: Name = Field(examples=["nightly deploy"])
    """Name, as the dashboard calls it."""
    every: WeeklySpan = Field(examples=["Tue 02:00-02:30"])
    """When, in `server.timezone`: `Tue 02:00-02:30`, `Mon-Fri 18:00-08:00`, `daily 02:00-02:30`."""
    when: When = Field(default=When(), examples=[{"workflow": "lead-qualifier"}])
    """Which incidents; all unless set."""
    below: Literal["page", "ticket"] | None = Field(default=None, examples=["page"])
    """Only incidents of less than this severity: with `page`, pages are told all the same."""


class Audit(Shape):
    """The weekly report: what to keep, harden or kill, in short. `bellbuoy audit` and the dashboard have all of it."""

    every: WeeklyTime = Field(examples=["Mon 08:00"])
    """When, in `server.timezone`."""
    to: Annotated[Many[Name], Field(min_length=1)] = Field(examples=[["out"]])
    """Names of sinks. Alertmanager and PagerDuty keep alerts alone and show nothing of it."""


class Heartbeat(Shape):
    """A dead man's switch outside: it tells you when Bellbuoy itself is down."""

    url: Url = Field(examples=["https://hc.example.com/ping/abc"])
    """Address that is asked regularly."""
    every: Duration = 60.0
    """How often."""
