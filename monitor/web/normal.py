"""`/v1/sights`: what each detector can see on each series, and when."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.monitor.web.bodies import JSON

SIGHTS_PATH = "/v1/sights"


class Normal(Protocol):
    """Knows what is taken for normal; see `bellbuoy.monitor.judging.normal.Normal`."""

    def sights(self) -> Sequence[Any]:
        """Return what each detector can see on each series: values that become JSON objects."""


class NormalDoor:
    """The endpoints."""

    def __init__(self, normal: Normal | None) -> None:
        self._normal = normal

    async def sights(self, _: Request) -> Response:
        """Answer with a list, one object for each detector on each series in each direction."""
        if self._normal is None:
            return JSONResponse({"error": "nothing is judged here"}, 404)
        return Response(msgspec.json.encode(await run_in_threadpool(self._normal.sights)), media_type=JSON)
