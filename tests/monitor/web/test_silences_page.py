"""`/silences`: what is muted is shown with who, why and until when; a silence is ended by the page's own form alone."""

import asyncio
import html
import re

import httpx
import pytest

from bellbuoy.config.load import load_text
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.silences import Silences
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.web.app import create_app
from bellbuoy.sinks.base import Secret

NOW = 1_795_262_400  # Sat 21 Nov 13:00 in Berlin
CONFIG = load_text("""
version: 1
server: { timezone: Europe/Berlin }
sources: [{ files: { path: none.jsonl } }]
workflows: [{ name: calls, steps: [qualify] }]
quiet:
  - { name: weekend, every: "Sat,Sun 00:00-00:00", below: page }
  - { name: nightly deploy, every: "Tue 02:00-02:30", when: { workflow: calls, step: qualify } }
sinks: { out: { console: {} } }
routes: [{ to: [out] }]
""")


class Site:
    """The dashboard over a store, and what a browser would send it."""

    def __init__(self, door, store):
        self.silences = Silences(store, CONFIG, VirtualClock(float(NOW)))
        self.app = create_app(door, silences=self.silences)

    def __call__(self, method, path, data=None, **headers):
        async def go():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
                return await client.request(method, path, data=data, headers={"accept": "text/html", **headers})

        return asyncio.run(go())

    def form(self, **headers):
        """Return the fields of the first form of the page."""
        return dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', self("GET", "/silences", **headers).text)
        )

    def put_on(self, selector="calls/qualify", who="kim", why="deploy of <v42>"):
        return self.silences.put_on(selector, 7200, who, why)[0]

    def active(self):
        return [one.id for one in self.silences.listed() if one.active]


@pytest.fixture
def site(door, keep):
    with Store.open(None) as store:
        keep(store, "inc_now", "open", NOW - 3600)
        yield Site(door, store)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_what_is_muted_is_shown_with_who_why_and_until_when(site):
    site.put_on()
    page = site("GET", "/silences")
    told = words(page)
    assert page.status_code == 200
    for part in (
        "calls/qualify deploy of <v42> kim Sat 21 Nov 15:00 inc_now End it",
        "weekend Sat,Sun 00:00-00:00 Europe/Berlin all incidents, less than a page quiet until Sun 22 Nov 00:00 inc_now",
        "nightly deploy Tue 02:00-02:30 Europe/Berlin workflow calls, step qualify not quiet nothing at present",
    ):
        assert part in told
    data = site("GET", "/silences.json").json()
    assert [(one["selector"], one["incidents"]) for one in data["silences"]] == [("calls/qualify", ["inc_now"])]
    assert [(one["name"], one["until"], one["incidents"]) for one in data["quiet"]] == [
        ("weekend", NOW + 11 * 3600, ["inc_now"]),
        ("nightly deploy", None, []),
    ]


def test_where_nothing_is_muted_it_says_so(site, ask, door):
    assert "None is in force." in words(site("GET", "/silences"))
    alone = words(ask(door, "/silences"))
    assert "None is kept here" in alone
    assert "There are none." in alone
    assert ask(door, "/silences", method="POST", data={"id": "sil_1"}).status_code == 404


def test_a_silence_is_ended_by_the_form_of_the_page_and_stays_in_the_list(site):
    key = site.put_on()
    done = site(
        "POST", "/silences", {**site.form(), "who": " joe "}, **{"sec-fetch-site": "same-origin", "origin": "null"}
    )
    assert (done.status_code, done.headers["location"]) == (303, f"/silences?ended={key}")
    assert site.active() == []
    told = words(site("GET", done.headers["location"]))
    assert "The silence of calls/qualify has ended." in told
    assert "put on by kim Sat 21 Nov 13:00, ended by joe" in told
    again = site("POST", "/silences", {**site.form(), "id": key, "who": "joe"})
    assert again.status_code == 403, "a page without a form gave none"


@pytest.mark.parametrize(
    ("changes", "headers", "status", "said"),
    [
        ({"who": " "}, {}, 422, "say who you are"),
        ({"id": "sil_none"}, {}, 422, "no silence sil_none is in force"),
        ({"form": ""}, {}, 403, "this form is of another session"),
        ({"form": "0" * 64}, {}, 403, "this form is of another session"),
        ({"form": "é"}, {}, 403, "this form is of another session"),
        ({}, {"sec-fetch-site": "cross-site"}, 403, "this form is of another session"),
        ({"who": "x" * 20_000}, {}, 403, "this form is of another session"),
    ],
)
def test_what_is_no_wish_of_a_reader_ends_nothing(site, changes, headers, status, said):
    key = site.put_on()
    answer = site("POST", "/silences", {**site.form(), "who": "joe", **changes}, **headers)
    assert answer.status_code == status
    assert "Nothing was ended: " in words(answer)
    assert said in words(answer)
    assert site.active() == [key]


def test_behind_a_token_a_form_is_worth_nothing_in_another_session(site, door):
    site.put_on()
    door.server.token = Secret("correct horse")
    sessions = []
    for later in (0, 60):
        door.state = type(door.state)(door.state.now + later)
        login = site("POST", "/login", {"token": "correct horse"})
        sessions.append({"cookie": login.headers["set-cookie"].split(";")[0]})
    own, other = sessions
    form = {**site.form(**own), "who": "joe"}
    assert site("POST", "/silences", form).status_code == 401
    assert site("POST", "/silences", form, **other).status_code == 403
    assert len(site.active()) == 1
    assert site("POST", "/silences", form, **own).status_code == 303
    assert site.active() == []
