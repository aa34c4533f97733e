"""What people do with incidents: `/v1/incidents` and `/v1/silences`.

- `GET /v1/incidents?state=…&since=…` and `GET /v1/incidents/{id}`: a list of `stories.Line`, and one `stories.Story`.
- `GET /v1/incidents/{id}/samples`: `stories.Behind`.
- `POST /v1/incidents/{id}/ack` with `{"who": "…", "why": "…"}`, answered with `{"done": "a sentence"}`.
- `GET /v1/silences`: a list of `silences.Silence`. `POST /v1/silences` with `{"selector": "…", "for": "2h", "who": "…",
  "why": "…"}`, answered with `{"id": "…", "done": "…"}`. `DELETE /v1/silences/{id}?who=…` ends one.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.config.quantities import parse_duration
from bellbuoy.monitor.silences import NotSilenced
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.stories import NotTold
from bellbuoy.monitor.web.bodies import JSON, READ_WITHIN_S, NotTaken, body_of, kind_of, refuse_elsewhere
from bellbuoy.monitor.web.door import ServerSettings

INCIDENTS_PATH, SILENCES_PATH = "/v1/incidents", "/v1/silences"
INCIDENT_PATH, SAMPLES_PATH, ACK_PATH, SILENCE_PATH = (
    INCIDENTS_PATH + "/{key}",
    INCIDENTS_PATH + "/{key}/samples",
    INCIDENTS_PATH + "/{key}/ack",
    SILENCES_PATH + "/{key}",
)
MAX_BODY = 16 << 10
STATES = ("open", "acknowledged", "resolved")


class Stories(Protocol):
    """Knows the incidents; see `bellbuoy.monitor.stories.Stories`."""

    def listed(self, since: float | None = None) -> Sequence[Any]:
        """Return incidents."""

    def story(self, key: str) -> Any:
        """Return one in full."""

    def behind(self, key: str) -> Any:
        """Return the interactions behind one."""

    def acknowledge(self, key: str, who: str, why: str | None = None) -> str:
        """Write that somebody takes it."""


class Silences(Protocol):
    """Keeps the silences; see `bellbuoy.monitor.silences.Silences`."""

    def listed(self) -> Sequence[Any]:
        """Return them."""

    def quiet(self) -> Sequence[Any]:
        """Return the quiet hours."""

    def put_on(self, selector: str, seconds: float, who: str, why: str) -> tuple[str, str]:
        """Put one on."""

    def end(self, key: str, who: str) -> str:
        """End one."""


class Acknowledgement(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an acknowledgement."""

    who: str
    why: str | None = None


class Wanted(msgspec.Struct, forbid_unknown_fields=True, rename={"lasts": "for"}):
    """The body of a silence."""

    selector: str
    lasts: str
    who: str
    why: str


_Body = TypeVar("_Body", Acknowledgement, Wanted)


class PeopleDoor:
    """The endpoints."""

    def __init__(self, stories: Stories | None, silences: Silences | None, server: ServerSettings) -> None:
        self._stories = stories
        self._silences = silences
        self._server = server

    async def incidents(self, request: Request) -> Response:
        """Answer with a list of incidents, those that are over only where they were not before `since`."""
        asked = request.query_params
        since, state = asked.get("since"), asked.get("state")
        if state is not None and state not in STATES:
            return JSONResponse({"error": f"state is one of {', '.join(STATES)}"}, 400)
        if since is not None and not (since.isascii() and since.isdigit() and len(since) < 12):
            return JSONResponse({"error": "since is a time in epoch seconds"}, 400)
        if self._stories is None:
            return _nobody()
        rows = await run_in_threadpool(self._stories.listed, None if since is None else float(since))
        return _json([row for row in rows if state is None or row.state == state])

    async def incident(self, request: Request) -> Response:
        """Answer with one incident in full."""
        return await self._told(request, None if self._stories is None else self._stories.story)

    async def samples(self, request: Request) -> Response:
        """Answer with the interactions behind one incident."""
        return await self._told(request, None if self._stories is None else self._stories.behind)

    async def _told(self, request: Request, tell: Callable[[str], Any] | None) -> Response:
        if tell is None:
            return _nobody()
        try:
            return _json(await run_in_threadpool(tell, request.path_params["key"]))
        except NotTold as error:
            return JSONResponse({"error": str(error)}, 404)

    async def acknowledge(self, request: Request) -> Response:
        """Take an incident."""
        stories, key = self._stories, request.path_params["key"]
        if stories is None:
            return _nobody()

        def act(body: Acknowledgement) -> dict[str, str]:
            return {"done": stories.acknowledge(key, body.who, body.why)}

        return await self._decided(request, Acknowledgement, act)

    async def silences(self, _: Request) -> Response:
        """Answer with the silences."""
        if self._silences is None:
            return _nobody()
        return _json(await run_in_threadpool(self._silences.listed))

    async def silence(self, request: Request) -> Response:
        """Put a silence on."""
        silences = self._silences
        if silences is None:
            return _nobody()

        def act(body: Wanted) -> dict[str, str]:
            try:
                seconds = parse_duration(body.lasts)
            except PydanticCustomError:
                raise NotSilenced(f"{body.lasts!r} is not a duration; write 30m, 2h or 7d") from None
            key, done = silences.put_on(body.selector, seconds, body.who, body.why)
            return {"id": key, "done": done}

        return await self._decided(request, Wanted, act)

    async def end(self, request: Request) -> Response:
        """End a silence."""
        silences, key, who = self._silences, request.path_params["key"], request.query_params.get("who", "")
        if silences is None:
            return _nobody()
        try:
            refuse_elsewhere(self._server, request.headers)
        except NotTaken as refusal:
            return refusal.response()
        return await _answered(lambda: {"done": silences.end(key, who)})

    async def _decided(self, request: Request, kind: type[_Body], act: Callable[[_Body], dict[str, str]]) -> Response:
        try:
            refuse_elsewhere(self._server, request.headers)
            kind_of(request.headers, (JSON,))
            body = msgspec.json.decode(await body_of(request, MAX_BODY, READ_WITHIN_S), type=kind)
        except NotTaken as refusal:
            return refusal.response()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            keys = ", ".join(field.encode_name for field in msgspec.structs.fields(kind))
            return JSONResponse({"error": f"{error}; send the keys {keys}"}, 400)
        return await _answered(lambda: act(body))


async def _answered(act: Callable[[], dict[str, str]]) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(act))
    except (NotTold, NotSilenced) as error:
        return JSONResponse({"error": str(error)}, 422)
    except StoreExhausted as error:
        return NotTaken(503, f"nothing can be written at present: {error}", 5).response()


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON)


def _nobody() -> Response:
    return JSONResponse({"error": "no incident is kept here"}, 404)
