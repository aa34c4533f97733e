"""What the command line asks of a running daemon: write exports, show a dead letter, read dead letters again."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bellbuoy.monitor.letters import Letter, Retried
from bellbuoy.monitor.store.aging.export import Export
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.upkeep import NoExports
from bellbuoy.monitor.web.bodies import JSON, READ_WITHIN_S, NotTaken, body_of, kind_of

EXPORT_PATH = "/v1/export"
RETRY_PATH = "/v1/dead-letters/retry"
LETTER_PATH = "/v1/dead-letters/{number:int}"
MAX_BODY = 1 << 20


class Keeper(Protocol):
    """Does what is asked; see `bellbuoy.monitor.upkeep.Upkeep`."""

    def export(self, days: Sequence[int] = (), *, today: bool = False) -> list[Export]:
        """Write exports."""

    def letter(self, number: int) -> Letter | None:
        """Return one dead letter."""

    def retry(self, ids: Sequence[int] = (), kind: str | None = None, *, every: bool = False) -> Retried:
        """Read dead letters again."""


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """Which days are exported: midnights in epoch seconds; none: all that are due."""

    days: list[int] = []
    today: bool = False


class Again(msgspec.Struct, forbid_unknown_fields=True):
    """Which dead letters are read again."""

    ids: list[int] = []
    kind: str | None = None
    every: bool = False


class UpkeepDoor:
    """The endpoints."""

    def __init__(self, keeper: Keeper | None) -> None:
        self._keeper = keeper

    async def export(self, request: Request) -> Response:
        """Write exports, and say which files."""
        return await self._done(
            request, Wanted, lambda keeper, asked: keeper.export(asked.days, today=asked.today), "files"
        )

    async def retry(self, request: Request) -> Response:
        """Read dead letters again, and say what became of them."""
        return await self._done(
            request, Again, lambda keeper, asked: keeper.retry(asked.ids, asked.kind, every=asked.every), "retried"
        )

    async def letter(self, request: Request) -> Response:
        """Show one dead letter, its bytes in base64."""
        if self._keeper is None:
            return _refused(404, "there are no dead letters here: this is no daemon of its own store")
        number = request.path_params["number"]
        found = await run_in_threadpool(self._keeper.letter, number)
        if found is None:
            return _refused(404, f"there is no dead letter {number}; `bellbuoy dead-letters` lists them")
        return _json({"letter": found})

    async def _done(self, request: Request, kind: type[Any], work: Callable[[Keeper, Any], Any], name: str) -> Response:
        if self._keeper is None:
            return _refused(404, "nothing is kept here: this is no daemon of its own store")
        try:
            kind_of(request.headers, (JSON,))
            asked = msgspec.json.decode(await body_of(request, MAX_BODY, READ_WITHIN_S), type=kind)
            return _json({name: await run_in_threadpool(work, self._keeper, asked)})
        except NotTaken as refusal:
            return refusal.response()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return _refused(400, str(error))
        except NoExports as error:
            return _refused(400, str(error))
        except (StoreExhausted, OSError) as error:
            return _refused(503, f"nothing can be written at present: {error}")


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value, enc_hook=_plain), media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _refused(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status)
