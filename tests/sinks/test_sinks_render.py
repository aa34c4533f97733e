"""Rendering: foreign text stays text, limits hold for any text, marks are where they belong."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import golden_pages as golden
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.sinks import paint
from bellbuoy.sinks.base import Chart, Fact, News, Span
from bellbuoy.sinks.chart import svg
from bellbuoy.sinks.chart_png import png
from bellbuoy.sinks.drawings import losses, sparkline, wedge
from bellbuoy.sinks.lint import lint, markup
from bellbuoy.sinks.render import MESSAGE_BYTES, blocks, message, mrkdwn, reply, size
from bellbuoy.sinks.scale import axis, dates
from bellbuoy.sinks.terminal import columns, terminal
from bellbuoy.sinks.text import clean, duration, escape, moment, safe_url, weekday

HIDDEN = "\u202e\u2066\x00\x1b\r\n\u2028"
foreign = st.text(st.characters() | st.sampled_from("<>&*`|!@#_~\u202e\x00\n👩\u200d\ufe0f"), max_size=400)
share = st.floats(0, 1)


@settings(deadline=None)
@given(foreign, st.integers(1, 200))
def test_clean_text_is_one_short_line_without_hidden_characters(text, limit):
    made = clean(text, limit)
    assert len(made) <= limit
    assert not set(made) & set(HIDDEN)
    made.encode()


@settings(deadline=None)
@given(foreign, st.integers(1, 200))
def test_escaped_text_has_no_markup_left(text, limit):
    made = escape(text, limit)
    assert len(made) <= limit
    assert markup(made) == []


@settings(deadline=None)
@given(st.lists(st.builds(Span, foreign, st.sampled_from(["plain", "bold", "code"]), st.none() | foreign), max_size=6))
def test_a_sentence_never_calls_anybody(spans):
    made = mrkdwn(tuple(spans), 300)
    assert len(made) <= 302
    assert markup(made) == []


@settings(max_examples=40, deadline=None)
@given(foreign, st.integers(0, 40))
def test_every_page_keeps_to_the_limits(text, count):
    long = text * 30
    facts = tuple(Fact(long, (Span(long), Span(long, "code"))) for _ in range(count))
    page = replace(
        golden.opened(),
        key=text,
        headline=long,
        summary=long or "x",
        impact=(Span(long),),
        facts=facts,
        findings=facts,
        foot=(long,),
        links=(),
    )
    made = blocks(page, image="F1")
    assert lint(made) == []
    assert size(made) <= MESSAGE_BYTES
    assert max(map(columns, terminal(page, 60, colour=False).splitlines())) <= 60


def test_a_family_is_not_cut_in_two():
    family = "👩\u200d👩\u200d👧"
    assert clean("ab" + family, 5) == "ab…"
    assert clean("cafe\u0301s", 5) == "caf…"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/b?c=d#e", "https://a.example/b?c=d#e"),
        ("http://a.example/ä b|<c>", "http://a.example/%C3%A4%20b%7C%3Cc%3E"),
        ("javascript:alert(1)", None),
        ("ftp://a.example", None),
        ("https://", None),
        ("//a.example", None),
        ("https://a.example/" + "x" * 3000, None),
        ("http://[broken", None),
    ],
)
def test_only_web_addresses_become_links(url, kept):
    assert safe_url(url) == kept


def test_instants_and_spans_of_time_read_well():
    assert weekday(golden.OPENED, "Europe/Berlin") == "Sat 03:00"
    assert weekday(golden.OPENED, "Nowhere/Atall") == "Sat 02:00"
    assert moment(golden.OPENED, "Asia/Tokyo") == "Sat 21 Nov 11:00"
    assert [duration(s) for s in (0, 59, 61, 3600, 33_120, 90_000, 700_000)] == [
        "0 min", "1 min", "1 min", "1 h", "9 h 12 min", "1 d 1 h", "8 d 2 h",
    ]  # fmt: skip


def test_the_same_page_gives_the_same_bytes():
    assert message(golden.hostile()) == message(golden.hostile())
    assert terminal(golden.opened()) == terminal(golden.opened())


def test_a_reply_is_broadcast_only_when_the_severity_rose():
    assert reply(golden.raised(), golden.raised().news, "<!here>")["reply_broadcast"]
    quiet = reply(golden.acknowledged(), golden.acknowledged().news, "<!here>")
    assert not quiet["reply_broadcast"]
    assert "<!here>" not in quiet["text"]


def test_no_line_breaks_between_a_number_and_its_unit():
    page = replace(
        golden.opened(),
        headline="qualify fell to 72.3 %",
        impact=(Span("71.1 %", "bold"), Span(" of 9 %s, −8.9 pt, 3 points")),
    )
    made = blocks(page)
    assert made[0]["text"]["text"].endswith("72.3\u00a0%")
    assert made[1]["text"]["text"] == "*71.1\u00a0%* of 9\u00a0%s, −8.9\u00a0pt, 3 points"
    assert "72.3 %" in message(replace(page, summary="72.3 %"))["text"], "which is searched"


def test_people_are_called_by_the_line_that_tells_of_the_rise():
    page = golden.raised()
    news = (*page.news, News(3, page.at + 600, "the end of it is part of it"))
    assert [line.endswith("<!here>") for line in reply(page, news, "<!here>")["text"].splitlines()] == [True, False]
    assert reply(page, news[1:], "<!here>", loud=True)["text"].endswith("<!here>"), "a reminder that calls"


LINTED = {
    "no such block": [{"type": "alert"}],
    "no container inside": [{"type": "container", "title": {"type": "plain_text", "text": "a"}, "subtitle": {"type": "plain_text", "text": "a"}, "child_blocks": [{"type": "container"}]}],
    "long header": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
    "wrong kind of text": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "empty section": [{"type": "section"}],
    "long section": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
    "eleven fields": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
    "an image without a file": [{"type": "image", "alt_text": "x"}],
    "an image without words": [{"type": "image", "slack_file": {"id": "F1"}, "alt_text": ""}],
    "a call": [{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}],
    "another's call": [{"type": "section", "text": {"type": "mrkdwn", "text": "<@U123>"}}],
    "bare markup": [{"type": "section", "text": {"type": "mrkdwn", "text": "a < b"}}],
    "a bidi character": [{"type": "section", "text": {"type": "mrkdwn", "text": "\u202ex"}}],
    "a script as a link": [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}, "url": "javascript:x"}]}],
    "a long button": [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x" * 76}}]}],
    "another element": [{"type": "actions", "elements": [{"type": "datepicker", "action_id": "a"}]}],
    "a choice of nothing": [{"type": "actions", "elements": [{"type": "static_select", "placeholder": {"type": "plain_text", "text": "x"}, "options": []}]}],
    "a choice without words": [{"type": "actions", "elements": [{"type": "static_select", "options": [{"text": {"type": "plain_text", "text": "x"}, "value": "x"}]}]}],
    "a long choice": [{"type": "actions", "elements": [{"type": "static_select", "placeholder": {"type": "plain_text", "text": "x"}, "options": [{"text": {"type": "plain_text", "text": "x"}, "value": "x" * 76}]}]}],
    "a long question": [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}, "confirm": {"title": {"type": "plain_text", "text": "x"}, "text": {"type": "plain_text", "text": "x" * 301}, "confirm": {"type": "plain_text", "text": "x"}, "deny": {"type": "plain_text", "text": "x"}}}]}],
    "a question without answers": [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}, "confirm": {"title": {"type": "plain_text", "text": "x"}, "text": {"type": "plain_text", "text": "x"}}}]}],
    "an id twice": [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}],
    "an id too long": [{"type": "divider", "block_id": "a" * 256}],
    "too many blocks": [{"type": "divider"}] * 21,
    "too heavy": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5,
}  # fmt: skip


@pytest.mark.parametrize("name", LINTED)
def test_the_linter_finds(name):
    assert lint(LINTED[name])


@settings(deadline=None)
@given(
    st.lists(st.none() | share, min_size=1, max_size=60),
    st.sampled_from(["below", "above"]),
    st.sampled_from(["share", "count"]),
    st.booleans(),
)
def test_any_chart_is_a_drawing(values, worse, unit, learned):
    scaled = tuple(None if value is None else value * (1 if unit == "share" else 1000) for value in values)
    band = tuple(0.2 if learned and n % 7 else None for n in range(len(values)))
    chart = Chart(
        "t",
        "s",
        tuple(3600 * n for n in range(len(values))),
        scaled,
        band,
        band,
        None,
        3600,
        7200,
        worse=worse,
        unit=unit,
    )
    for theme in ("light", "page"):
        ET.fromstring(svg(chart, theme))
    scale = axis(chart)
    assert scale.bottom < scale.top
    assert all(scale.bottom - 1e-9 <= value <= scale.top + 1e-9 for value in scaled if value is not None)
    assert len({scale.label(tick) for tick in scale.ticks}) == len(scale.ticks)
    terminal(replace(golden.opened(), chart=chart))


def test_an_empty_chart_says_so():
    empty = Chart("t", "s", (), (), (), (), None)
    assert "no data" in svg(empty)
    assert dates(empty) == []


def test_days_begin_in_the_zone_of_the_chart():
    berlin = [at for at, _ in dates(golden.chart())]
    assert golden.ONSET in berlin
    assert golden.ONSET not in [at for at, _ in dates(replace(golden.chart(), timezone="UTC"))]


def test_hostile_words_stay_words_in_a_drawing():
    drawn = svg(replace(golden.chart(), title="<script>alert(1)</script>\x00", subtitle='" onload="x'))
    root = ET.fromstring(drawn)
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert {name for each in root.iter() for name in each.attrib if name.startswith("on")} == set()


def test_a_drawing_for_a_page_carries_classes_and_no_style():
    for drawn in (svg(golden.chart(), "page"), wedge(90, 80, 0.05, label="x"), sparkline([1, 2], label="x")):
        assert "style=" not in drawn
        assert "#" not in drawn
        assert {part.split('"')[0] for part in drawn.split('class="c-')[1:]} <= {*paint.ROLES, "drawing"}
    assert all(f".c-{role}{{" in paint.stylesheet() for role in paint.ROLES)


def test_the_palette_has_the_contrast_it_promises():
    for colours in paint.PALETTE.values():
        for name in ("ink", "muted", "ok", "bad", "base"):
            assert contrast(colours[name], colours["card"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """Ratio of the relative luminances, WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["opened", "resolved", "slow_drift", "silence"])
def test_the_picture_is_small(name):
    picture = png(svg(golden.PAGES[name]().chart))
    assert picture.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(picture[16:20]) == 1640
    assert len(picture) <= 400_000


@settings(deadline=None)
@given(share, share, share)
def test_losses_and_what_remains_are_what_arrived(arriving, kept, usual):
    before, after = arriving * 100, arriving * kept * 100
    expected, beyond = losses(before, after, usual)
    assert expected >= 0 <= beyond
    assert expected + beyond + after == pytest.approx(before, abs=0.1)
    ET.fromstring(wedge(before, after, usual, label="x"))
