"""What a valid configuration means: routes, names, doors, retention."""

from itertools import product

import pytest

from bellbuoy.config.signals import BUILT_IN, FIELDS, LEVELS

CHECKED = ("page", "ticket", "watch")


def codes(findings):
    return [finding.code for finding in findings]


def routes(text, least):
    return least.replace("routes: [{ to: [out] }]", f"routes: [{text}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ to: [out] }", []),
        ("{ when: {}, to: [out] }", []),
        ("{ when: { about: agents }, to: [out] }, { when: { about: bellbuoy }, to: [out] }", []),
        ("{ when: { severity: page }, to: [out] }, { when: { severity: ticket }, to: [out] }, { when: { severity: watch }, to: [out] }", []),
        ("{ when: { about: agents }, to: [out] }", ["BB201"]),
        ("{ when: { severity: page }, to: [out] }, { when: { severity: ticket }, to: [out] }", ["BB201"]),
        ("{ when: { workflow: shop }, to: [out] }, { when: { about: bellbuoy }, to: [out] }", ["BB201"]),
        ("{ when: { about: bellbuoy }, to: [out] }, { when: { signal: step_failure }, to: [out] }", ["BB201"]),
        ("{ to: [out] }, { when: { severity: page }, to: [out] }", ["BB211"]),
        ("{ to: [out], continue: true }, { when: { severity: page }, to: [out] }", []),
        ("{ when: { severity: page }, to: [out] }, { to: [out] }", []),
    ],
)  # fmt: skip
def test_each_incident_finds_a_route(find, least, text, expected):
    assert codes(find(text=routes(text, least))) == expected


def test_no_routes_at_all_lose_everything(find, least):
    findings = find(text=least.replace("routes: [{ to: [out] }]\n", ""))
    assert codes(findings) == ["BB201", "BB212"]


def test_one_route_for_each_detector_is_enough(find, least):
    detectors = "detectors:\n" + "".join(
        f"  - {{ name: d{index}, signal: {signal}, by: [workflow], kind: slow_drift }}\n"
        for index, signal in enumerate(LEVELS)
    )
    some = ", ".join(f"{{ when: {{ detector: d{index} }}, to: [out] }}" for index in range(len(LEVELS)))
    about = "{ when: { about: bellbuoy }, to: [out] }, "
    assert find(detectors, text=routes(about + some, least)) == []
    short = some.rpartition(", {")[0]
    assert codes(find(detectors, text=routes(about + short, least))) == ["BB201"]


def test_routes_that_name_every_case_are_whole(find, least):
    cases = product(("agents", "bellbuoy"), CHECKED)
    text = ", ".join(f"{{ when: {{ about: {about}, severity: {severity} }}, to: [out] }}" for about, severity in cases)
    assert find(text=routes(text, least)) == []
    assert codes(find(text=routes(text.rpartition(", {")[0], least))) == ["BB201"]


@pytest.mark.parametrize(
    ("listen", "open_door"),
    [("127.0.0.1:1", False), ("localhost:1", False), ("'[::1]:1'", False), ("127.9.9.9:1", False), ("0.0.0.0:1", True), ("'[::]:1'", True), ("bellbuoy.internal:1", True), ("10.0.0.5:1", True)],
)  # fmt: skip
def test_an_open_door_needs_a_token(find, listen, open_door):
    assert codes(find(f"server: {{ listen: {listen} }}")) == (["BB202"] if open_door else [])
    assert find(f"server: {{ listen: {listen}, token: {{ env: TOKEN }} }}", environ={"TOKEN": "long-enough"}) == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Kathmandu"])
def test_time_zones(find, zone):
    assert find(f"server: {{ timezone: {zone} }}") == []


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "Europe/", "' '", "europe/berlin\\0"]
)
def test_what_is_no_time_zone(find, zone):
    assert codes(find(f'server: {{ timezone: "{zone}" }}')) == ["BB210"]


def test_minutes_outlive_what_is_learned_from_them(find):
    assert find("store: { retention: { minutes: 35d } }") == []
    assert codes(find("store: { retention: { minutes: 34d } }")) == ["BB203"]
    assert codes(find("baselines: { long: { learn: 400d } }")) == ["BB203"]


def test_a_pinned_span_is_long_enough(find):
    assert find("baselines: { launch: { pinned: 2026-09-01..2026-09-07 } }") == []
    assert codes(find("baselines: { launch: { pinned: 2026-09-01..2026-09-06 } }")) == ["BB205"]
    assert find("baselines: { launch: { pinned: 2026-09-01..2026-09-06, min_span: 5d } }") == []


def test_topics_are_read_once(find, least):
    def sources(*feeds):
        listed = ", ".join(
            f"{{ kafka: {{ bootstrap_servers: {s}, topics: [{t}], group_id: {g} }} }}" for s, t, g in feeds
        )
        return least.replace("{ files: { path: ./logs/*.jsonl } }", listed)

    assert find(text=sources(("a:1", "t", "g"), ("a:1", "u", "g"))) == []
    assert find(text=sources(("a:1", "t", "g"), ("b:1", "t", "g"))) == []
    assert codes(find(text=sources(("'a:1,b:1'", "t", "g"), ("'b:1,a:1'", "t", "g")))) == ["BB208"]
    assert codes(find(text=sources(("a:1", "'t', 't'", "g")))) == ["BB208"]


def test_own_signals_can_be_watched(find):
    own = 'signals: [{ name: refund, trial: "true", bad: "false" }]\n'
    watch = "detectors: [{ name: a, signal: refund, by: [workflow, step, attributes.shop], kind: slow_drift, slices: [attributes.till] }]"
    assert find(own + watch) == []
    assert codes(find(watch)) == ["BB204"]


def test_undeclared_workflows_may_be_routed(find, least):
    text = routes("{ when: { workflow: shop, step: pay }, to: [out] }, { to: [out] }", least)
    assert find(text=text) == []
    assert codes(find("workflows: [{ name: shp, steps: [pay] }]", text=text)) == ["BB120"]


def test_integrations_that_are_nearly_declared(find):
    one = "workflows: [{{ name: a, steps: [{{ name: b, integrations: [{0}] }}], integrations: [{{ system: crm.write }}] }}]"
    assert find(one.format("crm.write")) == []
    assert find(one.format("calendar")) == []
    assert codes(find(one.format("crm.wrte"))) == ["BB120"]


def test_the_signals_that_are_built_in():
    assert len({signal.name for signal in BUILT_IN}) == len(BUILT_IN) == len(LEVELS)
    assert {signal.name for signal in BUILT_IN if signal.judged == "never"} == {"ungated_action", "token_expired"}
    assert LEVELS["handoff"] == "interaction"
    assert len(set(FIELDS)) == len(FIELDS)


def test_there_is_one_door_for_events(find, least):
    two = least.replace("{ files: { path: ./logs/*.jsonl } }", "{ http: {} }, { http: {} }")
    (found,) = find(text=two)
    assert found.code == "BB208"
    assert "source 1 is the door for events already" in str(found)
