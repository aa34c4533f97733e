"""The settings of the Kafka client: those that keep data safe are ours, the others may be the user's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kafka import KafkaConsumer

from bellbuoy.monitor.sources.errors import SourceSettings

SAFE: Mapping[str, Any] = {
    "enable_auto_commit": False,  # else offsets run ahead of the store
    "auto_offset_reset": "none",  # anything else turns a position out of range into a silent skip or a replay
    "allow_auto_create_topics": False,  # a typo would create a topic
    "isolation_level": "read_committed",  # aborted transactions never happened
    "check_crcs": True,
    "key_deserializer": None,  # one that raises blocks its partition: bytes are decoded by us
    "value_deserializer": None,
}
"""Settings that no configuration can change."""

TUNED: Mapping[str, Any] = {
    "max_poll_records": 20_480,
    "max_partition_fetch_bytes": 4 << 20,
    "fetch_max_bytes": 16 << 20,  # fetched data lies in memory beside the batch
    "fetch_min_bytes": 256 << 10,  # fewer, fuller fetches
    "fetch_max_wait_ms": 200,
    "receive_buffer_bytes": 4 << 20,
    "metadata_max_age_ms": 30_000,
    "reconnect_backoff_max_ms": 5_000,
    "metrics_enabled": False,
}
"""Settings that differ from the library's defaults and that `client:` may change."""

ELSEWHERE = {
    "bootstrap_servers": "bootstrap_servers",
    "group_id": "group_id",
    "security_protocol": "security.protocol",
    "sasl_mechanism": "security.mechanism",
    "sasl_plain_username": "security.username",
    "sasl_plain_password": "security.password",
}
"""Options that have a key of their own."""


FILES = {"ssl_cafile": "security.ca", "ssl_certfile": "client.ssl_certfile", "ssl_keyfile": "client.ssl_keyfile"}
"""Options that name a file, and the key that a user knows them by."""


def check_files(options: Mapping[str, Any]) -> None:
    """Look whether the files that the options name can be read: the library would not say which one cannot.

    Raises:
        OSError: the text names the key, the file and what is wrong with it.
    """
    for option, key in FILES.items():
        path = options.get(option)
        if path is None:
            continue
        try:
            with Path(path).open("rb"):
                pass
        except OSError as error:
            raise OSError(f"{key}: {path}: {(error.strerror or str(error)).lower()}") from error


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """What the source needs to know.

    Attributes:
        bootstrap_servers: HOST:PORT of brokers, with commas.
        topics: topics to read, all partitions.
        group_id: group that progress is reported to; None: nowhere.
        start: where a stream without a position begins: `earliest`, `latest` or epoch seconds.
        login: security options of the client (`security_protocol`, `sasl_*`, `ssl_cafile`).
        client: further options of the client.
        place: the configuration's path of this source, for error messages.
    """

    bootstrap_servers: str
    topics: tuple[str, ...]
    group_id: str | None = "bellbuoy"
    start: Literal["earliest", "latest"] | float = "earliest"
    login: Mapping[str, Any] = field(default_factory=dict, repr=False)
    client: Mapping[str, Any] = field(default_factory=dict)
    place: str = "sources[0].kafka"

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of the consumer.

        Raises:
            SourceSettings: an option is unknown, unsafe or has a key of its own.
        """
        for key in self.client:
            place = f"{self.place}.client.{key}"
            if key in SAFE:
                raise SourceSettings(
                    f"{place}: cannot be changed: it keeps records from being lost or read twice; remove it"
                )
            if key in ELSEWHERE:
                raise SourceSettings(f"{place}: has a key of its own; set `{ELSEWHERE[key]}` of this source")
            if key not in KafkaConsumer.DEFAULT_CONFIG:
                raise SourceSettings(f"{place}: the Kafka client has no such option; see the options of kafka-python")
        servers = [server.strip() for server in self.bootstrap_servers.split(",") if server.strip()]
        return {
            **TUNED,
            **self.client,
            **SAFE,
            **self.login,
            "bootstrap_servers": servers,
            "group_id": self.group_id,
        }


def login(
    protocol: str,
    mechanism: str | None = None,
    username: str | None = None,
    password: str | None = None,
    ca: str | None = None,
) -> dict[str, Any]:
    """Return the client's security options; what is not given stays at the client's default."""
    given = {
        "security_protocol": protocol,
        "sasl_mechanism": mechanism,
        "sasl_plain_username": username,
        "sasl_plain_password": password,
        "ssl_cafile": ca,
    }
    return {key: value for key, value in given.items() if value is not None}
