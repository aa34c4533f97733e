"""Drifts are read as written, and what cannot be read is answered with its column."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.monitor.simulate.drift import SLICES, Drift, DriftError, parse_drift, parse_drifts
from bellbuoy.monitor.simulate.workflow import LEAD_QUALIFIER

GOLDEN = Path(__file__).parents[2] / "golden" / "monitor" / "simulate" / "drift_errors.txt"

WRONG = (
    "",
    "qualfy:0.95->0.86@day20",
    "qualify",
    "qualify.reaks:0.02->0.1@day20",
    "route.reask:0.02->0.1@day20",
    "qualify:0.95>0.86@day20",
    "qualify:95->86@day20",
    "qualify:high->low@day20",
    "qualify:0.95->0.86",
    "qualify:0.95->0.86@20",
    "qualify:0.95->0.86@day20..15",
    "qualify:0.95->0.86@day20..day15",
    "qualify:0.95->0.86@day20 and more",
    "qualify[agent=v41]:0.95->0.86@day20",
    "qualify[agent_version=]:0.95->0.86@day20",
    "qualify[agent_version=v41:0.95->0.86@day20",
    "qualify[channel=fone]:0.95->0.86@day20",
    "qualify.slow[channel=phone]:0.02->0.1@day20",
    "volume:1->200@day20",
    "volume:full->half@day20",
    "silence@day20",
    "silence@day20/3",
    "silence@day20..day21/3h",
    "source:pricing-wki stale@day20",
    "source:pricing-wiki fresh@day20",
    "source:pricing-wiki stale@day20..day30",
    "\x1b[31mqualify:0.95->0.86@day20",
)

shares = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
spans = st.tuples(st.integers(0, 9000), st.integers(1, 900), st.booleans()).map(
    lambda t: (t[0] / 4, (t[0] + t[1]) / 4 if t[2] else None)
)
values = st.one_of(
    st.tuples(st.just("agent_version"), st.text("abv0123456789._-", min_size=1, max_size=12)),
    st.sampled_from(SLICES[1:]).flatmap(
        lambda key: st.tuples(
            st.just(key), st.sampled_from([choice.value for choice in getattr(LEAD_QUALIFIER, f"{key}s")])
        )
    ),
)
steps = st.sampled_from([step.name for step in LEAD_QUALIFIER.steps])
asking = st.sampled_from([step.name for step in LEAD_QUALIFIER.steps if step.reask is not None])


@st.composite
def drifts(draw):
    begins, ends = draw(spans)
    kind = draw(st.sampled_from(["success", "reask", "handoff", "slow", "volume", "silence", "stale"]))
    if kind == "silence":
        return Drift(kind, begins + (0.5 if begins == int(begins) else 0), seconds=draw(st.integers(1, 10**5)))
    if kind == "stale":
        return Drift(kind, begins, source="pricing-wiki")
    before, after = draw(shares), draw(shares)
    if kind == "volume":
        return Drift(kind, begins, ends, before, after)
    where = draw(st.none() | values)
    return Drift(kind, begins, ends, before, after, draw(asking if kind == "reask" else steps), where)


@given(drifts())
def test_a_drift_written_down_is_read_as_the_same_drift(drift):
    assert parse_drift(str(drift), LEAD_QUALIFIER) == drift


@given(st.text(max_size=60) | st.sampled_from(WRONG[1:]).flatmap(lambda t: st.text(max_size=5).map(lambda s: t + s)))
def test_any_text_is_read_or_refused_with_a_column_inside_it(text):
    drift, error = None, None
    try:
        drift = parse_drift(text, LEAD_QUALIFIER)
    except DriftError as raised:
        error = raised
    if error is None:
        assert parse_drift(str(drift), LEAD_QUALIFIER) == drift
    else:
        assert 1 <= error.column <= len(text) + 1
        assert error.message
        assert len(str(error).splitlines()) == 3


@pytest.mark.golden
def test_every_error_reads_as_a_person_has_read_it():
    told = []
    for text in WRONG:
        with pytest.raises(DriftError) as caught:
            parse_drift(text, LEAD_QUALIFIER)
        told.append(str(caught.value) + "\n")
    assert "\n".join(told) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "drift"),
    [
        ("qualify:0.95->0.86@day20", Drift("success", 20, None, 0.95, 0.86, "qualify")),
        ("qualify:95%->86%@day20..day50", Drift("success", 20, 50, 0.95, 0.86, "qualify")),
        ("qualify.reask:0.02->0.1@day20", Drift("reask", 20, None, 0.02, 0.1, "qualify")),
        ("close.slow:2%->9.5%@day20.25", Drift("slow", 20.25, None, 0.02, 0.095, "close")),
        (
            "route[agent_version=v41].handoff:0->1@day3",
            Drift("handoff", 3, None, 0, 1, "route", ("agent_version", "v41")),
        ),
        ("volume:1->0.5@day20", Drift("volume", 20, None, 1, 0.5)),
        ("silence@day20/3h", Drift("silence", 20.5, seconds=10800)),
        ("silence@day20.25/90m", Drift("silence", 20.25, seconds=5400)),
        ("source:pricing-wiki stale@day20", Drift("stale", 20, source="pricing-wiki")),
    ],
)
def test_the_examples_of_the_manual(text, drift):
    assert parse_drift(text, LEAD_QUALIFIER) == drift


def test_two_drifts_of_one_series_follow_each_other():
    read = parse_drifts(["greet:0.9->0.99@day40", "greet:0.99->0.9@day10..day30"], LEAD_QUALIFIER)
    assert [drift.begins for drift in read] == [10, 40]
    with pytest.raises(DriftError, match=r"begins before 'greet:0\.99->0\.9@day10\.\.day30' has ended"):
        parse_drifts(["greet:0.9->0.99@day20", "greet:0.99->0.9@day10..day30"], LEAD_QUALIFIER)
