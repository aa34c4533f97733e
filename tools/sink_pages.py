"""docs/sinks.md: the settings of every sink, read off the fields and docstrings of its class."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from bellbuoy.config.fitting import holds_secret, wanted
from bellbuoy.config.plugins import find
from bellbuoy.config.quantities import write_duration

HEAD = """\
# Sinks

A sink shows an incident somewhere. It has a name of your own under `sinks:`, a kind, and the settings of that kind;
`routes:` names the sinks that are told. A secret is written `{ env: NAME }` or `{ file: PATH }`, never as a value. A class
of your own is a kind as `module:Class`: see [your-own-sink.md](your-own-sink.md).

`bellbuoy check` refuses a setting that is not listed here, and says what a kind still needs.

What people see of an incident differs by kind:

"""
CAN = {
    "edits": "one message, edited",
    "threads": "changes in its thread",
    "images": "the chart",
    "resolves": "its end",
}
KINDS = {
    "slack": """\
It needs `channel` and `bot_token`, or a `webhook_url`. A stand-in for Slack is reached by `api_url`: everything that would
go to Slack goes there instead. [slack.md](slack.md) has the app's manifest and says what its buttons do.

```yaml
sinks:
  reliability:
    slack: { channel: "#agent-reliability", bot_token: { env: SLACK_BOT_TOKEN }, mention: { page: "<!here>" } }
  answered:
    slack: { channel: C0456, bot_token: { env: SLACK_BOT_TOKEN }, app_token: { env: SLACK_APP_TOKEN }, actors: [U02ABCDEF] }
  rehearsal:
    slack: { channel: C0123, bot_token: { env: SLACK_BOT_TOKEN }, api_url: "http://127.0.0.1:8888/api/" }
```
""",
    "webhook": """\
It needs `url`.

```yaml
sinks:
  tickets:
    webhook: { url: "https://tickets.example.com/bellbuoy", secret: { file: /run/secrets/webhook_secret } }
```

`type` is `io.bellbuoy.incident.` and `opened` (also where it comes back), `updated`, `acknowledged` or `resolved`, of a report `io.bellbuoy.audit`; `subject` is the
incident, `data` the page with the chart's numbers. A receiver checks `webhook-signature` over `webhook-id`, `webhook-timestamp` and
the bytes of the body with any library for Standard Webhooks, passes over an `id` that it knows, and answers 2xx within ten
seconds. 408, 425, 429 and 5xx are tried again; any other answer is refused.

| beside Slack, what is lost | |
|---|---|
| edits, thread | every change is an event; what a person sees of it is the receiver's matter |
| single changes | several that waited are one event, the newest, with all of them in `news`; one whose answer was lost comes again under its `id` |
| the way back | nothing that the receiver does is known to Bellbuoy |
""",
    "pagerduty": """\
It needs `routing_key`. In PagerDuty: open the service (or the event orchestration) that is to be called, add an integration
of the kind *Events API V2*, and put its integration key where the secret is read.

```yaml
sinks:
  pager:
    pagerduty: { routing_key: { file: /run/secrets/pagerduty_key } }
```

The incident's id is the `dedup_key`. `page` becomes critical, `ticket` warning, `watch` info. A change that opens, raises or
adds something triggers; `acknowledged` acknowledges; `resolved` resolves; one that comes back triggers anew.

| beside Slack, what is lost | |
|---|---|
| edits | PagerDuty adds later triggers of one key to the log of its alert, and decides itself what it shows of them |
| thread | an acknowledgement and an end are told without their reasons |
| chart | pictures must lie at a public https address, and ours do not; the links lead to them |
| a second call | a risen severity calls nobody who has acknowledged the incident in PagerDuty |
| late calls | what was acknowledged here, or was over, before PagerDuty could be reached calls nobody |
| the way back | an acknowledgement in PagerDuty is not known to Bellbuoy |
""",
    "alertmanager": """\
It needs `url`. Route by the labels in Alertmanager's own configuration, and group by `workflow` or by `incident`.

```yaml
sinks:
  am:
    alertmanager: { url: "http://alertmanager:9093" }
  cluster:
    alertmanager: { url: ["http://am-0:9093", "http://am-1:9093"], labels: { team: agents } }
```

```yaml
# alertmanager.yml
route:
  receiver: everyone
  routes:
    - { matchers: ['alertname="BellbuoyIncident"', 'severity="page"'], receiver: on-call, group_by: [incident] }
```

The members of a cluster do not tell each other of alerts: list them all. One that takes the alert suffices; one that was down
is told with the next repeat, and an end that it missed comes by itself. That a member is down is told by who watches
Alertmanager, not here.

| beside Slack, what is lost | |
|---|---|
| edits | a change is new annotations of the alert (`summary`, `headline`, `description`, `facts`, `state`, `runbook_url`); Alertmanager tells them with its next notification |
| thread | single changes are not told, only how things stand |
| chart | an alert holds no picture |
| acknowledging | Alertmanager knows none: silence the label `incident` there; `state` is an annotation |
| one alert for an incident | a risen severity is a label: the alert ends and another begins |
| being down | when Bellbuoy is stopped for longer than fifteen minutes its alerts resolve, though nothing is well again |
""",
    "console": """\
It needs nothing.

```yaml
sinks:
  out:
    console: {}
  kept:
    console: { path: pages.jsonl }
```
""",
    "apprise": """\
It needs the library, `pip install 'bellbuoy[apprise]'`, and `urls`. [Apprise](https://github.com/caronc/apprise) reaches mail,
Microsoft Teams, Discord, Telegram and about a hundred more; its documentation says how the address of each is written. An
address holds keys, so each is read from where a secret is.

```yaml
sinks:
  rest:
    apprise: { urls: [{ env: APPRISE_URL }] }
```

| beside Slack, what is lost | |
|---|---|
| edits, thread | every change is a message of its own |
| chart | only where the service takes pictures |
| a reason | Apprise does not say why a service took no message: a wrong address is tried without end, and shows in `bellbuoy_outbox_oldest_age_seconds` |
| our own sending | time limits and proxies are Apprise's; one whose answer was lost is sent again |
| calls | `@`, `<` and `>` are written in other signs, so that no text of a log calls people |
""",
}
TABLE = "| setting | type | default | meaning |\n|---|---|---|---|\n"


def sinks() -> str:
    """Return docs/sinks.md."""
    return HEAD + _abilities() + "".join(_section(kind, text) for kind, text in KINDS.items())


def _abilities() -> str:
    """Return a table of what the classes declare."""
    lines = ["| kind | " + " | ".join(CAN.values()) + " |", "|---" * (1 + len(CAN)) + "|"]
    for kind in KINDS:
        cls = find("sink", kind)
        lines.append(f"| `{kind}` | " + " | ".join("yes" if getattr(cls, name) else "no" for name in CAN) + " |")
    return "\n".join(lines) + "\n"


def _section(kind: str, text: str) -> str:
    cls = find("sink", kind)
    told = inspect.cleandoc(cls.__doc__ or "").split("\nAttributes:", 1)[0].strip()
    return f"\n## `{kind}`\n\n{told}\n\n{text}\n{TABLE}" + "".join(_rows(cls, ""))


def _rows(cls: type[Any], within: str) -> Iterator[str]:
    hints, meanings = get_type_hints(cls), _meanings(cls)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        cells = (f"`{within}{field.name}`", _type(hint), _default(default), meanings[field.name])
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            yield from _rows(hint, f"{within}{field.name}.")


def _type(hint: Any) -> str:
    if holds_secret(hint):
        return "`{ env: NAME }` or `{ file: PATH }`"
    inner = [one for one in get_args(hint) if one is not Ellipsis]
    form = wanted(hint)
    if form in {"a list", "a mapping"} and inner:
        return f"{form} of texts" if set(inner) == {str} else form
    return "a duration, or seconds" if hint is float else form


def _default(value: Any) -> str:
    if value is None or value is dataclasses.MISSING or value in ("", (), {}) or dataclasses.is_dataclass(value):
        return ""
    return f"`{write_duration(value) if isinstance(value, float) else value}`"


def _meanings(cls: type[Any]) -> dict[str, str]:
    """Return what stands under `Attributes:` of a docstring, by name."""
    _, _, body = inspect.cleandoc(cls.__doc__ or "").partition("\nAttributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", body, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}
