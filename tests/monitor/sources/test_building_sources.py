"""Sources from the configuration: what is passed on, and what is refused with the key and the way out."""

import logging
from types import SimpleNamespace

import pytest

from bellbuoy.config.sources import Mapping
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.sources.build import build
from bellbuoy.monitor.sources.errors import SourceSettings
from bellbuoy.monitor.sources.files import FilesSource
from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import ELSEWHERE, SAFE, KafkaSettings, login
from bellbuoy.monitor.sources.telling import Teller
from bellbuoy.sinks.base import Secret


def kafka(**more):
    plain = SimpleNamespace(protocol="PLAINTEXT", mechanism=None, username=None, password=None, ca=None)
    feed = {
        "bootstrap_servers": "a:1, b:2",
        "topics": ["t"],
        "group_id": "g",
        "format": "native",
        "security": plain,
        "client": {},
        "start": "earliest",
        "map": {},
    }
    return SimpleNamespace(kafka=SimpleNamespace(**{**feed, **more}), files=None, http=None)


def files(**more):
    feed = {"path": "./logs/*.jsonl", "follow": False, "format": "native", "map": {}}
    return SimpleNamespace(kafka=None, files=SimpleNamespace(**{**feed, **more}), http=None)


def test_sources_are_named_after_their_kind_with_a_number_from_the_second_on():
    built = build([kafka(), files(), kafka(), files(), kafka()])
    assert [source.name for source in built] == ["kafka", "files", "kafka2", "files2", "kafka3"]
    assert [type(source) for source in built[:2]] == [KafkaSource, FilesSource]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            kafka(client={"enable_auto_commit": True}),
            (
                "sources[0].kafka.client.enable_auto_commit: cannot be changed: it keeps records from being lost or read "
                "twice; remove it"
            ),
        ),
        (
            kafka(client={"sasl_plain_password": "x"}),
            "sources[0].kafka.client.sasl_plain_password: has a key of its own; set `security.password` of this source",
        ),
        (
            kafka(client={"fetch_min": 1}),
            "sources[0].kafka.client.fetch_min: the Kafka client has no such option; see the options of kafka-python",
        ),
        (
            kafka(map={"stepp": Mapping.model_validate({"from": "$.name"})}),
            "sources[0].kafka.map.stepp: an event has no such field; docs/events.md lists them, or name it attributes.stepp",
        ),
        (files(format="otlp_json"), "sources[0].files.format: otlp_json is not read yet; use `native`"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key_and_the_way_out(entry, sentence):
    with pytest.raises(SourceSettings) as caught:
        build([entry])
    assert str(caught.value) == sentence


def test_there_is_one_door_for_events():
    http = SimpleNamespace(kafka=None, files=None, http=SimpleNamespace(waiting=1 << 20, map={}))
    [source] = build([http])
    assert (source.name, source.stream.path) == ("http", "/v1/events")
    with pytest.raises(SourceSettings) as caught:
        build([files(), http, http])
    assert str(caught.value) == "sources[2].http: there is one door for events already; remove this one"


def test_no_safe_setting_can_be_changed():
    for key in [*SAFE, *ELSEWHERE]:
        with pytest.raises(SourceSettings, match=key):
            KafkaSettings("a:1", ("t",), client={key: "x"}).options()
    options = KafkaSettings("a:1", ("t",), client={"fetch_min_bytes": 1, "client_id": "me"}).options()
    assert {key: options[key] for key in SAFE} == SAFE
    assert (options["fetch_min_bytes"], options["client_id"]) == (1, "me")


def test_the_login_is_passed_on_and_never_shown():
    settings = KafkaSettings(
        "a:1,b:2",
        ("t",),
        login=login("SASL_SSL", "SCRAM-SHA-512", "bellbuoy", "hunter2", "/etc/ca.pem"),
    )
    options = settings.options()
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert (options["security_protocol"], options["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("bellbuoy", "hunter2")
    assert options["ssl_cafile"] == "/etc/ca.pem"
    assert "hunter2" not in repr(settings)
    assert login("PLAINTEXT") == {"security_protocol": "PLAINTEXT"}


def test_the_password_is_revealed_to_the_client_only():
    secure = SimpleNamespace(protocol="SASL_SSL", mechanism="PLAIN", username="u", password=Secret("hunter2"), ca=None)
    [source] = build([kafka(security=secure)])
    assert source._link._options["sasl_plain_password"] == "hunter2"


def test_the_same_line_is_said_once_a_minute(caplog):
    clock = VirtualClock()
    teller = Teller(logging.getLogger("told"), clock)
    for _ in range(120):
        teller.say(logging.WARNING, "no broker answers")
        clock.advance(1.0)
    teller.say(logging.WARNING, "something else")
    assert [record.message for record in caplog.records] == ["no broker answers"] * 2 + ["something else"]
