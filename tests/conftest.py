"""What all tests share: tools that may be absent, Kafka, the real logs, and no socket beyond loopback."""

import importlib.util
import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA_HOW = "put the folder of real logs beside the checkout as ../shared/data, or set BELLBUOY_DATA"


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_load("certificates")
_load("ports")
_load("chaos_proxy")
kafka_broker = _load("kafka_broker")
_load("kafka_cluster")


# Tools that may be absent


class AbsentError(Exception):
    """A tool is not there; the text says why and how to get it."""


@cache
def find(name):
    """Return (path or address, '') or ('', why it is absent and how to get it)."""
    hidden = os.environ.get("NEED_HIDE", "").split(",")
    if name in hidden:
        return "", "hidden by NEED_HIDE"
    try:
        if name == "kafka":
            return kafka_broker.given_address() or str(kafka_broker.jars()), ""
        if name == "data":
            return str(_data()), ""
        return _need(name), ""
    except (AbsentError, kafka_broker.AbsentError) as absent:
        return "", str(absent)


def _data():
    folder = Path(os.environ.get("BELLBUOY_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "MANIFEST.sha256").exists():
        raise AbsentError(f"no real logs; {DATA_HOW}")
    return folder


def _need(name):
    script = ROOT / "tools" / "need"
    if not script.exists():
        found = shutil.which(name)
        if found is None:
            raise AbsentError(f"no {name} on PATH; install it")
        return found
    done = subprocess.run([str(script), name], capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"tools/need {name} failed").splitlines()[-1]
        raise AbsentError(said)
    return done.stdout.strip().splitlines()[-1]


def _needs(item):
    names = [mark.args[0] for mark in item.iter_markers("needs")]
    names += ["kafka"] if item.get_closest_marker("needs_real_broker") else []
    names += ["data"] if item.get_closest_marker("needs_data") else []
    return list(dict.fromkeys(names))


def _may_be_absent():
    listed = ROOT / ".ci" / "absent"
    lines = listed.read_text().splitlines() if listed.exists() else []
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


_TOLD = pytest.StashKey[set]()


def pytest_configure(config):
    config.stash[_TOLD] = set()
    if os.environ.get("PYTEST_XDIST_WORKER"):  # where cores are shared, DuckDB's further threads are only waited for
        os.cpu_count = lambda: 1
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell that runs this in the background says so
        signal.signal(signal.SIGINT, signal.default_int_handler)  # or the programs that are tested would not hear it


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    long = {item.path for item in items if item.get_closest_marker("long")}
    if os.environ.get("PYTEST_XDIST_WORKER"):  # these begin first, and the short ones fill the rest
        items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """`-n auto`: one process more than processors, for the tests wait half of their time; each may start a broker."""
    return min(6, (os.cpu_count() or 1) + 1)


def pytest_runtest_setup(item):
    for name in _needs(item):
        found, why = find(name)
        if found:
            continue
        first = name not in item.config.stash[_TOLD]
        item.config.stash[_TOLD].add(name)
        if os.environ.get("CI") == "true" and name not in _may_be_absent() and first:
            pytest.fail(f"{name} has to be there in CI: {why}", pytrace=False)
        pytest.skip(f"needs {name}: {why}")


_NOT_RUN = re.compile(r"^(?:Skipped: needs (.+?)|(.+) has to be there in CI): (.*)", re.MULTILINE)


def pytest_terminal_summary(terminalreporter):
    """Say what was not run, by its name: read from the reports, which all processes of a parallel run send here."""
    counted = Counter()
    for report in [one for kind in ("skipped", "failed", "error") for one in terminalreporter.getreports(kind)]:
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        found = _NOT_RUN.search(text)
        if found:
            counted[found[1] or found[2], found[3]] += 1
    for (name, why), count in sorted(counted.items()):
        terminalreporter.write_line(f"NOT RUN  {name} ({count} tests): {why}")


@pytest.fixture(scope="session")
def lacking():
    """`lacking("Slack emulator", why)`: the test cannot run here. It is counted in the summary; in CI it fails."""

    def say(name, why):
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} has to be there in CI: {why}", pytrace=False)
        pytest.skip(f"needs {name}: {why}")

    return say


@pytest.fixture(scope="session")
def need():
    """`need("helm")` returns the tool's path; the test says `@pytest.mark.needs("helm")` as well."""

    def path(name):
        found, why = find(name)
        if not found:
            pytest.skip(f"needs {name}: {why}")
        return Path(found)

    return path


@pytest.fixture(scope="session")
def data_dir(need):
    """The folder of real logs; mark the test `needs_data`."""
    return need("data")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    """Apache Kafka itself, started once; mark the test `needs_real_broker`. See `kafka_broker.Kafka`."""
    found, why = find("kafka")
    if not found:
        pytest.skip(f"needs kafka: {why}")
    given = kafka_broker.given_address()
    if given:
        kafka = kafka_broker.Kafka(given)
        yield kafka
        kafka.clear()
        return
    broker = kafka_broker.Broker(tmp_path_factory.mktemp("kafka"))
    try:
        yield kafka_broker.Kafka(broker.start().address, broker)
    finally:
        broker.stop()


# No socket beyond loopback

_REFUSED = []
_CONNECT, _CONNECT_EX, _SENDTO = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto


def _refuse_beyond_loopback(address):
    if not isinstance(address, tuple):
        return  # a socket file
    host = str(address[0])
    try:
        near = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        near = host in ("localhost", "")
    if not near and host != "0.0.0.0":
        _REFUSED.append(address)
        raise PermissionError(f"tests reach loopback only, not {address}")


def _connect(self, address):
    _refuse_beyond_loopback(address)
    return _CONNECT(self, address)


def _connect_ex(self, address):
    _refuse_beyond_loopback(address)
    return _CONNECT_EX(self, address)


def _sendto(self, data, *rest):
    _refuse_beyond_loopback(rest[-1])
    return _SENDTO(self, data, *rest)


@pytest.fixture(scope="session", autouse=True)
def _loopback_only():
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _connect)
    patch.setattr(socket.socket, "connect_ex", _connect_ex)
    patch.setattr(socket.socket, "sendto", _sendto)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _nothing_left_for_the_world():
    yield
    refused = _REFUSED[:]
    _REFUSED.clear()
    assert not refused, f"the test tried to reach {refused}"
