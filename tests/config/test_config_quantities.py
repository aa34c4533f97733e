"""Durations, shares, sizes, instants, spans and times of the week: written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from bellbuoy.config import instants, quantities, timetable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("800ms", 0.8), ("30s", 30), ("5m", 300), ("2h", 7200), ("28d", 28 * 86400), ("4w", 28 * 86400), ("5y", 5 * 365 * 86400), ("1.5h", 5400)],
)  # fmt: skip
def test_durations(text, seconds):
    assert quantities.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "5",
        "5 m",
        "m",
        "-5m",
        "5M",
        "5min",
        "",
        "٥m",
        "1e3s",
        5,
        5.0,
        None,
        True,
        [],
        {},
        "5m\n",
        "9" * 20 + "s",
        "0s",
        "101y",
    ],
)
def test_what_is_no_duration(value):
    with pytest.raises(PydanticCustomError):
        quantities.parse_duration(value)


@given(st.integers(1, 10**9 - 1))
def test_a_duration_is_read_as_it_is_written(milliseconds):
    seconds = milliseconds / 1000
    assert quantities.parse_duration(quantities.write_duration(seconds)) == pytest.approx(seconds, rel=1e-5)
    whole = float(milliseconds)
    assert quantities.parse_duration(quantities.write_duration(whole)) == whole


@given(st.integers(0, 10_000))
def test_a_share_is_read_as_it_is_written(hundredths):
    share = hundredths / 10_000
    assert quantities.parse_share(quantities.write_share(share)) == pytest.approx(share)


@pytest.mark.parametrize("value", [0.5, 2, "2", "2 %", "-1%", "%", None, False, "1e1%", "2%\n"])
def test_what_is_no_share(value):
    with pytest.raises(PydanticCustomError):
        quantities.parse_share(value)


def test_a_share_ends_at_a_hundred():
    assert quantities.parse_share("100%") == 1.0
    assert quantities.parse_share(0) == 0.0
    with pytest.raises(PydanticCustomError) as problem:
        quantities.parse_share("100.1%")
    assert problem.value.type == "share_above"


@given(st.integers(1, 1 << 45))
def test_a_size_is_read_as_it_is_written(size):
    text = quantities.write_size(size)
    if len(text) < 11:
        assert quantities.parse_size(text) == size


@pytest.mark.parametrize(("text", "size"), [("64KiB", 65536), ("1GiB", 1 << 30), ("1.5MiB", 1_572_864), ("12B", 12)])
def test_sizes(text, size):
    assert quantities.parse_size(text) == size


@given(st.integers(0, 4_000_000_000))
def test_an_instant_is_read_as_it_is_written(at):
    assert instants.parse_instant(instants.write_instant(at)) == at


def test_instants():
    assert instants.parse_instant("1970-01-02") == 86400
    assert instants.parse_last("1970-01-02") == 2 * 86400
    assert instants.parse_instant("1970-01-01T01:00+01:00") == 0
    assert instants.parse_instant("1970-01-01T01:00") == 3600
    assert instants.parse_start("latest") == "latest"
    assert instants.parse_start("1970-01-01T00:01Z") == 60
    assert instants.parse_span("1970-01-01..1970-01-01") == (0, 86400)
    assert instants.parse_span("1970-01-01T00:00Z..1970-01-01T01:00Z") == (0, 3600)


@pytest.mark.parametrize(
    "text",
    ["9999-12-31", "0000-01-01", "2026-13-01", "2026-02-29", "2026-01-01T24:00Z", "2026-01-01T00:00+99:00", "2026-1-1"],
)
def test_a_day_that_no_calendar_has(text):
    with pytest.raises(PydanticCustomError):
        instants.parse_last(text)


@pytest.mark.parametrize("text", ["1m", "5m", "15m", "1h", "60s"])
def test_ticks(text):
    assert 3600 % quantities.parse_tick(text) == 0


@pytest.mark.parametrize("text", ["30s", "7m", "2h", "90s", "0s", "0.5m", 5])
def test_what_is_no_tick(text):
    with pytest.raises(PydanticCustomError):
        quantities.parse_tick(text)


@pytest.mark.parametrize(
    ("text", "days", "start", "minutes"),
    [
        ("Tue 02:00-02:30", (1,), 120, 30),
        ("Mon-Fri 18:00-08:00", (0, 1, 2, 3, 4), 1080, 840),
        ("Sat-Mon 00:00-00:00", (0, 5, 6), 0, 1440),
        ("Sun,Wed 23:59-00:00", (2, 6), 1439, 1),
        ("daily 02:00-02:30", tuple(range(7)), 120, 30),
    ],
)
def test_spans_of_the_week(text, days, start, minutes):
    week = timetable.parse_span(text)
    assert week == timetable.Week(days, start, minutes)
    assert timetable.parse_span(timetable.write(week)) == week


def test_times_of_the_week():
    week = timetable.parse_time("Mon 08:00")
    assert week == timetable.Week((0,), 480)
    assert timetable.write(week) == "Mon 08:00"


@pytest.mark.parametrize("value", ["Mon", "8:00", "Mon 8:00", "Mon 24:00", "Mon 08:00-09:00", "mon 08:00", "", None, 8])
def test_what_is_no_time_of_the_week(value):
    with pytest.raises(PydanticCustomError):
        timetable.parse_time(value)


def test_a_delay_may_be_none():
    assert quantities.parse_delay("0s") == 0.0
    assert quantities.parse_delay(quantities.write_duration(0.0)) == 0.0


@pytest.mark.parametrize("value", ["0B", "0.1B", "2000TiB", "1GB", "1 GiB", 1024])
def test_what_is_no_size(value):
    with pytest.raises(PydanticCustomError):
        quantities.parse_size(value)
