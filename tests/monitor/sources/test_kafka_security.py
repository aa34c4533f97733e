"""Who may read Kafka: TLS, SCRAM and certificates against Apache Kafka itself, and what is told where they are wrong."""

import gc
import re

import pytest

from bellbuoy.monitor.sources.kafka import KafkaSource
from bellbuoy.monitor.sources.kafka_client import KafkaSettings, login

pytestmark = [
    pytest.mark.needs_real_broker,
    # the client library leaves the sockets of failed connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

USER, PASSWORD = "bellbuoy", "made-up-for-tests"


def lines(begin, end):
    return [b'{"n":%06d}' % number for number in range(begin, end)]


@pytest.fixture(autouse=True)
def _swept():
    yield
    gc.collect()  # here, where the mark above holds, and not in the midst of a later test


@pytest.fixture
def broker(kafka, lacking):
    if kafka.broker is None:
        lacking("a broker of our own", "unset BELLBUOY_TEST_KAFKA")
    if kafka.broker.certificates is None:
        lacking("openssl", "install openssl")
    return kafka.broker


@pytest.fixture
def make(kafka, opened):
    def one(address, security, **client):
        topic = kafka.topic()
        kafka.send(topic, lines(0, 5))
        settings = KafkaSettings(address, (topic,), login=security, client=client)
        return opened(KafkaSource("kafka", settings, refresh_s=0.5))

    return one


def scram(broker, password=PASSWORD, ca=None):
    return login("SASL_SSL", "SCRAM-SHA-512", USER, password, str(ca or broker.certificates.ca))


def test_scram_over_tls_with_an_authority_of_ones_own_lets_in(broker, make, reader):
    reader.until(make(broker.secure_address, scram(broker)), 5)
    assert reader.values == lines(0, 5)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("password", r"is the login right\?|Authentication"),
        ("authority", "CERTIFICATE_VERIFY_FAILED|certificate verify failed"),
        ("no authority", "CERTIFICATE_VERIFY_FAILED|certificate verify failed"),
        ("missing file", "security.ca: .*nowhere.pem: no such file or directory"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence_and_waited_for(broker, make, caplog, wrong, why):
    nowhere = broker.folder / "nowhere.pem"
    security = {
        "password": lambda: scram(broker, "guessed"),
        "authority": lambda: scram(broker, ca=broker.certificates.stranger),
        "no authority": lambda: login("SASL_SSL", "SCRAM-SHA-512", USER, PASSWORD),
        "missing file": lambda: scram(broker, ca=nowhere),
    }[wrong]()
    source = make(broker.secure_address, security)
    assert source.read(10, 1 << 20, 0.1) == []
    assert source.read(10, 1 << 20, 0.1) == []
    [told] = [record.getMessage() for record in caplog.records if "no connection" in record.getMessage()][:1]
    assert told.startswith(f"no connection to Kafka at {broker.secure_address}: ")
    assert re.search(why, told), told
    assert "Traceback" not in caplog.text
    assert "guessed" not in caplog.text
    assert PASSWORD not in caplog.text
    assert source.silence in told


def test_a_client_can_show_a_certificate(broker, make, reader, caplog):
    made = broker.certificates
    shown = {"ssl_certfile": str(made.client), "ssl_keyfile": str(made.key(made.client))}
    reader.until(make(broker.mutual_address, login("SSL", ca=str(made.ca)), **shown), 5)
    without = make(broker.mutual_address, login("SSL", ca=str(made.ca)))
    assert without.read(10, 1 << 20, 0.1) == []
    assert "no connection to Kafka at" in caplog.text
