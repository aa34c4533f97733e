"""The one definition of an event: everything else about its fields is generated from these classes.

The order of the fields is the order of the columns: those of a step, then what the other types add.
"""

from typing import Annotated

from msgspec import Meta, Struct

from bellbuoy.monitor.event import kinds
from bellbuoy.monitor.event.kinds import Count, Id, Index, Milliseconds, Name, Seconds, Text, Time, Url
from bellbuoy.monitor.event.parts import Action, Handoff, Integration, Knowledge, Route


class Event(Struct, kw_only=True, gc=False, tag_field="type"):
    """What every message has."""

    schema_version: Annotated[
        kinds.Version, Meta(description="another major version is refused; a higher minor one is read")
    ] = "1"
    event_id: Annotated[
        Id | None,
        Meta(
            description="identity for idempotence; absent: 128-bit hash of type, workflow, interaction_id, step, "
            "step_index, attempt, ts"
        ),
    ] = None
    ts: Annotated[Time, Meta(description="when the step began, the interaction ended, the label was given")]
    interaction_id: Annotated[Id, Meta(description="one call, ticket, task")]
    workflow: Annotated[Name, Meta(description="the named process")]
    content_ref: Annotated[Url | None, Meta(description="link to the trace in the tool that holds the content")] = None
    attributes: Annotated[
        kinds.Attributes | None, Meta(description="free slices; at most 32 keys of 1-64 characters, stored as text")
    ] = None
    outcome_score: Annotated[float | None, Meta(description="an evaluator's raw number, kept as it is")] = None
    outcome_label: Annotated[Name | None, Meta(description="an evaluator's raw label, kept as it is")] = None


class Run(Event, kw_only=True, gc=False):
    """What steps and interactions have in common."""

    outcome: Annotated[kinds.Outcome, Meta(description='how it ended; "no error" is not success')]
    outcome_source: Annotated[kinds.OutcomeSource, Meta(description="who says so")] = "stated"
    ended_at: Annotated[Time | None, Meta(description="when it ended; not before ts")] = None
    conversation_id: Annotated[Id | None, Meta(description="session over several interactions")] = None
    parent_event_id: Annotated[Id | None, Meta(description="the event that this one belongs to")] = None
    environment: Annotated[Name, Meta(description="anything but production is stored, never counted")] = "production"
    demo: Annotated[bool, Meta(description="a staged run: stored, never counted")] = False
    tenant: Annotated[Name | None, Meta(description="customer of the service")] = None
    channel: Annotated[Name | None, Meta(description="phone, chat, mail, …")] = None
    language: Annotated[Name | None, Meta(description="language spoken")] = None
    region: Annotated[Name | None, Meta(description="where")] = None
    intent: Annotated[Name | None, Meta(description="what the user wanted")] = None
    workflow_version: Annotated[Name | None, Meta(description="version of the workflow")] = None
    agent_id: Annotated[Name | None, Meta(description="which agent")] = None
    agent_version: Annotated[Name | None, Meta(description="its version")] = None
    model: Annotated[Name | None, Meta(description="model that was asked for")] = None
    model_response: Annotated[Name | None, Meta(description="model that answered")] = None
    prompt_name: Annotated[Name | None, Meta(description="name of the prompt")] = None
    prompt_version: Annotated[Name | None, Meta(description="its version")] = None
    tools_version: Annotated[Name | None, Meta(description="version of the set of tools")] = None
    experiment: Annotated[Name | None, Meta(description="arm of an experiment")] = None
    path: Annotated[kinds.Path, Meta(description="did the user follow the script?")] = "unknown"
    edge_class: Annotated[Name | None, Meta(description="out_of_order, changed_mind, off_script, …")] = None
    end_reason: Annotated[Name | None, Meta(description="completed, interrupted, max_steps, handoff, …")] = None
    latency_ms: Annotated[Milliseconds | None, Meta(description="how long it took")] = None
    tokens_in: Annotated[Count | None, Meta(description="tokens read, cached ones included")] = None
    tokens_out: Annotated[Count | None, Meta(description="tokens written")] = None
    tokens_cached: Annotated[Count | None, Meta(description="tokens read from a cache")] = None
    cost_usd: Annotated[kinds.Dollars | None, Meta(description="what it cost")] = None
    context_tokens: Annotated[Count | None, Meta(description="how full the working memory was")] = None
    context_window: Annotated[Count | None, Meta(description="how large it is")] = None
    compactions: Annotated[Index | None, Meta(description="how often it was summarised")] = None
    context_truncated: Annotated[bool | None, Meta(description="something was cut from it")] = None
    turn_index: Annotated[Index | None, Meta(description="turns of the interaction so far")] = None
    elapsed_s: Annotated[Seconds | None, Meta(description="how long the interaction had run when the step began")] = (
        None
    )
    handoff: Annotated[Handoff | None, Meta(description="the interaction went to a human, a queue, an agent")] = None


class Step(Run, kw_only=True, gc=False, tag="step"):
    """One attempt at one step: the unit."""

    step: Annotated[Name, Meta(description="name of the step, as the workflow declares it")]
    step_index: Annotated[Index | None, Meta(description="order inside this interaction")] = None
    step_kind: Annotated[kinds.StepKind, Meta(description="decision and route must have branches")] = "other"
    attempt: Annotated[kinds.Attempt, Meta(description="retry number")] = 1
    retried: Annotated[bool, Meta(description="a further attempt follows; also derived when it arrives")] = False
    error_class: Annotated[kinds.ErrorClass | None, Meta(description="kind of the error")] = None
    reason: Annotated[Text | None, Meta(description="short text for operators; not user content")] = None
    ttft_ms: Annotated[Milliseconds | None, Meta(description="time to the first token")] = None
    confidence: Annotated[kinds.Share | None, Meta(description="how sure the agent was")] = None
    confident: Annotated[bool | None, Meta(description="stated, it wins over confidence")] = None
    proceeded: Annotated[bool | None, Meta(description="it went on all the same")] = None
    failure_branch: Annotated[
        kinds.FailureBranch, Meta(description="branch taken because the step was not confident")
    ] = "none"
    branch_target_met: Annotated[
        bool | None, Meta(description="the clarification cleared it; the callback was kept")
    ] = None
    reask: Annotated[bool | None, Meta(description="the producer knows; false overrides what is derived")] = None
    reask_slot: Annotated[Name | None, Meta(description="what was asked again")] = None
    slots_asked: Annotated[kinds.Names | None, Meta(description="what was asked")] = None
    slots_filled: Annotated[kinds.Names | None, Meta(description="what is now known")] = None
    context_lost: Annotated[bool | None, Meta(description="an established fact was forgotten or contradicted")] = None
    state_read_ok: Annotated[bool | None, Meta(description="persistent state was read")] = None
    state_write_ok: Annotated[bool | None, Meta(description="persistent state was written")] = None
    route: Annotated[Route | None, Meta(description="bucket chosen")] = None
    integration: Annotated[Integration | None, Meta(description="the call to another system")] = None
    knowledge: Annotated[
        Annotated[list[Knowledge], Meta(max_length=32)] | None, Meta(description="what the answer stood on; at most 32")
    ] = None
    action: Annotated[Action | None, Meta(description="what it did to the world")] = None


class Interaction(Run, kw_only=True, gc=False, tag="interaction"):
    """The end of an interaction, summed up."""

    turns: Annotated[Index | None, Meta(description="turns in all, as the producer counted them")] = None
    steps: Annotated[Index | None, Meta(description="steps in all, as the producer counted them")] = None


class Outcome(Event, kw_only=True, gc=False, tag="outcome"):
    """A late label or correction of an earlier event."""

    outcome: Annotated[kinds.Outcome | None, Meta(description="how it ended after all")] = None
    outcome_source: Annotated[kinds.OutcomeSource, Meta(description="who says so")] = "evaluator"
    step: Annotated[Name | None, Meta(description="the step corrected; absent: the interaction")] = None
    attempt: Annotated[kinds.Attempt | None, Meta(description="the attempt corrected; absent: the last")] = None
    reason: Annotated[Text | None, Meta(description="short text for operators")] = None
    branch_target_met: Annotated[bool | None, Meta(description="late truth")] = None
    reask: Annotated[bool | None, Meta(description="late truth")] = None
    of_event_id: Annotated[Id | None, Meta(description="the exact event corrected; wins over the other keys")] = None
    route_expected: Annotated[Name | None, Meta(description="late truth for route.expected")] = None
    handoff_accepted: Annotated[bool | None, Meta(description="late truth for handoff.accepted")] = None

    def __post_init__(self) -> None:
        """Refuse a correction that corrects nothing or names an attempt of no step."""
        if (
            self.outcome is None
            and self.reask is None
            and self.branch_target_met is None
            and self.route_expected is None
            and self.handoff_accepted is None
            and self.outcome_score is None
            and self.outcome_label is None
            and not self.attributes
        ):
            raise ValueError("meaning: this outcome event corrects nothing")
        if self.attempt is not None and self.step is None and self.of_event_id is None:
            raise ValueError("meaning: `attempt` without `step`")


class StrictStep(Step, kw_only=True, gc=False, tag="step", forbid_unknown_fields=True):
    """A step without unknown fields: decoded first, because nearly all are."""


class StrictInteraction(Interaction, kw_only=True, gc=False, tag="interaction", forbid_unknown_fields=True):
    """An interaction without unknown fields."""


class StrictOutcome(Outcome, kw_only=True, gc=False, tag="outcome", forbid_unknown_fields=True):
    """An outcome without unknown fields."""


TYPES: tuple[type[Event], ...] = (Step, Interaction, Outcome)
STRICT: tuple[type[Event], ...] = (StrictStep, StrictInteraction, StrictOutcome)
