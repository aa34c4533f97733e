"""Apache Kafka itself, one node on loopback, from the jars that Maven brings: what the tests of the Kafka source run on."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
import warnings
from pathlib import Path

from certificates import Certificates
from ports import free_port

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the library reads its schemas in a way that 3.11 deprecates
    from kafka import KafkaAdminClient, KafkaProducer
    from kafka.admin import NewTopic
    from kafka.errors import KafkaError
    from kafka.net.inet import KafkaNetSocket
    from kafka.net.transport import KafkaSSLTransport

_SOCK_CONNECT, _HANDSHAKE = KafkaNetSocket.sock_connect, KafkaSSLTransport.handshake


async def _connect_or_close(self, net, sock, *rest, **more):
    """The library leaves the sockets of failed connections to the garbage collector, and a warning is an error here."""
    try:
        return await _SOCK_CONNECT(self, net, sock, *rest, **more)
    except BaseException:
        sock.close()
        raise


async def _shake_or_close(self):
    """The same for those whose handshake fails."""
    try:
        return await _HANDSHAKE(self)
    except BaseException:
        self._sock.close()
        raise


KafkaNetSocket.sock_connect = _connect_or_close
KafkaSSLTransport.handshake = _shake_or_close

ROOT = Path(__file__).parent.parent
JARS = ROOT / ".tools" / "kafka"
POM = Path(__file__).parent / "kafka" / "pom.xml"
USER, PASSWORD = "bellbuoy", "made-up-for-tests"
HOW = "install Java 17 and Maven, or set BELLBUOY_TEST_KAFKA=host:port"


class AbsentError(Exception):
    """There is no broker, and none can be had; the text says why and how to get one."""


def jars():
    """Return the folder of the broker's jars; bring them with Maven when they are not there."""
    mark = JARS / f".complete-{hash_of(POM)}"
    if mark.exists():
        return JARS
    if not shutil.which("java"):
        raise AbsentError(f"no java on PATH; {HOW}")
    if not shutil.which("mvn"):
        raise AbsentError(f"no mvn on PATH to bring Kafka's jars; {HOW}")
    JARS.mkdir(parents=True, exist_ok=True)
    with (JARS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        if not mark.exists():
            _bring()
            mark.touch()
    return JARS


def _bring():
    for old in [*JARS.glob("*.jar"), *JARS.glob(".complete-*")]:
        old.unlink()
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={JARS}"], capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise AbsentError(f"`{' '.join(command)}` failed: {done.stdout.strip()[-300:]}; {HOW}")


def hash_of(path):
    return uuid.uuid5(uuid.NAMESPACE_URL, path.read_text()).hex[:12]


class Broker:
    """One node in KRaft mode. `address` is what clients are given; it survives `kill` and `start`.

    `login_address` is the same broker for those who log in by SASL PLAIN as `USER` with `PASSWORD`. At `hidden_port`
    it tells clients to come to `chaos_port`: there a test's own proxy listens (chaos_proxy.ChaosProxy). Where openssl is
    there, `secure_address` wants TLS and SCRAM-SHA-512, `mutual_address` TLS and a client's certificate; `certificates`
    are theirs (certificates.Certificates).

    Args:
        folder: for all that it writes.
        number, voters: its node id and the quorum, of a node in a cluster.
    """

    def __init__(self, folder, number=1, voters=None):
        self.folder = Path(folder)
        self.number = number
        self.voters = voters or {1: free_port()}
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.login_port = free_port()
        self.login_address = f"127.0.0.1:{self.login_port}"
        self.hidden_port, self.chaos_port = free_port(), free_port()
        self.secure_address, self.mutual_address = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.certificates = None
        self.data = self.folder / "data"
        self.log = self.folder / "broker.log"
        self._process = None
        self._classpath = str(jars() / "*")
        self._format()

    def _java(self, *arguments):
        return [
            "java",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            self._classpath,
            *arguments,
        ]

    def _format(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        controller = self.voters[self.number]
        listeners = {
            "PLAINTEXT": (self.address, self.address, "PLAINTEXT"),
            "LOGIN": (self.login_address, self.login_address, "SASL_PLAINTEXT"),
            "CHAOS": (f"127.0.0.1:{self.hidden_port}", f"127.0.0.1:{self.chaos_port}", "PLAINTEXT"),
        }
        if shutil.which("openssl") and len(self.voters) == 1:
            self.certificates = Certificates(self.folder / "certificates")
            listeners["SECURE"] = (self.secure_address, self.secure_address, "SASL_SSL")
            listeners["MUTUAL"] = (self.mutual_address, self.mutual_address, "SSL")
        settings = {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": ",".join(f"{at}@127.0.0.1:{port}" for at, port in self.voters.items()),
            "listeners": ",".join(
                [f"{name}://{here}" for name, (here, _, _) in listeners.items()]
                + [f"CONTROLLER://127.0.0.1:{controller}"]
            ),
            "advertised.listeners": ",".join(f"{name}://{told}" for name, (_, told, _) in listeners.items()),
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": ",".join(
                [f"{name}:{protocol}" for name, (_, _, protocol) in listeners.items()] + ["CONTROLLER:PLAINTEXT"]
            ),
            "listener.name.login.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.login.plain.sasl.jaas.config": (
                f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
            ),
            "log.dirs": self.data,
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "broker.heartbeat.interval.ms": 200,
            "broker.session.timeout.ms": 1_000,
        }
        if self.certificates is not None:
            settings |= self.certificates.broker_settings("secure") | self.certificates.broker_settings("mutual")
            settings |= {
                "listener.name.mutual.ssl.client.auth": "required",
                "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "listener.name.secure.scram-sha-512.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                ),
            }
        self._properties = self.folder / "server.properties"
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        cluster = "MkU3OEVBNTcwNTJENDM2Qg"
        scram = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
        format_ = self._java(
            "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties), "-S", scram
        )
        done = subprocess.run(format_, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise AbsentError(f"the storage of the broker could not be formatted: {(done.stdout + done.stderr)[-500:]}")

    def start(self):
        self.launch()
        return self.wait()

    def launch(self):
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)), stdout=log, stderr=log, start_new_session=True
            )

    def wait(self):
        """Return when it answers."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AbsentError(f"the broker ended at once: {self.log.read_text()[-1000:]}")
            try:  # a client that meets a closed port leaves sockets behind: look first
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                with self.admin() as admin:
                    if admin.list_topics() is not None:
                        return self
            except (KafkaError, OSError):
                time.sleep(0.1)
        raise AbsentError(f"the broker did not come up in 90 s: {self.log.read_text()[-1000:]}")

    def kill(self):
        """End the broker at once, as a crash would; its log stays on disk."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)

    def stop(self):
        """End the broker in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def admin(self):
        return Admin(self.address)


class Admin:
    """A short-lived admin client: `with broker.admin() as admin`."""

    def __init__(self, address):
        self._client = KafkaAdminClient(bootstrap_servers=address, bootstrap_timeout_ms=5_000)

    def __enter__(self):
        return self._client

    def __exit__(self, *_):
        self._client.close()


class Kafka:
    """What a test gets: a broker that may be shared. Topics that it makes are its own, and are deleted after it.

    Attributes:
        address: HOST:PORT.
        broker: the broker's process, or None where somebody else runs it.
    """

    def __init__(self, address, broker=None):
        self.address = address
        self.broker = broker
        self._topics = []

    def topic(self, partitions=1, **settings):
        """Make a topic of the test's own and return its name."""
        name = f"bellbuoy-test-{uuid.uuid4().hex[:12]}"
        self.create(name, partitions, **settings)
        return name

    def create(self, name, partitions=1, replicas=1, **settings):
        with Admin(self.address) as admin:
            configs = {key.replace("_", "."): str(value) for key, value in settings.items()}
            admin.create_topics(
                [NewTopic(name, num_partitions=partitions, replication_factor=replicas, topic_configs=configs)]
            )
            admin.wait_for_topics([name])
        self._topics.append(name)

    def admin(self):
        return Admin(self.address)

    def send(self, topic, values, *, partition=None, keys=None, **options):
        """Send the values, each acknowledged, and return their (partition, offset) in order."""
        producer = KafkaProducer(bootstrap_servers=self.address, acks="all", **options)
        try:
            keys = keys or [None] * len(values)
            futures = [
                producer.send(topic, value, key=key, partition=partition)
                for value, key in zip(values, keys, strict=True)
            ]
            producer.flush()
            return [(sent.partition, sent.offset) for sent in (future.get(30) for future in futures)]
        finally:
            producer.close()

    def clear(self):
        topics, self._topics = self._topics, []
        if topics:
            with Admin(self.address) as admin:
                admin.delete_topics(topics, raise_errors=False)


def given_address():
    return os.environ.get("BELLBUOY_TEST_KAFKA", "")
