"""What is said of hours that the clock leaves out or shows twice is what quiet hours and reports then do."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bellbuoy.config.clocks import changes, oddities
from bellbuoy.config.timetable import parse_span, parse_time
from bellbuoy.monitor.auditing.reports import last
from bellbuoy.monitor.muting import covering

PUT_ON = datetime(2027, 3, 28, 1, tzinfo=UTC)  # 02:00 in Berlin is 03:00
PUT_BACK = datetime(2027, 10, 31, 1, tzinfo=UTC)  # 03:00 in Berlin is 02:00
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600


def quiet(every, around):
    """Return the minutes at which it is quiet in the half day before and after an instant, counted from it."""
    at = int(around.timestamp())
    return [
        minute
        for minute in range(-720, 720)
        if covering(parse_span(every), at + 60 * minute, "Europe/Berlin") is not None
    ]


@pytest.mark.parametrize(
    ("every", "begins", "ends", "said"),
    [
        ("daily 02:00-02:30", None, None, "is left out on a Sun in Mar (02:00 to 03:00 is not there)"),
        ("Sun 02:00-03:00", None, None, "is left out on a Sun in Mar (02:00 to 03:00 is not there)"),
        ("Sun 02:30-06:00", 0, 180, "begins at 03:00 on a Sun in Mar (02:00 to 03:00 is not there)"),
        ("Sat 22:00-02:30", -240, 0, "ends at 03:00 on a Sun in Mar (02:00 to 03:00 is not there)"),
        ("Sun 02:00-06:00", 0, 180, ""),
        ("Sun 01:00-02:00", -60, 0, ""),
        ("Sun 01:00-06:00", -60, 180, ""),
    ],
)
def test_what_is_left_out_in_spring(every, begins, ends, said):
    minutes = quiet(every, PUT_ON)
    assert minutes == ([] if begins is None else list(range(begins, ends)))
    assert [one for one in oddities(parse_span(every), BERLIN) if "Mar" in one] == ([said] if said else [])


@pytest.mark.parametrize(
    ("every", "begins", "ends", "longer"),
    [
        ("daily 02:00-02:30", -60, 30, True),
        ("Sat 22:00-02:00", -240 - 60, 0, True),
        ("Sun 02:30-06:00", -30, 240, True),
        ("Sun 02:00-03:00", -60, 60, False),
        ("Sun 03:00-06:00", 60, 240, False),
    ],
)
def test_what_comes_twice_in_autumn(every, begins, ends, longer):
    assert quiet(every, PUT_BACK) == list(range(begins, ends))
    said = "lasts 60 minutes longer on a Sun in Oct (02:00 to 03:00 comes twice)"
    assert [one for one in oddities(parse_span(every), BERLIN) if "Oct" in one] == ([said] if longer else [])


def test_a_report_comes_later_in_spring_and_once_in_autumn():
    week = parse_time("Sun 02:15")
    for around, at in ((PUT_ON, 15 * 60), (PUT_BACK, -45 * 60)):
        told = {last(week, around.timestamp() + ahead, "Europe/Berlin") for ahead in range(-HOUR, 3 * HOUR, 60)}
        assert sorted(told)[1:] == [int(around.timestamp()) + at]
    assert list(oddities(week, BERLIN)) == [
        "comes at 03:15 on a Sun in Mar (02:00 to 03:00 is not there)",
        "comes at the first of both on a Sun in Oct (02:00 to 03:00 comes twice)",
    ]
    assert list(oddities(parse_time("Mon 02:15"), BERLIN)) == []


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("America/New_York", ["on a Sun in Mar (02:00 to 03:00 is not there)", "on a Sun in Nov (01:00 to 02:00 comes twice)"]),
        ("Australia/Lord_Howe", ["on a Sun in Apr (01:30 to 02:00 comes twice)", "on a Sun in Oct (02:00 to 02:30 is not there)"]),
        ("America/Santiago", ["on a Sat in Apr (23:00 to 00:00 comes twice)", "on a Sun in Sep (00:00 to 01:00 is not there)"]),
        ("Asia/Kathmandu", []),
        ("UTC", []),
    ],
)  # fmt: skip
def test_the_standing_rule_of_a_zone(zone, said):
    assert [str(one) for one in changes(ZoneInfo(zone))] == said
