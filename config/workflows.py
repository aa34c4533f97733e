"""The workflows that are declared: their steps, knowledge, integrations."""

from typing import Annotated, Literal

from pydantic import Field

from bellbuoy.config.quantities import Duration, Share
from bellbuoy.config.shapes import Many, Name, Shape, Shorthand, Text, Url

Branch = Literal["clarify", "script", "handoff", "callback"]


class Step(Shape):
    """A named part of a workflow; a bare name is enough."""

    name: Name = Field(examples=["qualify"])
    """Name, as events call it."""
    branches: Many[Branch] = Field(default=(), examples=[["clarify", "script", "handoff"]])
    """What it does when it is not confident."""
    optional: bool = False
    """True where an interaction may end well without it."""
    consequential: bool = False
    """True where it moves money, deletes data or ships something."""
    gate: Literal["rule", "human"] | None = Field(default=None, examples=["rule"])
    """Who decides before it acts."""
    integrations: Many[Name] = Field(default=(), examples=[["crm.write"]])
    """Systems it calls."""
    slow_after: Duration | None = Field(default=None, examples=["3s"])
    """Latency from which a run counts as slow; unless set, the slowest 5 % of the baseline do."""
    runbook: Url | None = Field(default=None, examples=["https://wiki.example.com/runbooks/qualify"])
    """Where a page sends its reader; the workflow's own unless set."""


class Knowledge(Shape):
    """A source of knowledge that answers stand on."""

    source: Name = Field(examples=["pricing-wiki"])
    """Name, as events call it."""
    version: Name | None = Field(default=None, examples=["2026-10"])
    """The version that is meant to be in use."""
    max_age: Duration | None = Field(default=None, examples=["30d"])
    """Age from which its content counts as stale."""


class Integration(Shape):
    """A system that steps call."""

    system: Name = Field(examples=["crm.write"])
    """Name, as events call it."""
    slow_after: Duration | None = Field(default=None, examples=["800ms"])
    """Latency from which a call counts as slow."""
    token_expiry_warning: Duration | None = Field(default=None, examples=["7d"])
    """How long before its token expires a ticket opens."""


class Workflow(Shape):
    """A process of the agents. Undeclared ones that the data shows are judged too."""

    name: Name = Field(examples=["lead-qualifier"])
    """Name, as events call it."""
    title: Text | None = Field(default=None, examples=["Inbound lead voice agent"])
    """Name for people."""
    objective: Share | None = Field(default=None, examples=["70%"])
    """Share of interactions that should end well; shared out to the steps as a budget."""
    closes_after: Duration = 1800.0
    """An interaction without an end, and without a step for so long, is `abandoned`; where the workflow sends ends."""
    confident_below: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A `confidence` under it counts as not confident."""
    runbook: Url | None = Field(default=None, examples=["https://wiki.example.com/runbooks/lead-qualifier"])
    """Where a page sends its reader."""
    trace_url: Url | None = Field(default=None, examples=["https://traces.example.com/{interaction_id}"])
    """Where one interaction can be seen, for events without `content_ref`."""
    steps: Many[Annotated[Step, Shorthand("name")]] = Field(default=(), examples=[["greet", "qualify", "close"]])
    """The steps in their declared order."""
    knowledge: Many[Knowledge] = Field(default=(), examples=[[{"source": "pricing-wiki", "max_age": "30d"}]])
    """Sources of knowledge and how old they may be."""
    integrations: Many[Integration] = Field(default=(), examples=[[{"system": "crm.write", "slow_after": "800ms"}]])
    """Systems and how slow they may be."""
