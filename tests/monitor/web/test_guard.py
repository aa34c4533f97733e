"""Who is let in: names that are ours, the token, the cookie; and the headers of every answer."""

import dataclasses

import pytest

from bellbuoy.monitor.web.guard import CSP, known_host
from bellbuoy.sinks.base import Secret

TOKEN = "correct horse battery staple"
HOME = "127.0.0.1:8420"


@pytest.fixture
def locked(door):
    door.server.token = Secret(TOKEN)
    return door


def bearer(token=TOKEN):
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ["/", "/livez", "/w/nobody", "/metrics", "/.json"])
def test_every_answer_wears_its_headers(ask, door, path):
    answer = ask(door, path)
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_the_policy_is_the_agreed_one():
    assert CSP == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize(
    ("listen", "host", "known"),
    [
        ("127.0.0.1:8420", "127.0.0.1:8420", True),
        ("127.0.0.1:8420", "localhost", True),
        ("127.0.0.1:8420", "[::1]:8420", True),
        ("127.0.0.1:8420", "bellbuoy.example.com", True),
        ("127.0.0.1:8420", "BELLBUOY.example.com:443", True),
        ("127.0.0.1:8420", "evil.example.net", False),
        ("127.0.0.1:8420", "127.0.0.1.evil.example.net", False),
        ("127.0.0.1:8420", "10.0.0.7:8420", False),
        ("10.0.0.7:8420", "10.0.0.7:8420", True),
        ("0.0.0.0:8420", "10.0.0.7:8420", True),
        ("[::]:8420", "[fd00::7]:8420", True),
        ("0.0.0.0:8420", "evil.example.net:8420", False),
        ("127.0.0.1:8420", "", False),
        ("127.0.0.1:8420", "[::1", False),
        ("127.0.0.1:8420", "evil.example.net@127.0.0.1", False),
    ],
)
def test_only_our_own_names_lead_here(door, listen, host, known):
    door.server.listen = listen
    assert known_host(door.server, host) is known


def test_a_foreign_name_is_answered_421(ask, door):
    answer = ask(door, "/", host="evil.example.net")
    assert answer.status_code == 421
    assert "public_url" in answer.text
    assert ask(door, "/livez", host="10.1.2.3:8420").status_code == 200


def test_without_the_token_nothing_is_shown_but_health(ask, locked):
    for path in ("/.json", "/metrics", "/i/inc-4f21.json", "/nowhere"):
        answer = ask(locked, path, headers={"accept": "application/json"})
        assert answer.status_code == 401, path
        assert "Bearer" in answer.headers["www-authenticate"]
        assert "qualify" not in answer.text
    assert ask(locked, "/v1/query", method="POST", json={"sql": "select 1"}).status_code == 401
    assert not locked.asked
    for path in ("/livez", "/readyz", "/startupz"):
        assert ask(locked, path).status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer", "Basic dXNlcjpwYXNz", f"Bearer {TOKEN}x", f"Token {TOKEN}"]
)
def test_a_wrong_token_is_none(ask, locked, header):
    assert ask(locked, "/.json", headers={"authorization": header, "accept": "*/*"}).status_code == 401


def test_the_token_opens_everything_under_any_address(ask, locked):
    assert ask(locked, "/.json", headers=bearer()).status_code == 200
    assert ask(locked, "/metrics", headers=bearer(), host="10.9.8.7:8420").status_code == 200


def test_a_browser_is_led_to_the_login_and_back(ask, locked):
    answer = ask(locked, "/w/lead-qualifier?range=7d")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fw%2Flead-qualifier%3Frange%3D7d"
    form = ask(locked, answer.headers["location"])
    assert form.status_code == 200
    assert "password" in form.text
    wrong = ask(locked, answer.headers["location"], method="POST", data={"token": "guess"})
    assert wrong.status_code == 403
    assert "set-cookie" not in wrong.headers
    right = ask(locked, answer.headers["location"], method="POST", data={"token": f" {TOKEN} "})
    assert right.status_code == 303
    assert right.headers["location"] == "/w/lead-qualifier?range=7d"
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    session = {"cookie": cookie.split(";")[0]}
    assert ask(locked, "/", headers=session).status_code == 200
    locked.state = dataclasses.replace(locked.state, now=locked.state.now + 8 * 86400)
    assert ask(locked, "/", headers=session).status_code == 303


def test_a_cookie_is_secure_behind_a_public_name(ask, locked):
    answer = ask(locked, "/login", method="POST", data={"token": TOKEN}, host="bellbuoy.example.com")
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "target", ["//evil.example.net", "/\\evil.example.net", "https://evil.example.net", "/a%0d%0ab", ""]
)
def test_the_login_leads_nowhere_else(ask, locked, target):
    answer = ask(locked, f"/login?next={target}", method="POST", data={"token": TOKEN})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "cookie",
    [
        "bellbuoy=",
        "bellbuoy=9999999999.",
        "bellbuoy=9999999999." + "0" * 64,
        "bellbuoy=é.x",
        "bellbuoy=" + "9" * 400,
        "x=y; ;;",
    ],
)
def test_a_made_up_cookie_is_none(ask, locked, cookie):
    assert ask(locked, "/", headers={"cookie": cookie.encode()}).status_code == 303


def test_a_session_ends_with_its_token(ask, locked):
    answer = ask(locked, "/login", method="POST", data={"token": TOKEN})
    session = {"cookie": answer.headers["set-cookie"].split(";")[0]}
    locked.server.token = Secret("another one")
    assert ask(locked, "/", headers=session).status_code == 303


def test_a_login_form_without_end_is_no_token(ask, locked):
    assert ask(locked, "/login", method="POST", content=b"token=" + b"x" * 100_000).status_code == 403
