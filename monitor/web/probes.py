"""What machines ask: `/livez`, `/readyz`, `/startupz`, `/metrics`."""

from collections.abc import Sequence
from typing import Literal

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bellbuoy.monitor.web.door import Check, Door
from bellbuoy.monitor.web.guard import bears_token, has_session
from bellbuoy.monitor.web.wording import text


def probe(door: Door, request: Request, kind: Literal["live", "ready", "started"]) -> Response:
    """Answer 200 when all checks are good, else 503; `?verbose` lists them for those who may read."""
    checks: Sequence[Check] = getattr(door.health(), kind)
    good = all(check.good for check in checks)
    lines = ["ok" if good else "failed"]
    may_read = door.server.token is None or bears_token(door, request.headers) or has_session(door, request.headers)
    if "verbose" in request.query_params and may_read:
        lines = [f"[{'+' if check.good else '-'}] {check.name}: {text(check.why) or 'ok'}" for check in checks] + lines
    return PlainTextResponse("\n".join(lines) + "\n", 200 if good else 503)


def metrics(door: Door, request: Request) -> Response:
    """Answer with the metrics in the text format that the reader asks for."""
    encoder, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encoder(door.registry), headers={"content-type": kind})
