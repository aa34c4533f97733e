"""`/silences`: who is not told, why and until when; a silence is ended here too."""

import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bellbuoy.monitor.silences import NotSilenced
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web.guard import session_of
from bellbuoy.monitor.web.pages import Pages, data_of, form_of
from bellbuoy.monitor.web.people import Silences

PATH = "/silences"


class Muted:
    """The page. What it changes was asked for by a form that it made itself, for the same session.

    Args:
        pages: lay it out.
        silences: knows what is muted; None: nothing is muted here.
    """

    def __init__(self, pages: Pages, silences: Silences | None) -> None:
        self._pages = pages
        self._silences = silences
        self._key = secrets.token_bytes(32)

    def show(self, request: Request) -> Response:
        """Answer `/silences`: what is muted?"""
        return self._shown(request)

    async def end(self, request: Request) -> Response:
        """End a silence, and lead back to the page."""
        silences = self._silences
        if silences is None:
            return self._pages.problem(404, "Nothing is muted here.")
        form = await form_of(request)
        key, who = form.get("id", ""), form.get("who", "")
        elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
        if elsewhere or not hmac.compare_digest(form.get("form", "").encode(), self._mark(request.headers).encode()):
            told = "Nothing was ended: this form is of another session or from before a restart. Try again below."
            return await run_in_threadpool(self._shown, request, told, 403)
        try:
            await run_in_threadpool(silences.end, key, who)
        except NotSilenced as error:
            return await run_in_threadpool(self._shown, request, f"Nothing was ended: {error}.", 422)
        except StoreExhausted as error:
            return await run_in_threadpool(self._shown, request, f"Nothing can be written at present: {error}.", 503)
        return RedirectResponse(f"{PATH}?ended={quote(key)}", 303)

    def _shown(self, request: Request, trouble: str = "", code: int = 200) -> Response:
        listed, quiet = ((), ()) if self._silences is None else (self._silences.listed(), self._silences.quiet())
        if request.url.path.endswith(".json"):
            return data_of({"silences": listed, "quiet": quiet})
        ended = request.query_params.get("ended")
        parts: dict[str, Any] = {
            "active": [one for one in listed if one.active],
            "over": [one for one in listed if not one.active],
            "quiet": quiet,
            "ended": next((one for one in listed if one.id == ended and not one.active), None),
            "trouble": trouble,
            "form": self._mark(request.headers),
            "kept": self._silences is not None,
        }
        return self._pages.page("silences.html", "Silences", code, **parts)

    def _mark(self, headers: Headers) -> str:
        """Return what a form carries: nobody else can make it, and it is worth nothing in another session."""
        return hmac.new(self._key, session_of(headers).encode(), hashlib.sha256).hexdigest()
