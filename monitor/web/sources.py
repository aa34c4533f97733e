"""`/v1/sources` and what people decide about them: `POST /v1/source/skip`, `POST /v1/source/resume`.

Bodies are JSON: `{"stream": "kafka:TOPIC:P", "to": "begin"|"end"|"N", "why": "…"}` and `{"source": "kafka"}`; the answer
is `{"done": "a sentence"}`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.monitor.ingest.deciding import StreamRow
from bellbuoy.monitor.sources.skipping import SkipRefused
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web.bodies import JSON, READ_WITHIN_S, NotTaken, body_of, kind_of, refuse_elsewhere
from bellbuoy.monitor.web.door import ServerSettings

LIST_PATH, SKIP_PATH, RESUME_PATH = "/v1/sources", "/v1/source/skip", "/v1/source/resume"
MAX_BODY = 16 << 10


class Decides(Protocol):
    """Takes decisions; see `bellbuoy.monitor.ingest.deciding.Deciding`."""

    def streams(self) -> Sequence[StreamRow]:
        """Return the streams."""

    def skip(self, stream: str, to: str, why: str) -> str:
        """Let a stream go on elsewhere; return what became of it."""

    def resume(self, source: str) -> str:
        """Let a source be read again; return what became of it."""


class Skipping(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a skip."""

    stream: str
    to: str
    why: str = ""


class Resuming(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a resume."""

    source: str


_Body = TypeVar("_Body", Skipping, Resuming)


class Sources:
    """The endpoints."""

    def __init__(self, decides: Decides | None, server: ServerSettings) -> None:
        self._decides = decides
        self._server = server

    async def listed(self, _: Request) -> Response:
        """Answer with the streams, each with its position and state."""
        if self._decides is None:
            return JSONResponse({"error": "no source is read here"}, 404)
        rows = await run_in_threadpool(self._decides.streams)
        return Response(msgspec.json.encode({"streams": rows}), media_type=JSON)

    async def skip(self, request: Request) -> Response:
        """Let a stream go on elsewhere."""
        return await self._decided(request, Skipping, lambda on, body: on.skip(body.stream, body.to, body.why))

    async def resume(self, request: Request) -> Response:
        """Let a source be read again."""
        return await self._decided(request, Resuming, lambda on, body: on.resume(body.source))

    async def _decided(self, request: Request, kind: type[_Body], act: Callable[[Decides, _Body], str]) -> Response:
        if self._decides is None:
            return JSONResponse({"error": "no source is read here"}, 404)
        try:
            refuse_elsewhere(self._server, request.headers)
            kind_of(request.headers, (JSON,))
            raw = await body_of(request, MAX_BODY, READ_WITHIN_S)
            body = msgspec.json.decode(raw, type=kind)
            done = await run_in_threadpool(act, self._decides, body)
        except NotTaken as refusal:
            return refusal.response()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            keys = ", ".join(field.name for field in msgspec.structs.fields(kind))
            return JSONResponse({"error": f"{error}; send the keys {keys}"}, 400)
        except SkipRefused as error:
            return JSONResponse({"error": str(error)}, 400)
        except StoreExhausted as error:
            return NotTaken(503, f"nothing can be written at present: {error}", 5).response()
        return JSONResponse({"done": done})
