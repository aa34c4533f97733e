"""What is muted waits, is edited without a word where it is shown, and is told once when the mute ends."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.config.load import load_text
from bellbuoy.config.timetable import parse_span
from bellbuoy.detectors.base import Verdict
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.judging.incidents import Change, Incident, Member
from bellbuoy.monitor.judging.records import save_change, save_incidents
from bellbuoy.monitor.judging.watched import SeriesKey, Watched
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.muting import Mutes, covering, covers
from bellbuoy.monitor.notify import Sender
from bellbuoy.monitor.silences import MOST_S, NotSilenced, Silences
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import Page, Retry, Sent

NOW = int(datetime(2026, 11, 24, 1, 30, tzinfo=UTC).timestamp())  # a Tuesday
HOUR = 3600
TEXT = """
version: 1
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, steps: [greet, qualify, "route/2"] }]
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
"""
CONFIG = load_text(TEXT)
QUIET = load_text(
    TEXT
    + "server: { timezone: Europe/Berlin }\n"
    + 'quiet: [{ name: night, every: "daily 22:00-07:00", below: page },'
    + ' { name: deploy, every: "Tue 02:00-03:00", when: { workflow: calls } }]\n'
)


def member(step="qualify", signal="step_failure", *, over=False, segment=None):
    verdict = Verdict("worse", NOW, NOW - 900, 0.05, 0.12, 0.03, 0.1, 400, 48, 14.2, 12.9, "12 % bad")
    watched = Watched("step-success", SeriesKey(signal, "calls", step, segment))
    return Member(watched, verdict, NOW, NOW if over else None)


def incident(*members, key="inc_1", number=1, severity="ticket", state="open"):
    return Incident(key, "calls", state, severity, members or (member(),), NOW, NOW - 900, number)


class Sees:
    """A sink that shows one message an incident, and remembers what appeared, and what was only edited."""

    def __init__(self, *, edits=True, keeps=False, repeat=0.0, answers=()):
        self.edits, self.keeps, self.repeat = edits, keeps, repeat
        self.answers = list(answers)
        self.appeared = []
        self.edited = []
        self.shows = {}

    def send(self, page):
        if self.answers and (answer := self.answers.pop(0)) is not None:
            return answer
        if page.muted:
            assert page.news == ()
            self.edited.append(page.version)
        else:
            self.appeared.append((page.version, [one.number for one in page.news]))
        self.shows[page.key] = (page.version, page.state)
        return Sent({"version": str(page.version)})


class Stage:
    """A store, a sink and its sender; incidents change by hand."""

    def __init__(self, store, *, config=CONFIG, **sink):
        self.store, self.config = store, config
        self.clock = VirtualClock(float(NOW))
        self.sink = Sees(**sink)
        self.silences = Silences(store, config, self.clock)
        self.metrics = Metrics()
        self.sender = self.start()

    def start(self):
        mutes = Mutes(self.store, self.config.quiet, self.config.server.timezone)
        return Sender(self.store, "out", self.sink, self.clock, self.metrics, mutes=mutes)

    def change(self, one, kind="updated", *, raised=False):
        page = Page(one.id, one.number, kind, one.state, one.severity, "headline", "summary", (), NOW, NOW)
        with self.store.transaction() as tx:
            save_incidents(tx, [one])
            save_change(tx, Change(kind, int(self.clock.now()), one, None, "reason", raised), page, ("out",))
        return self.send()

    def silence(self, selector="calls/qualify", hours=2):
        return self.silences.put_on(selector, hours * HOUR, "kim", "deploy")[0]

    def later(self, hours):
        self.clock.advance(hours * HOUR)
        return self.send()

    def send(self):
        while self.sender.send_one():
            pass
        return self.sink.appeared

    def state(self):
        (row,) = self.store.rows("people/deliveries", incident="inc_1")
        return row["state"]


@pytest.fixture
def store():
    with Store.open(None) as opened:
        yield opened


def test_what_is_silenced_is_told_once_when_the_silence_ends(store):
    stage = Stage(store)
    key = stage.silence()
    assert stage.change(incident(), "opened") == []
    assert stage.change(incident(number=2)) == []
    assert stage.later(1.99) == []
    (row,) = store.rows("people/deliveries", incident="inc_1")
    assert (row["state"], row["shown"]) == ("held", 0)
    assert row["reason"] == "silenced by kim until Tue 24 Nov 03:30: deploy"
    assert stage.later(0.02) == [(2, [2])]
    assert stage.later(24) == [(2, [2])], "once"
    (silence,) = stage.silences.listed()
    assert (silence.id, silence.active, silence.who, silence.why) == (key, False, "kim", "deploy")


def test_a_message_that_is_there_is_edited_without_a_word_and_the_word_follows(store):
    stage = Stage(store)
    assert stage.change(incident(), "opened") == [(1, [])]
    stage.silence()
    stage.change(incident(number=2, severity="page"), raised=True)
    stage.change(incident(number=3, severity="page", state="acknowledged"), "acknowledged")
    assert (stage.sink.appeared, stage.sink.edited) == ([(1, [])], [2, 3])
    assert stage.sink.shows["inc_1"] == (3, "acknowledged")
    assert stage.later(3) == [(1, []), (3, [2, 3])], "all that was not told is told at once"


def test_what_is_over_before_the_silence_ends_is_told_to_nobody(store):
    stage = Stage(store)
    stage.silence()
    stage.change(incident(), "opened")
    stage.change(incident(member(over=True), number=2, state="resolved"), "resolved")
    assert stage.later(3) == []
    assert stage.state() == "muted"


def test_a_message_that_shows_it_open_shows_its_end_during_the_silence(store):
    stage = Stage(store)
    stage.change(incident(), "opened")
    stage.silence()
    stage.change(incident(member(over=True), number=2, state="resolved"), "resolved")
    assert stage.sink.shows["inc_1"] == (2, "resolved")
    assert stage.later(3) == [(1, [])]


def test_a_sink_that_cannot_edit_waits_and_hears_of_the_end_afterwards(store):
    stage = Stage(store, edits=False)
    stage.change(incident(), "opened")
    stage.silence()
    assert stage.change(incident(number=2)) == [(1, [])]
    assert stage.change(incident(member(over=True), number=3, state="resolved"), "resolved") == [(1, [])]
    assert stage.later(3) == [(1, []), (3, [2, 3])], "or it would show an open incident for ever"


def test_a_receiver_that_keeps_states_hears_who_has_it_and_that_it_is_over(store):
    stage = Stage(store, edits=False, keeps=True)
    stage.change(incident(), "opened")
    stage.silence()
    stage.change(incident(number=2, severity="page"), raised=True)
    assert stage.sink.edited == [], "a rise calls people"
    stage.change(incident(number=3, severity="page", state="acknowledged"), "acknowledged")
    stage.change(incident(number=4, severity="page", state="acknowledged"))
    assert stage.sink.edited == [3]
    stage.change(incident(member(over=True), number=5, severity="page", state="resolved"), "resolved")
    assert stage.sink.edited == [3, 5]
    assert stage.later(3) == [(1, [])]
    assert stage.state() == "muted"


def test_a_receiver_that_was_never_told_hears_nothing(store):
    stage = Stage(store, edits=False, keeps=True, repeat=300.0)
    stage.silence()
    stage.change(incident(), "opened")
    stage.change(incident(number=2, state="acknowledged"), "acknowledged")
    stage.change(incident(member(over=True), number=3, state="resolved"), "resolved")
    assert (stage.later(3), stage.sink.edited) == ([], [])


def test_what_was_told_goes_on_being_repeated_as_it_was_told(store):
    stage = Stage(store, edits=False, keeps=True, repeat=300.0)
    stage.change(incident(), "opened")
    stage.silence(hours=1)
    stage.change(incident(number=2, severity="page"), raised=True)
    for _ in range(11):
        stage.later(300 / HOUR)
    assert (stage.sink.edited, stage.sink.appeared) == ([1] * 11, [(1, [])])
    assert stage.later(300 / HOUR) == [(1, []), (2, [2])]
    assert stage.later(300 / HOUR) == [(1, []), (2, [2]), (2, [])], "a repeat as ever"


def test_ending_a_silence_tells_at_once(store):
    stage = Stage(store)
    key = stage.silence()
    stage.silence("calls/*", hours=1)
    stage.change(incident(), "opened")
    assert "has ended" in stage.silences.end(key, "joe")
    assert stage.send() == [], "another one is in force"
    stage.silences.end(next(one.id for one in stage.silences.listed() if one.active), "joe")
    assert stage.send() == [(1, [])]
    assert [one.ended_by for one in stage.silences.listed()] == ["joe", "joe"]
    with pytest.raises(NotSilenced, match=r"no silence .* is in force"):
        stage.silences.end(key, "joe")


def test_another_step_that_goes_bad_is_not_hidden_by_a_silence(store):
    stage = Stage(store)
    stage.silence()
    stage.change(incident(), "opened")
    assert stage.change(incident(member(), member("greet"), number=2)) == [(2, [2])]


def test_a_retry_that_falls_into_a_silence_waits_for_its_end(store):
    stage = Stage(store, answers=[Retry(60.0, "rate_limited")])
    stage.change(incident(), "opened")
    stage.silence()
    assert stage.later(0.1) == []
    assert stage.state() == "held"
    assert stage.later(2) == [(1, [])]


def test_an_edit_that_fails_is_tried_again_and_still_says_no_word(store):
    stage = Stage(store, answers=[None, Retry(60.0, "no_answer")])
    stage.change(incident(), "opened")
    stage.silence()
    stage.change(incident(number=2))
    assert stage.sink.edited == []
    stage.later(0.1)
    assert (stage.sink.edited, stage.sink.appeared) == ([2], [(1, [])])


def test_a_clock_that_is_put_back_ends_no_hold_and_prolongs_none(store):
    stage = Stage(store, config=QUIET)
    stage.clock.at += 20 * 365 * 86_400 // (7 * 86_400) * (7 * 86_400)  # twenty years ahead, in the deploy of a Tuesday
    assert stage.change(incident(severity="page"), "opened") == []
    stage.clock.at = float(NOW) + 12 * HOUR
    assert stage.send() == [(1, [])]


def test_quiet_hours_hold_what_they_name_and_pages_go_where_they_say_so(store):
    stage = Stage(store, config=QUIET)  # 02:30 in Berlin: night, and the deploy of Tuesday
    assert stage.change(incident(severity="page"), "opened") == []
    assert stage.later(0.51) == [(1, [])], "the deploy is over, and the night holds no pages"
    assert stage.change(incident(key="inc_2"), "opened") == [(1, [])]
    assert stage.later(3.8) == [(1, [])]
    assert stage.later(0.3) == [(1, []), (1, [])], "after 07:00 in Berlin"


def test_an_incident_that_becomes_a_page_at_night_is_told_at_once(store):
    stage = Stage(store, config=QUIET)
    stage.clock.advance(HOUR)
    assert stage.change(incident(), "opened") == []
    assert stage.change(incident(number=2, severity="page"), raised=True) == [(2, [2])]


def test_a_restart_looks_again_at_what_was_held(store):
    stage = Stage(store)
    stage.silence()
    stage.change(incident(), "opened")
    stage.sender = stage.start()
    assert stage.send() == []
    assert stage.later(3) == [(1, [])]


@pytest.mark.parametrize(
    ("selector", "covered"),
    [
        ("inc_1", True),
        ("inc_2", False),
        ("calls", True),
        ("calls/qualify", True),
        ("calls/qual*", True),
        ("*/qualify", True),
        ("calls/qualify/west", False),
        ("calls/greet", False),
        ("call", False),
        ("other/qualify", False),
    ],
)
def test_a_selector_means_a_series_and_all_that_is_a_part_of_it(selector, covered):
    ends = member(None, "interaction_failure")
    assert covers(selector, incident(member(), ends)) == covered
    assert covers(selector, incident(member(), ends, member("greet", over=True))) == covered


def test_a_selector_of_a_segment_means_that_segment_alone():
    west = incident(member(segment="west"))
    assert covers("calls/qualify/west", west)
    assert covers("calls/qualify", west)
    assert not covers("calls/qualify/east", west)


def test_what_is_bad_of_whole_interactions_is_not_hidden_by_a_silence_for_a_step():
    ends = incident(member(None, "interaction_failure"))
    assert not covers("calls/qualify", ends)
    assert covers("calls", ends)


@pytest.mark.parametrize(
    ("selector", "seconds", "who", "why", "said"),
    [
        ("calls/qualfy", 60, "kim", "x", "did you mean calls/qualify"),
        ("nothing-like-it-at-all", 60, "kim", "x", "`bellbuoy status` names"),
        ("calls", 59, "kim", "x", "a silence lasts 1m to 90d"),
        ("calls", MOST_S + 1, "kim", "x", "a silence lasts 1m to 90d"),
        ("calls", 60, " ", "x", "say who you are"),
        ("calls", 60, "kim", "", "say why"),
        ("calls", 60, "kim", "a\x1b[2Jb", "in one line"),
    ],
)
def test_what_cannot_be_silenced_is_told_in_a_sentence(store, selector, seconds, who, why, said):
    silences = Silences(store, CONFIG, VirtualClock(NOW))
    with pytest.raises(NotSilenced, match=said):
        silences.put_on(selector, seconds, who, why)
    assert silences.listed() == []


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
TIMES = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")


@given(st.sampled_from(ZONES), TIMES, TIMES, st.sampled_from(["daily", "Sun", "Fri-Mon", "Tue,Sun"]), st.data())
def test_quiet_is_what_the_clock_on_the_wall_says(zone, begins, ends, days, data):
    week = parse_span(f"{days} {begins}-{ends}")
    there = ZoneInfo(zone)
    year = datetime(2026, 1, 1, tzinfo=UTC)
    now = year + timedelta(minutes=data.draw(st.integers(0, 525_600)))
    wall = now.astimezone(there).replace(tzinfo=None)
    inside = any(
        wall.date() - timedelta(days=ago) == day.date()
        and day.weekday() in week.days
        and day + timedelta(minutes=week.start) <= wall < day + timedelta(minutes=week.start + week.minutes)
        for ago in range(3)
        for day in [datetime.combine(wall.date() - timedelta(days=ago), datetime.min.time())]
    )
    until = covering(week, now.timestamp(), zone)
    twice = now.astimezone(there).utcoffset() != (now + timedelta(hours=3)).astimezone(there).utcoffset()
    twice |= now.astimezone(there).utcoffset() != (now - timedelta(hours=3)).astimezone(there).utcoffset()
    if twice:  # the hour that comes twice may lie in a span that goes on
        assert until is not None or not inside
    else:
        assert (until is not None) == inside
    if until is not None:
        assert now.timestamp() < until <= now.timestamp() + week.minutes * 60 + 2 * HOUR
        assert covering(week, until - 1, zone) is not None


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-28T01:30+00:00", "2026-03-28T02:00+00:00"),  # the day before: 02:30 to 03:00 in winter time
        (
            "2026-03-29T00:30+00:00",
            None,
        ),  # 01:30; at 02:00 the clock is put on to 03:00, and 02:15 to 03:00 never comes
        ("2026-03-29T01:00+00:00", None),
        (
            "2026-10-25T00:20+00:00",
            "2026-10-25T02:00+00:00",
        ),  # 02:20 for the first time; 03:00 is an hour and 40 minutes away
        ("2026-10-25T01:30+00:00", "2026-10-25T02:00+00:00"),  # 02:30 for the second time
        ("2026-10-25T02:00+00:00", None),
    ],
)
def test_the_nights_on_which_the_clock_is_put_on_and_back(at, until):
    found = covering(parse_span("daily 02:15-03:00"), datetime.fromisoformat(at).timestamp(), "Europe/Berlin")
    assert found == (None if until is None else datetime.fromisoformat(until).timestamp())
