"""What doctor says of the machine and the packages, each broken in turn; and how checks run side by side."""

import importlib.util
import json
import threading

import pytest

from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.doctor import itself
from bellbuoy.monitor.doctor.examining import record, text
from bellbuoy.monitor.doctor.finding import Check, Line, fail, found, ok
from bellbuoy.monitor.doctor.machine import Room, room

GIB = 1 << 30


def test_a_check_that_hangs_and_one_that_breaks_do_not_hide_the_others():
    never = threading.Event()

    def hangs():
        yield ok("began")
        never.wait()

    def breaks():
        yield ok("began")
        raise ZeroDivisionError("by nothing")

    checks = [
        Check("detectors", "slow", hangs, late="warn"),
        Check("store", "hangs", hangs),
        Check("store", "breaks", breaks),
        Check("sinks", "fine", lambda: [ok("is")]),
    ]
    lines = found(checks, SystemClock(), limit_s=0.2)
    never.set()
    assert [(one.name, one.finding.level, one.finding.said) for one in lines] == [
        ("slow", "ok", "began"),
        ("slow", "warn", "no answer within 0.2 s"),
        ("hangs", "ok", "began"),
        ("hangs", "fail", "no answer within 0.2 s"),
        ("breaks", "ok", "began"),
        ("breaks", "fail", "the check itself failed: ZeroDivisionError: by nothing"),
        ("fine", "ok", "is"),
    ]


def test_no_secret_is_told_and_no_line_breaks(configured, monkeypatch):
    monkeypatch.setenv("TOKEN", "pl4nted-secret")
    config = configured(server={"token": {"env": "TOKEN"}})
    lines = [Line("sinks", "out", fail("it said pl4nted-secret\nand \x1b[31mmore", "see pl4nted-secret"))]
    assert text(lines, config) == [
        "fail  sinks  out: it said *** and [31mmore; see ***",
        "1 fault, no warnings, 0 as they must be",
    ]
    (row,) = json.loads(record(lines, config, SystemClock()))["findings"]
    assert row == {
        "level": "fail",
        "area": "sinks",
        "name": "out",
        "said": "it said *** and [31mmore",
        "remedy": "see ***",
    }


def test_this_python_and_its_packages_are_as_they_must_be(said):
    assert [level for level, _ in said(itself.python())] == ["ok"]
    assert [level for level, _ in said(itself.packages(itself.wanted()))] == ["ok"]


def test_a_python_that_is_too_old_is_named(said, monkeypatch):
    monkeypatch.setattr("platform.python_version", lambda: "3.10.1")
    ((level, line),) = said(itself.python())
    assert level == "fail"
    assert "3.10.1" in line
    assert "needs >=3.11" in line


def test_a_package_that_is_missing_or_of_another_version_is_named(said):
    needs = [itself.read(one) for one in ("duckdb<3,>=1.5.5", "scipy>=1.15", 'apprise<3,>=2.3; extra == "apprise"')]
    have = {"duckdb": "3.0.1"}
    assert said(itself.packages(needs, have.get)) == [
        ("fail", "duckdb 3.0.1 is not taken, <3,>=1.5.5 is wanted; pip install 'duckdb<3,>=1.5.5'"),
        ("fail", "scipy is missing, >=1.15 is wanted; pip install 'scipy>=1.15'"),
    ]
    have = {"duckdb": "1.5.10", "scipy": "1.15.0rc1"}
    ((level, line),) = said(itself.packages(needs, have.get))
    assert (level, line) == (
        "ok",
        "all 2 are of a version that is taken: duckdb 1.5.10, scipy 1.15.0rc1; extras: apprise is not installed",
    )


def test_a_missing_crc32c_is_a_fault(said, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "crc32c" else real(name))
    assert ("fail", "crc32c is missing: Kafka is read eleven times slower without it; pip install crc32c") in said(
        itself.packages(itself.wanted())
    )


@pytest.mark.parametrize(
    ("memory", "level"), [(2 * GIB, "ok"), (GIB + (767 << 20), "warn"), (GIB, "fail")], ids=["room", "tight", "none"]
)
def test_memory_is_held_against_what_the_store_may_take(configured, said, memory, level):
    ((found_, line),) = said(itself.enough(configured(), Room(memory, 1.5, limited=True)))
    assert found_ == level
    assert "the container has" in line
    assert "1.5 processors" in line


@pytest.mark.parametrize(
    ("files", "memory", "cpus"),
    [
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
                "sys/fs/cgroup/a/memory.max": "268435456\n",
                "sys/fs/cgroup/a/b/cpu.max": "50000 100000\n",
            },
            1 << 28,
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "134217728\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "20000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            1 << 27,
            0.2,
        ),
        (
            {
                "proc/self/cgroup": "5:memory:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            None,
            None,
        ),
    ],
    ids=["version 2, set above", "version 1, in a container", "version 1, no limit"],
)
def test_the_limits_of_a_control_group_are_read(tmp_path, files, memory, cpus):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    machine, here = room(tmp_path / "nothing"), room(tmp_path)
    assert not machine.limited
    assert here == Room(memory or machine.memory, cpus or machine.cpus, limited=memory is not None)


def test_a_time_zone_without_data_is_named(said):
    assert said(itself.time_zone("Mars/Olympus")) == [
        ("fail", "there is no data of Mars/Olympus; pip install tzdata, or set server.timezone")
    ]
    ((level, _),) = said(itself.time_zone("Europe/Berlin"))
    assert level == "ok"


def test_the_warnings_of_a_configuration_are_told_once(said):
    from bellbuoy.config.errors import Finding

    heartbeat = Finding("x.yaml", 1, 1, "BB219", "warning", "no heartbeat")
    unused = Finding("x.yaml", 1, 1, "BB212", "warning", "sink 'b' is used by nothing")
    assert said(itself.configured([heartbeat])) == [("ok", "accepted")]
    assert said(itself.configured([heartbeat, unused])) == [
        ("warn", "accepted with a warning: sink 'b' is used by nothing; `bellbuoy check` shows where")
    ]
