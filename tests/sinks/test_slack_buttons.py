"""The buttons: which ones stand where, and what a press of one says."""

import copy
from dataclasses import replace

import golden_pages as golden
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.lint import lint
from bellbuoy.sinks.outgoing import Failed
from bellbuoy.sinks.render import blocks
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.slack_buttons import press_of

DANA = "U02DANA"


def actions(page, *, pressable=True):
    """Return the ids of the buttons of a page."""
    found = [block for block in blocks(page, pressable=pressable) if block["type"] == "actions"]
    return [element["action_id"] for block in found for element in block["elements"]]


def test_who_may_decide_what_follows_from_the_state():
    links = ["link:0", "link:1", "link:2"]
    assert actions(golden.opened()) == ["ack", "silence", "expected", *links]
    assert actions(golden.acknowledged()) == ["silence", "expected", *links]
    assert actions(golden.own_trouble()) == ["ack", "silence", "link:0", "link:1"]
    assert actions(golden.resolved()) == []
    assert actions(golden.opened(), pressable=False) == links


def test_a_hostile_page_keeps_its_buttons_within_the_limits():
    page = golden.hostile()
    assert lint(blocks(page, pressable=True)) == []
    assert actions(page)[:3] == ["ack", "silence", "expected"]


def payload(page=None, action="ack", choice=None):
    page = page or golden.opened()
    block = next(block for block in blocks(page, pressable=True) if block["type"] == "actions")
    told = {"action_id": action, "block_id": block["block_id"], "action_ts": "1.2"}
    if choice is not None:
        told["selected_option"] = {"value": choice}
    return {
        "type": "block_actions",
        "user": {"id": DANA, "username": "dana"},
        "channel": {"id": "C0AGENTS"},
        "actions": [told],
    }


def test_a_press_says_who_pressed_what_of_which_state():
    press = press_of(payload(golden.raised(), "silence", "8h"))
    assert (press.action, press.choice, press.incident, press.version) == ("silence", "8h", golden.KEY, 2)
    assert (press.who, press.channel) == ("slack:U02DANA/dana", "C0AGENTS")
    again = press_of(payload(golden.raised(), "silence", "8h"))
    assert again.id == press.id
    assert press_of(payload(golden.raised(), "ack")).id != press.id


def test_an_incident_with_colons_in_its_id_is_found():
    assert press_of(payload(replace(golden.opened(), key="a:b:7"))).incident == "a:b:7"


CHANGES = {
    "a link": lambda told: told["actions"][0].update(action_id="link:0"),
    "another block": lambda told: told["actions"][0].update(block_id="x"),
    "no number": lambda told: told["actions"][0].update(block_id="act:inc:"),
    "another kind": lambda told: told.update(type="view_submission"),
    "no actions": lambda told: told.update(actions=[]),
    "no list": lambda told: told.update(actions={"0": 1}),
    "a silence without a choice": lambda told: told["actions"][0].update(action_id="silence"),
    "a choice that is none": lambda told: told["actions"][0].update(
        action_id="silence", selected_option={"value": "9000d"}
    ),
    "a choice at a button": lambda told: told["actions"][0].update(selected_option={"value": "1h"}),
    "nobody": lambda told: told.update(user={}),
    "a user that is none": lambda told: told.update(user={"id": "U1 or 1=1"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_decides_nothing_is_no_press(change):
    told = copy.deepcopy(payload())
    CHANGES[change](told)
    assert press_of(told) is None


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "user", "action_id", "block_id", "value"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(["type", "user", "channel", "container", "actions"]), values, values)
def test_a_payload_of_any_shape_is_read_without_harm(key, value, first):
    press_of({**payload(), key: value})
    press_of({**payload(), "actions": [first]})


def test_a_name_from_slack_is_one_short_line():
    told = payload()
    told["user"]["username"] = "d\u202ea\nna" + "x" * 100
    who = press_of(told).who
    assert who.startswith("slack:U02DANA/da na")
    assert len(who) <= 75


def slack(server=None, **settings):
    return Slack(
        channel="C0AGENTS",
        bot_token=Secret("xoxb-fake"),
        app_token=Secret("xapp"),
        api_url=server.api_url if server else "http://127.0.0.1:1/",
        **settings,
    )


def test_anyone_may_press_unless_somebody_is_named():
    assert slack().forbids(DANA) is None
    assert slack(actors=(DANA,)).forbids(DANA) is None
    assert "actors" in slack(actors=("U03KIM",)).forbids(DANA)


def test_who_is_in_a_group_that_is_named_may_press(fake_slack_app):
    fake_slack_app.groups["S0ONCALL"] = [DANA]
    fake_slack_app.scopes.add("usergroups:read")
    sink = slack(fake_slack_app, actors=("U03KIM", "S0ONCALL"))
    assert sink.forbids(DANA) is None
    assert "actors" in sink.forbids("U04EVE")


def test_where_slack_does_not_tell_who_is_in_a_group_nobody_is_let_in(fake_slack_app):
    fake_slack_app.groups["S0ONCALL"] = [DANA]
    with pytest.raises(Failed, match="usergroups:read"):
        slack(fake_slack_app, actors=("S0ONCALL",)).forbids(DANA)


@pytest.mark.parametrize("actor", ["dana", "@dana", "<@U02DANA>", "u02dana", ""])
def test_an_actor_is_an_id(actor):
    with pytest.raises(ValueError, match="ids"):
        slack(actors=(actor,))


@pytest.mark.parametrize("key", ["app_token", "signing_secret"])
def test_buttons_under_a_message_that_cannot_be_edited_are_refused(key):
    with pytest.raises(ValueError, match="bot_token"):
        Slack(webhook_url=Secret("https://hooks.slack.com/x"), **{key: Secret("x")})


def test_what_is_told_to_one_person_is_text(fake_slack_app):
    slack(fake_slack_app).answer(press_of(payload()), "a <!channel> & more")
    assert fake_slack_app.whispers == [(DANA, "C0AGENTS", "a &lt;!channel&gt; &amp; more")]
