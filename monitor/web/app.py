"""The web server's wiring: paths to pages, the guard before them."""

from functools import partial

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bellbuoy.monitor.sources.http import PATH as EVENTS_PATH
from bellbuoy.monitor.web.assets import assets, serve
from bellbuoy.monitor.web.changes import PATH as CHANGES_PATH
from bellbuoy.monitor.web.changes import Changes, Notes
from bellbuoy.monitor.web.door import Door
from bellbuoy.monitor.web.events import Events, Intake
from bellbuoy.monitor.web.guard import HEADERS, LOGIN_PATH, Guard
from bellbuoy.monitor.web.maps import AUDIT_PATH, MAP_PATH, MapDoor
from bellbuoy.monitor.web.muted import PATH as MUTED_PATH
from bellbuoy.monitor.web.muted import Muted
from bellbuoy.monitor.web.normal import BASELINES_PATH, SIGHTS_PATH, Normal, NormalDoor
from bellbuoy.monitor.web.pages import Pages
from bellbuoy.monitor.web.people import (
    ACK_PATH,
    INCIDENT_PATH,
    INCIDENTS_PATH,
    SAMPLES_PATH,
    SILENCE_PATH,
    SILENCES_PATH,
    PeopleDoor,
    Silences,
    Stories,
)
from bellbuoy.monitor.web.probes import metrics, probe
from bellbuoy.monitor.web.query import query
from bellbuoy.monitor.web.samples import PATH as BEHIND_PATH
from bellbuoy.monitor.web.samples import Samples
from bellbuoy.monitor.web.slack import INTERACTIONS_PATH, Interactions
from bellbuoy.monitor.web.sources import LIST_PATH, RESUME_PATH, SKIP_PATH, Decides, Sources
from bellbuoy.monitor.web.upkeep import EXPORT_PATH, LETTER_PATH, RETRY_PATH, Keeper, UpkeepDoor


def create_app(
    door: Door,
    intake: Intake | None = None,
    notes: Notes | None = None,
    decides: Decides | None = None,
    keeper: Keeper | None = None,
    normal: Normal | None = None,
    stories: Stories | None = None,
    silences: Silences | None = None,
    interactions: Interactions | None = None,
) -> Starlette:
    """Return the dashboard and the machines' paths over one door.

    Args:
        door: answers every page; the server settings and the metrics are its too.
        intake: takes the events that are posted; None: none are.
        notes: keeps the changes that are posted; None: none are.
        keeper: writes exports and reads dead letters again; None: nobody does.
        decides: takes what people decide about sources; None: nothing is decided here.
        normal: knows what is taken for normal; None: nothing is judged here.
        stories: knows the incidents, and who takes them; None: none are kept here.
        silences: keeps what people mute; None: nothing is muted here.
        interactions: takes what is pressed in Slack; None: no Slack app sends it here.
    """
    made = assets()
    events, changes = Events(intake, door.server), Changes(notes, door.server)
    sources = Sources(decides, door.server)
    upkeep, usual = UpkeepDoor(keeper), NormalDoor(normal, door.server)
    people = PeopleDoor(stories, silences, door.server)
    one = anyio.CapacityLimiter(1)
    pages, maps = Pages(door, made, one), MapDoor(door, one)
    muted, samples = Muted(pages, silences), Samples(pages, stories)

    def live(request: Request) -> Response:
        return probe(door, request, "live")

    def ready(request: Request) -> Response:
        return probe(door, request, "ready")

    def started(request: Request) -> Response:
        return probe(door, request, "started")

    def measured(request: Request) -> Response:
        return metrics(door, request)

    async def asked(request: Request) -> Response:
        return await query(door, request)

    def icon(_: Request) -> Response:
        return made["icon"].response()

    return Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/.json", pages.overview),
            Route("/w/{name:path}", pages.workflow),
            Route("/i", pages.incidents),
            Route("/i.json", pages.incidents),
            Route(BEHIND_PATH, samples.show),
            Route(BEHIND_PATH + ".json", samples.show),
            Route("/i/{name:path}", pages.incident),
            Route("/audit", pages.audits),
            Route("/audit.json", pages.audits),
            Route("/audit/{name:path}", pages.audit),
            Route(MUTED_PATH, muted.show),
            Route(MUTED_PATH + ".json", muted.show),
            Route(MUTED_PATH, muted.end, methods=["POST"]),
            Route(LOGIN_PATH, pages.login, methods=["GET", "POST"]),
            Route("/livez", live),
            Route("/readyz", ready),
            Route("/startupz", started),
            Route("/metrics", measured),
            Route("/v1/query", asked, methods=["POST"]),
            Route(EVENTS_PATH, events.post, methods=["POST"]),
            Route(CHANGES_PATH, changes.post, methods=["POST"]),
            Route(LIST_PATH, sources.listed),
            Route(SKIP_PATH, sources.skip, methods=["POST"]),
            Route(RESUME_PATH, sources.resume, methods=["POST"]),
            Route(MAP_PATH, maps.get),
            Route(AUDIT_PATH, maps.audit),
            Route(SIGHTS_PATH, usual.sights),
            Route(BASELINES_PATH, usual.show),
            Route(BASELINES_PATH, usual.decide, methods=["POST"]),
            Route(INCIDENTS_PATH, people.incidents),
            Route(INCIDENT_PATH, people.incident),
            Route(SAMPLES_PATH, people.samples),
            Route(ACK_PATH, people.acknowledge, methods=["POST"]),
            Route(SILENCES_PATH, people.silences),
            Route(SILENCES_PATH, people.silence, methods=["POST"]),
            Route(SILENCE_PATH, people.end, methods=["DELETE"]),
            Route(EXPORT_PATH, upkeep.export, methods=["POST"]),
            Route(RETRY_PATH, upkeep.retry, methods=["POST"]),
            Route(LETTER_PATH, upkeep.letter),
            *([] if interactions is None else [Route(INTERACTIONS_PATH, interactions.post, methods=["POST"])]),
            Route("/static/{name}", partial(serve, made)),
            Route("/favicon.ico", icon),
        ],
        middleware=[Middleware(Guard, door=door)],
        exception_handlers={HTTPException: partial(_problem, pages), Exception: partial(_problem, pages)},
    )


def _problem(pages: Pages, request: Request, error: Exception) -> Response:
    """Answer what no page answers, in the reader's format; the server logs a bug's traceback, the page hides it."""
    status, told, headers = 500, "Something went wrong here. It is written in the log of Bellbuoy.", None
    if isinstance(error, HTTPException):
        status, told, headers = error.status_code, f"{error.detail}.", error.headers
        if status == 404:
            told = "There is no page at this address."
    headers = {**HEADERS, "cache-control": "no-store", **(headers or {})}
    if request.url.path.startswith("/v1/"):
        return JSONResponse({"error": told}, status, headers)
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(told + "\n", status, headers)
    page = pages.problem(status, told)
    page.headers.update(headers)
    return page
