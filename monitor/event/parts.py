"""The objects inside an event: handoff, route, integration, knowledge, action. They refuse keys that they do not know."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from bellbuoy.monitor.event.kinds import (
    ErrorClass,
    Expiry,
    HttpStatus,
    Id,
    Index,
    Label,
    Milliseconds,
    Name,
    Time,
)


class Handoff(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The interaction went to a human, a queue or another agent."""

    to: Annotated[Literal["human", "queue", "agent"], Meta(description="only human and queue count as handoff")] = (
        "human"
    )
    target: Annotated[Name | None, Meta(description="who got it")] = None
    reason: Annotated[Label | None, Meta(description="why")] = None
    context_required: Annotated[Index | None, Meta(description="how many facts the receiver needs")] = None
    context_passed: Annotated[Index | None, Meta(description="how many of them it was given")] = None
    accepted: Annotated[bool | None, Meta(description="the receiver took it")] = None


class Route(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Which bucket a routing step chose."""

    chosen: Annotated[Name, Meta(description="the bucket chosen")]
    expected: Annotated[Name | None, Meta(description="the right one; usually comes late")] = None


class Integration(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The call to another system; one call a step event."""

    system: Annotated[Name, Meta(description="system.resource, such as calendar.book")]
    operation: Annotated[Name | None, Meta(description="what was asked of it")] = None
    status: Annotated[Literal["ok", "error", "timeout"], Meta(description="how it ended")]
    http_status: Annotated[HttpStatus | None, Meta(description="the HTTP status")] = None
    error_class: Annotated[ErrorClass | None, Meta(description="kind of the error")] = None
    latency_ms: Annotated[Milliseconds | None, Meta(description="how long the call took")] = None
    token_expires_at: Annotated[Expiry | None, Meta(description="when the credential runs out")] = None
    api_version: Annotated[Name | None, Meta(description="version of the interface called")] = None


class Knowledge(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A source that the answer stood on."""

    source: Annotated[Name, Meta(description="name of the source")]
    version: Annotated[Name | None, Meta(description="its version")] = None
    as_of: Annotated[Time | None, Meta(description="when the content was last true")] = None


class Approval(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The decision of a gate about an action."""

    status: Annotated[
        Literal["approved", "rejected", "expired", "auto", "missing"], Meta(description="what the gate said")
    ]
    id: Annotated[Id | None, Meta(description="identity of the approval")] = None
    args_hash: Annotated[Id | None, Meta(description="arguments approved; must equal action.args_hash")] = None
    approver_role: Annotated[Name | None, Meta(description="role of who decided")] = None
    requested_at: Annotated[Time | None, Meta(description="when it was asked for")] = None
    decided_at: Annotated[Time | None, Meta(description="when it was decided")] = None
    expires_at: Annotated[Expiry | None, Meta(description="until when it holds")] = None


class Action(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What the step did to the world."""

    class_: Annotated[
        Literal["write", "money", "delete", "deploy", "message", "other"], Meta(description="kind of the action")
    ] = field(name="class")
    consequential: Annotated[bool | None, Meta(description="it matters if it is wrong")] = None
    reversible: Annotated[bool | None, Meta(description="it can be taken back")] = None
    decided_by: Annotated[Literal["rule", "model", "human"] | None, Meta(description="who decided it")] = None
    idempotency_key: Annotated[Id | None, Meta(description="key that makes a repeat harmless")] = None
    args_hash: Annotated[Id | None, Meta(description="hash of the arguments carried out")] = None
    approval: Annotated[Approval | None, Meta(description="the gate that it passed")] = None
