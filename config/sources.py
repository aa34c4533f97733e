"""Where events come from: Kafka, files, HTTP."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bellbuoy.config.instants import Start
from bellbuoy.config.quantities import Duration, Size
from bellbuoy.config.references import SecretField, Setting
from bellbuoy.config.server import DeadLetters
from bellbuoy.config.shapes import Count, Many, Name, Shape, Shorthand, Text


class Security(Shape):
    """How to log in to Kafka."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """Protocol of the brokers."""
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI"] | None = Field(
        default=None, examples=["SCRAM-SHA-512"]
    )
    """SASL mechanism."""
    username: Text | None = Field(default=None, examples=["bellbuoy"])
    """SASL user."""
    password: SecretField | None = Field(default=None, examples=[{"file": "/run/secrets/kafka_password"}])
    """SASL password."""
    ca: Text | None = Field(default=None, examples=["/etc/ssl/kafka-ca.pem"])
    """File of the certificate authority; the system's own unless set."""


class Future(Shape):
    """How far ahead of its arrival the `ts` of an event may be."""

    warn: Duration = 300.0
    """Past it the event is counted as skewed."""
    refuse: Duration = 86400.0
    """Past it the event is a dead letter."""


class Mapping(Shape):
    """Where one field of an event stands in a foreign log."""

    from_: Annotated[str, Field(pattern=r"^\$", max_length=512)] | None = Field(
        default=None, alias="from", examples=["$.span.status"]
    )
    """Path of the value, `$.a.b[0]` or `$['a key with dots']`."""
    value: str | float | bool | None = Field(default=None, examples=["lead-qualifier"])
    """Instead of a path: the same value for every event."""
    values: dict[str, str] = Field(default={}, examples=[{"OK": "success", "ERROR": "failure"}])
    """What each foreign value means; others are kept as they are."""

    @model_validator(mode="before")
    @classmethod
    def _one(cls, data: object) -> object:
        if isinstance(data, dict) and len({"from", "value"} & set(data)) != 1:
            raise PydanticCustomError("one_key", "", {"keys": ["from", "value"]})
        return data


MAP = {
    "interaction_id": "$.conversation.id",
    "workflow": {"value": "lead-qualifier"},
    "outcome": {"from": "$.span.status", "values": {"OK": "success", "ERROR": "failure"}},
}
"""How a foreign log may be read."""


class Feed(Shape):
    """What all sources have in common."""

    format: Literal["native", "otlp_json", "otlp_proto", "auto"] = "native"
    """What a message looks like."""
    future: Future = Future()
    """How far ahead of its arrival the `ts` of an event may be."""
    map: dict[str, Annotated[Mapping, Shorthand("from")]] = Field(default={}, examples=[MAP])
    """Field of an event (`integration.status`, `attributes.KEY`) → where it stands, so that any JSON log fits. What is not named is not stored."""


class Log(Feed):
    """What sources have in common whose messages are read on from where they lie."""

    dead_letters: DeadLetters = DeadLetters()
    """When a source of unreadable messages is stopped rather than eaten."""


class Kafka(Log):
    """Topics of Kafka. Positions live in the store, never in Kafka."""

    bootstrap_servers: Text = Field(examples=["localhost:9092"])
    """HOST:PORT of one or more brokers, with commas."""
    topics: Annotated[Many[Name], Field(min_length=1)] = Field(examples=[["agent.interactions"]])
    """Topics to read, all partitions."""
    group_id: Name = "bellbuoy"
    """Consumer group to which progress is reported, for lag tools only."""
    security: Security = Security()
    """How to log in."""
    client: dict[str, Setting] = Field(default={})
    """Further options of the Kafka client; those that keep data safe cannot be overridden."""
    start: Start = "earliest"
    """Where to begin a partition for which the store has no position: `earliest`, `latest` or a time."""
    unreachable_after: Duration = 600.0
    """How long no broker may answer, or a topic be missing, until it is told; reading goes on by itself."""


class Files(Log):
    """Log files, one JSON event a line; also .gz and .zst."""

    path: Text = Field(examples=["./logs/*.jsonl"])
    """A file or a pattern."""
    follow: bool = False
    """Go on reading what is appended; else read to the end once."""


class Http(Feed):
    """Events posted to this server: POST /v1/events."""

    max_body: Size = 16 << 20
    """Bytes of one body, compressed and unpacked; a larger one is answered with 413."""
    max_events: Count = 50_000
    """Events in one body; it is stored as a whole, in one transaction."""
    waiting: Size = 64 << 20
    """Bytes of bodies that are being received or wait to be stored; past it a request is answered with 503."""
    read_within: Duration = 30.0
    """How long a client may take to send its body."""
    answer_within: Duration = 30.0
    """How long a request waits until it is stored; past it the answer is 503, and the client sends it again."""


class Source(Shape):
    """One source: exactly one of the keys is given."""

    kafka: Kafka | None = Field(default=None, examples=[{}])
    """Topics of Kafka."""
    files: Files | None = Field(default=None, examples=[{"path": "./logs/*.jsonl"}])
    """Log files."""
    http: Http | None = Field(default=None, examples=[{}])
    """Events posted to this server."""

    @model_validator(mode="before")
    @classmethod
    def _one(cls, data: object) -> object:
        if (
            isinstance(data, dict)
            and len([key for key, feed in data.items() if feed is not None or key == "http"]) != 1
        ):
            raise PydanticCustomError("one_key", "", {"keys": ["kafka", "files", "http"]})
        return {"http": {}} if data == {"http": None} else data
