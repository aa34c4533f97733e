"""A sink for Slack: its token, the scopes that it uses, its channel, its buttons, the clocks."""

from collections.abc import Iterator, Mapping

from bellbuoy.config.server import Server
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.doctor.finding import Finding, Findings, fail, ok, warn
from bellbuoy.sinks.outgoing import Failed, unreached
from bellbuoy.sinks.slack import Slack
from bellbuoy.sinks.slack_signed import WINDOW_S
from bellbuoy.sinks.slack_standing import Slacks, Standing, opens

CLOCK_S = 30.0
"""Seconds that our clock may be off without a word."""
FREE = {"channels:history": "a message whose fate is not known is sent again, and may be there twice"}
"""Scopes that nothing wants, and what they would bring."""
ADD = "add it to the app and install the app again"


def used(sink: Slack) -> Mapping[str, str]:
    """Return the scopes that a sink uses with its settings, each with what is lost without it."""
    scopes = {"chat:write": "nothing is sent"}
    if sink.chart == "image":
        scopes |= dict.fromkeys(("files:write", "files:read"), "messages have no chart")
    if any(actor.startswith("S") for actor in sink.actors):
        scopes["usergroups:read"] = "nobody of the groups in `actors` may press a button"
    return scopes


def slack(sink: Slack, server: Server, clock: Clock) -> Findings:
    """Yield how an app with a bot token stands."""
    assert sink.bot_token is not None
    asked = Slacks(sink.bot_token, sink.api_url)
    try:
        standing = asked.standing()
    except Failed as failed:
        yield fail(failed.why or failed.reason, "" if failed.why else "see to the token and the network")
        return
    yield _token(standing)
    yield from _scopes(sink, standing)
    yield _channel(sink, asked, standing)
    yield from _buttons(sink, server)
    yield from _clocks(sink, standing, clock.now())


def _token(standing: Standing) -> Finding:
    said = f"the token is that of {standing.name} in {standing.team}"
    return ok(said) if standing.bot else warn(f"{said}, and not of a bot", "give the bot token, xoxb-…")


def _scopes(sink: Slack, standing: Standing) -> Findings:
    wanted = used(sink)
    if standing.scopes is None:
        yield warn("Slack does not say which scopes are granted", f"see that these are: {', '.join(wanted)}")
        return
    missing = {scope: lost for scope, lost in wanted.items() if scope not in standing.scopes}
    for scope, lost in missing.items():
        found = f"the scope {scope} is missing: {lost}"
        yield fail(found, ADD) if scope == "chat:write" else warn(found, ADD)
    if not missing:
        without = [f"; without {scope} {lost}" for scope, lost in FREE.items() if scope not in standing.scopes]
        yield ok(f"all scopes that are used are granted: {', '.join(wanted)}{''.join(without)}")


def _channel(sink: Slack, asked: Slacks, standing: Standing) -> Finding:
    try:
        seen = asked.channel(sink.channel, standing.scopes)
    except Failed as failed:
        return fail(f"{sink.channel}: {failed.why or failed.reason}", "")
    if seen:
        return ok(f"{sink.channel} is there, and the bot may write to it")
    if sink.channel.startswith(("C", "G")):
        why, way = "its scopes do not show it", "with channels:read (of a private one groups:read) they do"
    else:
        why, way = "it is given by its name", "give its id, C…"
    return warn(f"whether {sink.channel} is there for the bot is not known: {why}", f"{way}; --send-test tries it")


def _buttons(sink: Slack, server: Server) -> Findings:
    if not sink.pressable:
        yield ok("no buttons: neither app_token nor signing_secret is set")
    if sink.app_token is not None:
        try:
            opens(sink.app_token, sink.api_url)
        except Failed as failed:
            remedy = "give the app-level token, xapp-…, with connections:write, and switch Socket Mode on in the app"
            why = failed.why.partition(":")[0] or failed.reason  # its way out speaks of the bot's token
            yield fail(f"buttons are not heard, for the app token: {why}", remedy)
        else:
            yield ok("buttons are heard: the app token opens Socket Mode")
    if sink.signing_secret is not None:
        yield _requests(server)


def _requests(server: Server) -> Finding:
    public = str(server.public_url or "")
    if public.startswith("https://"):
        return ok(f"Slack sends what is pressed to {public.rstrip('/')}/slack/interactions, if its app says so")
    return fail(
        "buttons are not heard: Slack sends what is pressed to https addresses alone",
        "set server.public_url to one that leads here, or use app_token",
    )


def _clocks(sink: Slack, standing: Standing, now: float) -> Iterator[Finding]:
    if standing.at is None:
        return
    off = now - standing.at
    said = f"our clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} Slack's"
    if abs(off) <= CLOCK_S:
        yield ok(said)
    elif abs(off) > WINDOW_S and sink.signing_secret is not None:
        yield fail(f"{said}: every press is refused as too old", "set the clock; let it be kept by NTP")
    else:
        yield warn(said, "set the clock; let it be kept by NTP")


def webhook(sink: Slack) -> Findings:
    """Yield whether the host of an incoming webhook is reached, and the whole list of what is lost with one."""
    assert sink.webhook_url is not None
    wrong = unreached(sink.webhook_url.reveal())
    if wrong is not None:
        yield fail(wrong, "see to webhook_url and the network")
    yield warn(
        "a webhook_url in place of bot_token: a new message per change, no edit, no thread, no upload, no buttons",
        "give bot_token and channel to have them",
    )
