"""What is taken for normal: `GET /v1/sights`, `GET /v1/baselines?series=…`, and `POST /v1/baselines`, which decides it.

The body of a decision is JSON: `{"kind": "accept", "incident": "inc_…"}`, `{"kind": "learn", "series": "WORKFLOW/STEP"}` or
`{"kind": "pin", "name": "default", "span": [SINCE, UNTIL]}`, each with `who` and `why`; instants are epoch seconds. The
answer is `{"done": "a sentence"}`.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.monitor.judging.normal import Asked, NotDecided
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web.bodies import JSON, NotTaken, body_of, kind_of, refuse_elsewhere
from bellbuoy.monitor.web.door import ServerSettings

SIGHTS_PATH, BASELINES_PATH = "/v1/sights", "/v1/baselines"
MAX_BODY = 16 << 10
READ_WITHIN_S = 10.0
NOBODY = "nothing is judged here"


class Normal(Protocol):
    """Knows what is taken for normal; see `bellbuoy.monitor.judging.normal.Normal`."""

    def sights(self) -> Sequence[Any]:
        """Return what each detector can see on each series: values that become JSON objects."""

    def show(self, series: str | None = None) -> Sequence[Any]:
        """Return the baselines in force, likewise."""

    def decide(self, asked: Asked) -> str:
        """Write a decision; return in a sentence what becomes of it."""


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a decision."""

    kind: Literal["accept", "learn", "pin"]
    incident: str | None = None
    series: str | None = None
    since: int | None = None
    name: str | None = None
    span: tuple[int, int] | None = None
    who: str | None = None
    why: str | None = None


class NormalDoor:
    """The endpoints."""

    def __init__(self, normal: Normal | None, server: ServerSettings) -> None:
        self._normal = normal
        self._server = server

    async def sights(self, _: Request) -> Response:
        """Answer with a list, one object for each detector on each series in each direction."""
        if self._normal is None:
            return JSONResponse({"error": NOBODY}, 404)
        return Response(msgspec.json.encode(await run_in_threadpool(self._normal.sights)), media_type=JSON)

    async def show(self, request: Request) -> Response:
        """Answer with a list, one object for each baseline of each series."""
        if self._normal is None:
            return JSONResponse({"error": NOBODY}, 404)
        try:
            found = await run_in_threadpool(self._normal.show, request.query_params.get("series"))
        except NotDecided as error:
            return JSONResponse({"error": str(error)}, 404)
        return Response(msgspec.json.encode(found), media_type=JSON)

    async def decide(self, request: Request) -> Response:
        """Write a decision."""
        if self._normal is None:
            return JSONResponse({"error": NOBODY}, 404)
        try:
            refuse_elsewhere(self._server, request.headers)
            kind_of(request.headers, (JSON,))
            raw = await body_of(request, MAX_BODY, READ_WITHIN_S, lambda _: None)
            body = msgspec.json.decode(raw, type=Decision)
            done = await run_in_threadpool(self._normal.decide, Asked(**msgspec.structs.asdict(body)))
        except NotTaken as refusal:
            return refusal.response()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return JSONResponse({"error": f"{error}; send kind with incident, series or name and span"}, 400)
        except NotDecided as error:
            return JSONResponse({"error": str(error)}, 422)
        except StoreExhausted as error:
            return NotTaken(503, f"nothing can be written at present: {error}", 5).response()
        return JSONResponse({"done": done})
