"""Kinds of detectors and sinks: the built-in ones and a user's own come through the same door."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, Literal

import pytest

from bellbuoy.config import plugins
from bellbuoy.config.fitting import MisfitError, fit, wanted
from bellbuoy.config.plugins import PluginError
from bellbuoy.config.telling import KINDS
from bellbuoy.sinks.base import Secret


@dataclass(frozen=True)
class Burst:
    incidents: int = 5
    within: float = 120.0


@dataclass(frozen=True)
class Pigeon:
    """A sink with every shape of field."""

    loft: str
    key: Secret | None = None
    rings: tuple[Secret, ...] = ()
    address: str | Secret = ""
    speed: float = 1.0
    size: int = 1
    colour: Literal["grey", "white"] = "grey"
    names: tuple[str, ...] = ()
    call: Mapping[str, str] = field(default_factory=dict)
    burst: Burst = field(default_factory=Burst)
    fly: bool = True

    def __post_init__(self):
        if self.speed > 1000:
            raise ValueError("speed of a pigeon is below 1000")

    def send(self, page):
        return None


@pytest.fixture(autouse=True)
def pigeon(monkeypatch):
    module = ModuleType("coop")
    module.Pigeon = Pigeon
    module.Rock = type("Rock", (), {})
    monkeypatch.setitem(sys.modules, "coop", module)


def test_values_are_fitted_to_the_fields():
    made = plugins.sink(
        "coop:Pigeon",
        {
            "loft": "north",
            "key": Secret("k"),
            "rings": [Secret("r")],
            "address": "over there",
            "speed": "1.5m",
            "size": "1KiB",
            "names": ["a", "b"],
            "call": {"page": "x"},
            "burst": {"within": "2m"},
        },
    )
    assert made == Pigeon(
        "north",
        Secret("k"),
        (Secret("r"),),
        "over there",
        90.0,
        1024,
        "grey",
        ("a", "b"),
        {"page": "x"},
        Burst(5, 120.0),
    )


@pytest.mark.parametrize(
    ("settings", "path", "code", "sentence"),
    [
        ({"loft": "n", "sped": 1}, ("sped",), "BB101", "unknown key 'sped'"),
        ({}, (), "BB102", "key 'loft' is missing"),
        ({"loft": 5}, ("loft",), "BB103", "'loft' wants a text"),
        ({"loft": "n", "speed": "fast"}, ("speed",), "BB103", "'speed' wants a number, a duration or a share"),
        ({"loft": "n", "size": 1.5}, ("size",), "BB103", "'size' wants a whole number"),
        ({"loft": "n", "size": True}, ("size",), "BB103", "'size' wants a whole number"),
        ({"loft": "n", "fly": 1}, ("fly",), "BB103", "'fly' wants true or false"),
        ({"loft": "n", "colour": "red"}, ("colour",), "BB103", "'colour' wants one of grey, white"),
        ({"loft": "n", "names": "a"}, ("names",), "BB103", "'names' wants a list"),
        ({"loft": "n", "names": [1]}, ("names",), "BB103", "'names' wants a text"),
        ({"loft": "n", "call": ["a"]}, ("call",), "BB103", "'call' wants a mapping"),
        ({"loft": "n", "burst": {"withn": 1}}, ("burst",), "BB103", "'burst' wants a mapping with incidents, within"),
        ({"loft": "n", "key": "plain"}, ("key",), "BB110", "a secret is not written here"),
        ({"loft": "n", "rings": ["plain"]}, ("rings",), "BB110", "a secret is not written here"),
        ({"loft": "n", "speed": 2000}, ("speed",), "BB122", "speed of a pigeon is below 1000"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_at_its_key(settings, path, code, sentence):
    with pytest.raises(PluginError) as problem:
        plugins.sink("coop:Pigeon", settings)
    assert (problem.value.path, problem.value.code) == (path, code)
    assert sentence in problem.value.message


def test_the_nearest_key_is_suggested():
    with pytest.raises(PluginError) as problem:
        plugins.sink("coop:Pigeon", {"loft": "n", "sped": 1})
    assert problem.value.hint == "did you mean 'speed'?"
    assert problem.value.message == "unknown key 'sped'"


def test_without_a_near_key_the_known_ones_are_listed():
    with pytest.raises(PluginError) as problem:
        plugins.sink("coop:Pigeon", {"loft": "n", "zzz": 1})
    assert problem.value.hint == ""
    assert problem.value.message == (
        "unknown key 'zzz'; known are loft, key, rings, address, speed, size, colour, names, call, burst, fly"
    )


@pytest.mark.parametrize(
    "kind", ["coop:Rock", "coop:Nobody", "nowhere:At", "coop", "coop:", ":Pigeon", "co op:Pigeon", "coop:Pigeon:x", ""]
)
def test_what_is_no_sink(kind):
    with pytest.raises(PluginError):
        plugins.sink(kind, {})


def test_a_module_that_fails_is_a_finding(monkeypatch, tmp_path, find, least):
    (tmp_path / "broken_coop.py").write_text("raise RuntimeError('no pigeons today')\n")
    (tmp_path / "leaving_coop.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, reason in (("broken_coop", "RuntimeError: no pigeons today"), ("leaving_coop", "SystemExit: 3")):
        (finding,) = find(text=least.replace("console: {}", f'"{name}:Pigeon": {{ loft: n }}'))
        assert finding.code == "BB121"
        assert reason in finding.message


def test_an_entry_point_is_a_kind(monkeypatch, find, least):
    monkeypatch.setitem(plugins.kinds("sink"), "pigeon", EntryPoint("pigeon", "coop:Pigeon", "bellbuoy.sinks"))
    assert plugins.sink("pigeon", {"loft": "n"}) == Pigeon("n")
    (finding,) = find(text=least.replace("console: {}", "pigeon: { loft: n, colour: red }"))
    assert (finding.code, finding.line, finding.column) == ("BB103", 3, 44)


def test_what_a_class_refuses_with_its_secret_in_hand_does_not_show_it(monkeypatch, find, least):
    class Leaky(Pigeon):
        def __post_init__(self):
            raise ValueError(f"key {self.key.reveal()} is too short")

    sys.modules["coop"].Leaky = dataclass(frozen=True)(Leaky)
    text = least.replace("console: {}", '"coop:Leaky": { loft: n, key: { env: KEY } }')
    (finding,) = find(text=text, environ={"KEY": "canary-77"})
    assert finding.code == "BB122"
    assert "canary" not in repr(finding)
    assert "••••••" in finding.message


def test_the_built_in_ones_are_found():
    assert {"rate_shift", "slow_drift", "silence"} <= set(plugins.kinds("detector"))
    assert set(KINDS) == set(plugins.kinds("sink"))
    for kind in ("rate_shift", "slow_drift", "silence"):
        assert callable(plugins.detector(kind, {}).step)
    assert callable(plugins.sink("console", {}).send)
    made = plugins.sink("slack", {"channel": "#a", "bot_token": Secret("x"), "remind": "4h"})
    assert made.remind == 4 * 3600.0


def test_fitting_says_what_it_wants():
    assert fit(None, str | None) is None
    assert fit(5, Any) == 5
    assert fit([1, 2], list[int]) == [1, 2]
    assert wanted(str | int | None) == "a text or a whole number"
    for value, hint in ((1, str | None), ("x", int | float), ({"a": 1}, Mapping[str, str]), ("101%", float)):
        with pytest.raises(MisfitError):
            fit(value, hint)


def test_a_secret_that_is_written_out_is_masked_whatever_its_key_is_named(find, least):
    written = '"coop:Pigeon": { loft: n, key: canary-77, rings: [canary-78], colour: red }'
    findings = find(text=least.replace("console: {}", written))
    assert [finding.code for finding in findings] == ["BB110", "BB110", "BB103"]
    assert "canary" not in "".join(map(str, findings)) + repr(findings)
