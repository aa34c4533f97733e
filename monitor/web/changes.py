"""`POST /v1/changes`: a deploy or another change worth naming, noted on the time line."""

from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bellbuoy.monitor.ingest.answers import Answer, Keyed, OtherBody
from bellbuoy.monitor.notes import MAX_BODY, MOST, Note, NotNoted, notes_of
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web.bodies import (
    JSON,
    LINES,
    NotTaken,
    body_of,
    discard,
    key_of,
    kind_of,
    refuse_elsewhere,
    split,
)
from bellbuoy.monitor.web.door import ServerSettings

PATH = "/v1/changes"
READ_WITHIN_S = 10.0


class Notes(Protocol):
    """Keeps notes; see `bellbuoy.monitor.notes.Notebook`."""

    def note(self, notes: list[Note], keyed: Keyed | None) -> Answer:
        """Store them, and return the answer.

        Raises:
            OtherBody: the key was used for another body.
            StoreExhausted: nothing can be written at present.
        """


class Changes:
    """The endpoint."""

    def __init__(self, notes: Notes | None, server: ServerSettings) -> None:
        self._notes = notes
        self._server = server

    async def post(self, request: Request) -> Response:
        """Note the changes of one request: all of them or none."""
        try:
            answer = await self._noted(request)
        except NotTaken as refusal:
            await discard(request)
            return refusal.response()
        return Response(answer.text, answer.status, media_type=JSON)

    async def _noted(self, request: Request) -> Answer:
        headers = request.headers
        if self._notes is None:
            raise NotTaken(404, "nothing is noted here: this is no daemon of its own store")
        refuse_elsewhere(self._server, headers)
        kind = kind_of(headers, (JSON, LINES))
        key = key_of(headers)
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise NotTaken(415, "send notes as they are, without a content-encoding")
        body = await body_of(request, MAX_BODY, READ_WITHIN_S, lambda _: None)
        keyed = None if key is None else Keyed.of(PATH, key, body)
        try:
            notes = notes_of(split(body, kind, MOST))
            return await run_in_threadpool(self._notes.note, notes, keyed)
        except NotNoted as error:
            raise NotTaken(422, f"{error}; nothing was noted") from None
        except OtherBody:
            raise NotTaken(422, "this Idempotency-Key was used for another body; take a new key") from None
        except StoreExhausted as error:
            raise NotTaken(503, f"nothing can be written at present: {error}", 5) from None
