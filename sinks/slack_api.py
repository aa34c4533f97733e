"""Slack's Web API through its own SDK: one request a call, and every failure as a reason from the closed list."""

import http.client
import logging
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bellbuoy.sinks.base import Reason, Secret
from bellbuoy.sinks.outgoing import TIMEOUT_S, Answer, Failed, proxy_named, refuse, retry_after

_AUTH = [
    "invalid_auth",
    "not_authed",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "missing_scope",
    "no_permission",
    "ekm_access_denied",
    "org_login_required",
    "access_denied",
    "not_allowed_token_type",
    "team_access_not_granted",
]
_NOT_FOUND = [
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "message_not_found",
    "thread_not_found",
    "user_not_found",
]
_PASSING = ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"]
_BLOCKED = [
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "posting_to_general_channel_denied",
    "cant_update_message",
    "edit_window_closed",
    "is_inactive",
    "as_user_not_supported",
]
_TOO_LARGE = ["msg_too_long", "msg_blocks_too_long", "metadata_too_large"]
REASONS: dict[str, Reason] = {
    **dict.fromkeys(_AUTH, "auth"),
    **dict.fromkeys(_NOT_FOUND, "not_found"),
    **dict.fromkeys(_PASSING, "server_error"),
    **dict.fromkeys(_BLOCKED, "blocked"),
    **dict.fromkeys(_TOO_LARGE, "too_large"),
    **dict.fromkeys(["ratelimited", "rate_limited", "message_limit_exceeded"], "rate_limited"),
}
"""Slack's error codes by reason; any other code means that the page itself was not understood."""

_WAYS_OUT: dict[str, str] = {
    "channel_not_found": "invite the bot to the channel, or give the channel's id",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "give another channel",
    "missing_scope": "add the scope to the app and install it again",
    "invalid_auth": "check the bot token and `api_url`",
    "token_revoked": "install the app again and give its new bot token",
    "token_expired": "give a bot token that does not expire",
    "account_inactive": "install the app again and give its new bot token",
}


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry the token to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _Client(WebClient):
    """The SDK's client, but one that follows no redirects."""

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        if not url.lower().startswith(("http://", "https://")):
            raise URLError("no http(s) address")
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else {}
        opener = urllib.request.build_opener(_NoRedirects, ProxyHandler(proxies), HTTPSHandler(context=self.ssl))
        try:
            response = opener.open(req, timeout=self.timeout)
        except HTTPError as refused:
            response = refused
        with response:
            text = response.read().decode("utf-8", "replace")
            return {"status": response.code, "headers": response.headers, "body": text}


def silent() -> logging.Logger:
    """Return a logger that says nothing: the SDK logs failures, and a sink does not."""
    logger = logging.Logger("bellbuoy.sinks.slack", logging.CRITICAL)  # noqa: LOG001 - kept out of the tree of loggers
    logger.disabled = True
    return logger


def client(token: Secret, api_url: str, timeout_s: float | None = None) -> WebClient:
    """Return a client that sends each request once, and waits so long for an answer, `TIMEOUT_S` unless said."""
    base = api_url if api_url.endswith("/") else api_url + "/"
    made = _Client(
        token=token.reveal(),
        base_url=base,
        timeout=TIMEOUT_S if timeout_s is None else timeout_s,  # type: ignore[arg-type] # the SDK hands it to urllib, which takes fractions
        retry_handlers=[],
        logger=silent(),
    )
    made.proxy = proxy_named(base)  # the SDK's own choice knows no NO_PROXY
    return made


def call(method: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Call a method of the client and return the data of its answer.

    Raises:
        Failed: the request was not taken, or nobody knows whether it was.
    """
    try:
        answer = method(**arguments)
    except SlackApiError as error:
        raise failure(error.response) from None
    except URLError as error:
        raise Failed(_reason_before(error), "Slack cannot be reached", code="connection") from None
    except (OSError, http.client.HTTPException):
        raise Failed("no_answer", "the connection to Slack was lost before an answer", code="connection") from None
    except (SlackClientError, ValueError):
        raise Failed("no_answer", "Slack's answer cannot be read", code="answer") from None
    return dict(answer.data) if isinstance(answer.data, dict) else {}


def _reason_before(error: URLError) -> Reason:
    """Return `unreachable` where nothing left; a send cut short or timed out may have arrived."""
    cut_short = isinstance(error.reason, TimeoutError | ConnectionResetError | BrokenPipeError)
    return "no_answer" if cut_short else "unreachable"


def failure(response: Any) -> Failed:
    """Return what an answer that is not `ok` means."""
    headers = {str(name): str(value) for name, value in dict(response.headers or {}).items()}
    if not 200 <= response.status_code < 300:
        try:
            refuse(Answer(response.status_code, headers, b""))
        except Failed as failed:
            return failed
    data = response.data if isinstance(response.data, dict) else {}
    code = str(data.get("error", ""))
    if not code or " " in code:  # the SDK's own sentence about an answer that is no JSON
        return Failed("no_answer", "Slack's answer cannot be read", code="answer")
    reason = REASONS.get(code, "invalid_page")
    way = _WAYS_OUT.get(code, "see this error code in the documentation of Slack's API")
    detail = f" ({data['needed']})" if code == "missing_scope" and data.get("needed") else ""
    return Failed(reason, f"Slack answered {code[:60]}{str(detail)[:80]}: {way}", retry_after(headers), code[:60])
