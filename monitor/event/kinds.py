"""The types of the event's fields: what is accepted, and within which bounds."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256, extra={"kind": "id"})]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128, extra={"kind": "name"})]
Label: TypeAlias = Annotated[str, Meta(max_length=256, extra={"kind": "label"})]
Text: TypeAlias = Annotated[str, Meta(max_length=1024, extra={"kind": "text"})]
Url: TypeAlias = Annotated[str, Meta(max_length=2048, extra={"kind": "url"})]
Version: TypeAlias = Annotated[str, Meta(min_length=1, max_length=16, extra={"kind": "version"})]

Count: TypeAlias = Annotated[int, Meta(ge=0, le=2_147_483_647, extra={"kind": "count"})]
Index: TypeAlias = Annotated[int, Meta(ge=0, le=10_000, extra={"kind": "index"})]
Attempt: TypeAlias = Annotated[int, Meta(ge=1, le=1_000, extra={"kind": "attempt"})]
HttpStatus: TypeAlias = Annotated[int, Meta(ge=100, le=599, extra={"kind": "status"})]
Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1, extra={"kind": "share"})]
Milliseconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e9, extra={"kind": "ms"})]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e9, extra={"kind": "s"})]
Dollars: TypeAlias = Annotated[float, Meta(ge=0, le=1e6, extra={"kind": "usd"})]

EpochMillis: TypeAlias = Annotated[int, Meta(ge=10**11, lt=10**17)]
"""Milliseconds from 1e11 on, microseconds from 1e14 on: seconds and nanoseconds fall outside and are refused."""

Time: TypeAlias = Annotated[
    Annotated[datetime, Meta(tz=True)] | EpochMillis,
    Meta(extra={"kind": "time"}),
]
Expiry: TypeAlias = Annotated[
    Annotated[datetime, Meta(tz=True)] | EpochMillis,
    Meta(extra={"kind": "expiry"}),
]
"""A time that may lie ahead of the arrival."""

Names: TypeAlias = Annotated[list[Name], Meta(max_length=64)]
Key: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Value: TypeAlias = Label | Int64 | float | bool | None
Attributes: TypeAlias = Annotated[dict[Key, Value], Meta(max_length=32)]

Path: TypeAlias = Literal["happy", "edge", "unknown"]
Outcome: TypeAlias = Literal["success", "failure", "timeout", "abandoned", "cancelled", "skipped", "unknown"]
OutcomeSource: TypeAlias = Literal["stated", "inferred", "evaluator", "system", "human"]
StepKind: TypeAlias = Literal["llm", "tool", "retrieval", "decision", "route", "handoff", "approval", "memory", "other"]
ErrorClass: TypeAlias = Literal[
    "auth",
    "rate_limit",
    "timeout",
    "schema",
    "not_found",
    "client",
    "server",
    "network",
    "policy",
    "model",
    "other",
]
FailureBranch: TypeAlias = Literal["none", "clarify", "script", "handoff", "callback", "abort"]
