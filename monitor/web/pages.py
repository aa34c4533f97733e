"""The pages: a view from the door, laid out by a template; the same view as JSON after `.json`."""

from typing import Any
from urllib.parse import parse_qs

import anyio
import anyio.to_thread
import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bellbuoy.monitor.mapping.mapping import NotMapped
from bellbuoy.monitor.store.errors import StoreExhausted
from bellbuoy.monitor.web import wording
from bellbuoy.monitor.web.assets import Asset
from bellbuoy.monitor.web.door import Door, StepRow, Trend
from bellbuoy.monitor.web.funnel import Column, columns, disagreement, product
from bellbuoy.monitor.web.guard import is_loopback, is_token, session_cookie
from bellbuoy.monitor.web.maps import Asked
from bellbuoy.monitor.web.templating import environment
from bellbuoy.sinks.base import Chart
from bellbuoy.sinks.chart import svg
from bellbuoy.sinks.drawings import sparkline, wedge

LISTED = 200
STALE_S = 3600.0
FORM_BYTES = 16 << 10


class Pages:
    """Every page, as methods that answer a request.

    Args:
        door: answers what they show.
        assets: files that they name.
        one: lets one audit be made at a time: it looks at all events of its span.
    """

    def __init__(self, door: Door, assets: dict[str, Asset], one: anyio.CapacityLimiter) -> None:
        self.door, self.assets, self._one = door, assets, one
        self.templates = environment()
        self.templates.filters["when"] = self._when
        self.templates.globals.update(chart=_chart, line=_line, wedge=_wedge)

    def overview(self, request: Request) -> Response:
        """Answer `/`: what is wrong now?"""
        view = self.door.overview()
        return (
            data_of(view) if request.url.path.endswith(".json") else self.page("overview.html", "Workflows", view=view)
        )

    def workflow(self, request: Request) -> Response:
        """Answer `/w/{workflow}`: where are interactions lost?"""
        name, as_json = _asked(request)
        view = self.door.workflow(name)
        if view is None and as_json:
            view, as_json = self.door.workflow(name + ".json"), False
        if view is None:
            return self.problem(404, f"No workflow is named “{wording.name(name)}”, neither declared nor seen.")
        made = columns(view.began, view.steps)
        multiplied = product(made)
        if as_json:
            return data_of({"view": view, "product": multiplied, "columns": made})
        why = disagreement(view, multiplied)
        parts: dict[str, Any] = {"view": view, "columns": made, "product": multiplied, "disagreement": why}
        return self.page("workflow.html", view.name, **parts)

    def incidents(self, request: Request) -> Response:
        """Answer `/i`: what was wrong?"""
        rows = tuple(self.door.incidents(LISTED))
        return (
            data_of(rows) if request.url.path.endswith(".json") else self.page("incidents.html", "Incidents", rows=rows)
        )

    def incident(self, request: Request) -> Response:
        """Answer `/i/{incident}`: why was I paged?"""
        key, as_json = _asked(request)
        view = self.door.incident(key)
        if view is None:
            return self.problem(404, f"No incident has the id “{wording.name(key)}”.")
        return data_of(view) if as_json else self.page("incident.html", view.page.headline, view=view)

    def audits(self, request: Request) -> Response:
        """Answer `/audit`: of which workflow?"""
        names = self.door.names()
        if request.url.path.endswith(".json"):
            return data_of(names)
        return self.page("audit.html", "Audit", audit=None, names=names)

    async def audit(self, request: Request) -> Response:
        """Answer `/audit/{workflow}`: what to keep, to harden and to kill? `?span=`, `to=` and `compare=` as for `/v1/audit`."""
        try:
            asked = Asked.of(request.query_params)
        except ValueError as error:
            return self.problem(400, f"{error}.")
        return await anyio.to_thread.run_sync(self._audit, *_asked(request), asked, limiter=self._one)

    def _audit(self, name: str, as_json: bool, asked: Asked) -> Response:
        try:
            (found,) = self.door.audits(name, asked.span_s, asked.until, asked.back_s)
        except NotMapped:
            return self.problem(404, f"No workflow is named “{wording.name(name)}”, neither declared nor seen.")
        except StoreExhausted:
            return self.problem(503, "There is no room to look at the events at present. Ask again.")
        return data_of(found) if as_json else self.page("audit.html", f"Audit of {found.map.workflow}", audit=found)

    async def login(self, request: Request) -> Response:
        """Show the login page, or take the token and begin a session."""
        target = request.query_params.get("next", "/")
        if not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable():
            target = "/"
        if self.door.server.token is None:
            return RedirectResponse(target, 303)
        if request.method != "POST":
            return self._bare("login.html", 200, title="Log in", target=target, wrong=False)
        if not is_token(self.door, (await form_of(request)).get("token", "")):
            return self._bare("login.html", 403, title="Log in", target=target, wrong=True)
        secure = not is_loopback(request.headers.get("host", ""))
        return RedirectResponse(target, 303, {"set-cookie": session_cookie(self.door, secure=secure)})

    def problem(self, status: int, why: str) -> Response:
        """Answer with a page that says what is wrong and where to go on."""
        return self._bare("problem.html", status, title=f"{status}", why=why)

    def page(self, template: str, title: str, code: int = 200, **parts: Any) -> Response:
        """Answer with a page that has the navigation and says how Bellbuoy is."""
        status = self.door.status()
        late = status.checked_at is None or status.now - status.checked_at > STALE_S
        return self._bare(template, code, title=title, status=status, late=late, **parts)

    def _bare(self, template: str, code: int, **parts: Any) -> Response:
        names = {key: asset.url for key, asset in self.assets.items()}
        return HTMLResponse(self.templates.get_template(template).render(assets=names, **parts), code)

    def _when(self, at: float) -> str:
        return wording.when(at, self.door.server.timezone)


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a posted form; what is longer than a form can be has none."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES:
            return {}
    try:
        fields = parse_qs(body.decode("latin-1"), max_num_fields=8)
    except ValueError:
        return {}
    return {name: values[0].strip() for name, values in fields.items()}


def _asked(request: Request) -> tuple[str, bool]:
    """Return the name in the path and whether JSON is asked for."""
    name: str = request.path_params["name"]
    return name.removesuffix(".json"), name.endswith(".json")


def data_of(view: Any) -> Response:
    """Answer with a view as JSON."""
    return Response(msgspec.json.encode(view), media_type="application/json")


# What follows is markup of our own making: `bellbuoy.sinks` escapes every foreign word in it.


def _chart(chart: Chart) -> Markup:
    return Markup(svg(chart, "page"))  # noqa: S704 - drawn and escaped by sinks.chart


def _line(trend: Trend, label: str, *, bad: bool = False) -> Markup:
    drawn = sparkline(trend.value, trend.low, trend.high, label=label, bad=bad, theme="page")
    return Markup(drawn)  # noqa: S704 - drawn and escaped by sinks.drawings


def _wedge(column: Column) -> Markup:
    step: StepRow = column.step
    label = (
        f"{step.name}: {column.arriving:.1f} of 100 arrive on track, {column.remaining:.1f} go on; "
        f"{column.usual:.1f} lost as usual, {column.beyond:.1f} beyond the baseline"
    )
    drawn = wedge(column.arriving, column.remaining, column.expected, label=label, theme="page")
    return Markup(drawn)  # noqa: S704 - drawn and escaped by sinks.drawings
