"""Slack's incoming webhook, the poor cousin of a token: a new message per change and nothing else."""

import json

from bellbuoy.sinks.base import Page, Receipt, Secret, Sent
from bellbuoy.sinks.outgoing import Failed, post, refuse
from bellbuoy.sinks.render import message


def by_webhook(url: Secret, page: Page, mention: str) -> Receipt:
    """Post the page to an incoming webhook: a new message per change, without chart."""
    if page.version <= int((page.handle or {}).get("version", "0")):
        return Sent(dict(page.handle or {}))
    opened = page.change == "opened" and page.about != "audit"
    call_for = mention if opened or any(item.raised for item in page.news) else ""
    said = message(page, mention=call_for)
    body = json.dumps({name: said[name] for name in ("text", "blocks") if name in said}).encode()
    try:
        refuse(post(url.reveal(), body, {"Content-Type": "application/json; charset=utf-8"}))
    except Failed as failed:
        return failed.receipt()
    return Sent({"version": str(page.version)})
