"""Maps of workflows over HTTP: `GET /v1/map?workflow=…&span=28d&to=2026-11-21`, a list of `mapping.drawn.Map`."""

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.config.instants import parse_last
from bellbuoy.config.quantities import parse_duration
from bellbuoy.monitor.mapping.mapping import NotMapped
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web.bodies import JSON, NotTaken
from bellbuoy.monitor.web.door import Door

PATH = "/v1/map"


class MapDoor:
    """The endpoint. One map is made at a time: it looks at all events of its span."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._one = anyio.CapacityLimiter(1)

    async def get(self, request: Request) -> Response:
        """Answer with the map of `workflow`, or of each workflow; of 28 days up to the last tick that was judged unless told otherwise."""
        asked = request.query_params
        try:
            span = parse_duration(asked.get("span", "28d"))
        except ValueError:
            return JSONResponse({"error": "span is a length of time; write 12h, 7d or 28d"}, 400)
        try:
            to = parse_last(asked["to"]) if "to" in asked else None
        except ValueError:
            return JSONResponse({"error": "to is a date or a time; write 2026-11-21 or 2026-11-21T03:00Z"}, 400)
        try:
            found = await anyio.to_thread.run_sync(self._door.maps, asked.get("workflow"), span, to, limiter=self._one)
        except NotMapped as error:
            return JSONResponse({"error": str(error)}, 422)
        except StoreExhausted as error:
            return NotTaken(503, f"there is no room to look at the events at present: {error}", 5).response()
        return Response(msgspec.json.encode(found), media_type=JSON)
