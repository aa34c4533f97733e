"""`POST /v1/events`: events in, an answer when they are committed."""

import asyncio
from contextlib import suppress
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bellbuoy.config.sources import Http
from bellbuoy.monitor.ingest.answers import Answer, Keyed, OtherBody
from bellbuoy.monitor.sources.http import PATH, Busy, Fate, Posted, Room
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
    unpacked,
)
from bellbuoy.monitor.web.door import ServerSettings

INLINE = 64 << 10
"""A plain body up to this size is taken apart at once; a larger or a packed one in a thread."""
UNPACKING = 2
"""Bodies that are taken apart at a time."""


class Intake(Protocol):
    """Takes requests; see `bellbuoy.monitor.ingest.intake.Intake`."""

    @property
    def settings(self) -> Http:
        """The limits."""

    def room(self) -> Room:
        """Return room for a body.

        Raises:
            Busy: nothing is taken at present.
        """

    def claim(self, key: str) -> bool:
        """Reserve a key; false while another request with it is under way."""

    def release(self, key: str) -> None:
        """Give a key back."""

    def answered(self, keyed: Keyed) -> Answer | None:
        """Return what the same request was answered before.

        Raises:
            OtherBody: the key was used for another body.
        """

    def offer(self, posted: Posted) -> None:
        """Take a request, its room and its key.

        Raises:
            Busy: nothing is taken at present.
        """


class Events:
    """The endpoint."""

    def __init__(self, intake: Intake | None, server: ServerSettings) -> None:
        self._intake = intake
        self._server = server
        self._unpacking = asyncio.Semaphore(UNPACKING)

    async def post(self, request: Request) -> Response:
        """Store the events of one request."""
        try:
            answer = await self._taken(request)
        except Busy as busy:
            refusal = NotTaken(503, str(busy), busy.retry_after)
        except NotTaken as wrong:
            refusal = wrong
        else:
            return Response(answer.text, answer.status, media_type=JSON)
        await discard(request)
        return refusal.response()

    async def _taken(self, request: Request) -> Answer:
        intake = self._intake
        if intake is None:
            raise NotTaken(404, "no events are taken here; add `- http: {}` under `sources` in the configuration")
        settings, headers = intake.settings, request.headers
        refuse_elsewhere(self._server, headers)
        kind = kind_of(headers, (JSON, LINES))
        key = key_of(headers)
        encoding = headers.get("content-encoding", "")
        room = intake.room()
        try:
            body = await body_of(request, settings.max_body, settings.read_within, room.take)
            if encoding or len(body) > INLINE:
                async with self._unpacking:
                    body = await run_in_threadpool(unpacked, body, encoding, settings.max_body)
                    room.take(len(body))
                    values = await run_in_threadpool(split, body, kind, settings.max_events)
            else:
                values = split(body, kind, settings.max_events)
            keyed = None if key is None else Keyed.of(PATH, key, body)
            del body
            return await self._stored(intake, values, room, keyed)
        finally:
            if not room.offered:
                room.leave()

    async def _stored(self, intake: Intake, values: list[bytes], room: Room, keyed: Keyed | None) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | Busy] = loop.create_future()

        def done(answer: Answer | Busy) -> None:
            with suppress(RuntimeError):  # the loop has ended, and the client with it
                loop.call_soon_threadsafe(_settle, future, answer)

        posted = Posted(values, done, room, keyed)
        if keyed is None:
            if not values:
                return Fate(0, 0, 0, []).answer()
            intake.offer(posted)
        else:
            answer = await _keyed(intake, posted, keyed)
            if answer is not None:
                return answer
        try:
            found = await asyncio.wait_for(future, intake.settings.answer_within)
        except TimeoutError:
            raise Busy("it is not stored yet; send it again: what is stored by then counts once") from None
        if isinstance(found, Busy):
            raise found
        return found


async def _keyed(intake: Intake, posted: Posted, keyed: Keyed) -> Answer | None:
    """Offer a request that names itself; return the answer where it was given before."""
    if not intake.claim(keyed.key):
        raise NotTaken(409, "a request with this Idempotency-Key is under way; ask again", 1)
    try:
        answer = await run_in_threadpool(intake.answered, keyed)
        if answer is None and not posted.values:
            answer = Fate(0, 0, 0, []).answer()
        if answer is None:
            intake.offer(posted)
            return None
    except OtherBody:
        intake.release(keyed.key)
        raise NotTaken(422, "this Idempotency-Key was used for another body; take a new key") from None
    except BaseException:
        intake.release(keyed.key)
        raise
    intake.release(keyed.key)
    return answer


def _settle(future: asyncio.Future[Answer | Busy], answer: Answer | Busy) -> None:
    if not future.done():
        future.set_result(answer)
