"""`POST /slack/interactions`: what is pressed in Slack, sent and signed by Slack. The signature stands in for a token."""

import json
from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.presses import Presses
from bellbuoy.monitor.web.bodies import NotTaken, body_of
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.slack_buttons import Take
from bellbuoy.sinks.slack_signed import FAULTS, Fault, Signatures

INTERACTIONS_PATH = "/slack/interactions"
MAX_BODY = 256_000
READ_WITHIN_S = 3.0
TOLD: dict[Fault, tuple[int, str]] = {
    "forged": (401, "the signature is not that of the Slack app; check `signing_secret`"),
    "stale": (401, "the request is more than five minutes old, or the clock of this machine is wrong"),
    "replayed": (401, "the request was here before"),
    "flood": (503, "too many requests in five minutes"),
}


class Interactions:
    """The endpoint; one event loop calls it."""

    def __init__(self, take: Take, secrets: Sequence[Secret], clock: Clock, metrics: Metrics) -> None:
        self._take = take
        self._signatures = Signatures(secrets)
        self._clock = clock
        self._metrics = metrics
        for fault in FAULTS:
            metrics.slack_requests_refused.labels(fault)

    async def post(self, request: Request) -> Response:
        """Check and take an interaction; it is done after the answer, for Slack waits three seconds."""
        try:
            body = await body_of(request, MAX_BODY, READ_WITHIN_S)
        except NotTaken as refusal:
            return refusal.response()
        stamp, given = (request.headers.get(f"x-slack-{name}", "") for name in ("request-timestamp", "signature"))
        fault = self._signatures.fault(stamp, given, body, self._clock.now())
        if fault is not None:
            self._metrics.slack_requests_refused.labels(fault).inc()
            status, told = TOLD[fault]
            return JSONResponse({"error": told}, status)
        try:
            payload = json.loads(parse_qs(body.decode(), strict_parsing=True)["payload"][0])
        except (ValueError, KeyError, RecursionError):
            return JSONResponse({"error": "send a form with a `payload` of JSON"}, 400)
        if isinstance(payload, dict) and not self._take(payload):
            return NotTaken(503, "too many presses wait", 1).response()
        return Response()


def interactions(presses: Presses, clock: Clock, metrics: Metrics) -> Interactions | None:
    """Return the endpoint of the apps that send requests; None where there are none."""
    secrets = [sink.signing_secret for sink in presses.sinks.values() if sink.signing_secret is not None]
    return Interactions(presses.take, secrets, clock, metrics) if secrets else None
