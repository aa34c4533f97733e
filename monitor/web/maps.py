"""Maps and audits of workflows over HTTP: `GET /v1/map?workflow=…&span=28d&to=2026-11-21`, and `/v1/audit` with `compare=7d` too."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.config.instants import parse_last
from bellbuoy.config.quantities import parse_delay, parse_duration
from bellbuoy.monitor.mapping.mapping import NotMapped
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web.bodies import JSON, NotTaken
from bellbuoy.monitor.web.door import Door

MAP_PATH = "/v1/map"
AUDIT_PATH = "/v1/audit"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a workflow or all, how long a span, its end, and how much earlier the one ended that it is compared with."""

    workflow: str | None
    span_s: float
    until: int | None
    back_s: float

    @classmethod
    def of(cls, given: QueryParams) -> "Asked":
        """Return what a query asks.

        Raises:
            ValueError: with a sentence for the person who asks.
        """
        try:
            span, back = parse_duration(given.get("span", "28d")), parse_delay(given.get("compare", "7d"))
        except ValueError:
            raise ValueError("span and compare are lengths of time; write 12h, 7d or 28d") from None
        try:
            to = parse_last(given["to"]) if "to" in given else None
        except ValueError:
            raise ValueError("to is a date or a time; write 2026-11-21 or 2026-11-21T03:00Z") from None
        return cls(given.get("workflow"), span, to, back)


class MapDoor:
    """The endpoints.

    Args:
        door: makes maps and audits.
        one: lets one be made at a time: it looks at all events of its span.
    """

    def __init__(self, door: Door, one: anyio.CapacityLimiter) -> None:
        self._door = door
        self._one = one

    async def get(self, request: Request) -> Response:
        """Answer with the map of `workflow`, or of each workflow; of 28 days up to the last tick that was judged unless told otherwise."""
        return await self._answer(request, lambda one: self._door.maps(one.workflow, one.span_s, one.until))

    async def audit(self, request: Request) -> Response:
        """Answer with the audit of `workflow`, or of each, compared with a week before unless told otherwise."""
        return await self._answer(
            request, lambda one: self._door.audits(one.workflow, one.span_s, one.until, one.back_s)
        )

    async def _answer(self, request: Request, made: Callable[[Asked], Any]) -> Response:
        try:
            asked = Asked.of(request.query_params)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        try:
            found = await anyio.to_thread.run_sync(made, asked, limiter=self._one)
        except NotMapped as error:
            return JSONResponse({"error": str(error)}, 422)
        except StoreExhausted as error:
            return NotTaken(503, f"there is no room to look at the events at present: {error}", 5).response()
        return Response(msgspec.json.encode(found), media_type=JSON)
