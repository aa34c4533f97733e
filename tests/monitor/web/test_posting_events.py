"""`POST /v1/events`: what is taken, what is refused in a sentence, and what is answered."""

import asyncio
import gzip
import json
import zlib

import httpx
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bellbuoy.config.sources import Http
from bellbuoy.monitor.ingest.answers import Answer, OtherBody
from bellbuoy.monitor.sources.base import Outcome
from bellbuoy.monitor.sources.http import LISTED, Busy, HttpSource, Posted
from bellbuoy.monitor.web.app import create_app
from bellbuoy.monitor.web.bodies import LINES, NotTaken, split
from bellbuoy.sinks.base import Secret

PATH = "/v1/events"


class Shelf:
    """An intake over a source whose requests are stored at once: bodies with `bad` are dead, with `twice` duplicates."""

    def __init__(self, **settings):
        self.settings = Http(**settings)
        self.source = HttpSource("http", waiting=self.settings.waiting)
        self.source.open({})
        self.values = []
        self.kept = {}
        self.slow = False

    def room(self):
        return self.source.room()

    def claim(self, key):
        return self.source.claim(key)

    def release(self, key):
        self.source.release(key)

    def answered(self, keyed):
        body, answer = self.kept.get(keyed.key, (None, None))
        if answer is not None and body != keyed.body:
            raise OtherBody
        return answer

    def offer(self, posted):
        keyed, done = posted.keyed, posted.done

        def kept(answer):
            if keyed is not None and isinstance(answer, Answer):
                self.kept[keyed.key] = keyed.body, answer
            done(answer)

        posted.done = kept
        self.source.offer(posted)
        if not self.slow:
            self.store()

    def store(self):
        for chunk in self.source.read(1_000_000, 1 << 30, 0):
            self.values += chunk.values
            pairs = list(zip(chunk.offsets, chunk.values, strict=True))
            twice = [offset for offset, value in pairs if b"twice" in value]
            dead = [(offset, "json", "json: no") for offset, value in pairs if b"bad" in value]
            self.source.stored({chunk.stream: chunk.next}, Outcome({chunk.stream: twice}, {chunk.stream: dead}))


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def post(door):
    """post(shelf, body, kind, **headers) answers; the room that the request held is free again."""

    def one(shelf, body, kind="application/json", path=PATH, method="POST", **headers):
        async def go():
            transport = httpx.ASGITransport(create_app(door, shelf), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                sent = {"content-type": kind, **named} if kind else named
                return await client.request(method, path, content=body, headers=sent)

        answer = asyncio.run(go())
        assert shelf is None or shelf.slow or shelf.source._state.held == 0
        return answer

    return one


def test_one_object_an_array_and_lines_are_taken_with_the_bytes_of_each(shelf, post):
    one = post(shelf, b' {"n": 1.50}\n')
    assert (one.status_code, one.json()) == (200, {"stored": 1, "duplicate": 0, "dead": 0, "refused": []})
    assert (
        post(shelf, b'[{"n":1}, {"a": [1, {"b": "]}"}]} ,7]', "application/json; charset=UTF-8").json()["stored"] == 3
    )
    assert post(shelf, b'{"n":2}\r\n\n  \n{"n":3}', LINES).json()["stored"] == 2
    assert shelf.values == [b'{"n": 1.50}', b'{"n":1}', b'{"a": [1, {"b": "]}"}]}', b"7", b'{"n":2}\r', b'{"n":3}']
    assert post(shelf, b"\xef\xbb\xbf[]").json() == post(shelf, b"\n", LINES).json() == {**one.json(), "stored": 0}


def test_a_line_that_is_no_json_and_a_byte_that_is_no_text_are_the_readers_affair(shelf, post):
    assert post(shelf, b'{"n":1}\n{"n":\n\xff\n', LINES).json()["stored"] == 3
    assert post(shelf, b'[{"n":"\xff"}]').json()["stored"] == 1
    assert shelf.values == [b'{"n":1}', b'{"n":', b"\xff", b'{"n":"\xff"}']


def test_the_answer_lists_what_is_dead_by_its_place_in_the_body(shelf, post):
    post(shelf, b"{}\n" * 5, LINES)
    answer = post(shelf, b'{}\n{"bad":1}\n{"twice":1}\n{"bad":2}', LINES)
    assert answer.status_code == 200
    refused = [{"index": place, "class": "json", "reason": "json: no"} for place in (1, 3)]
    assert answer.json() == {"stored": 1, "duplicate": 1, "dead": 2, "refused": refused}


def test_a_body_of_dead_letters_only_is_422_and_its_list_has_an_end(shelf, post):
    answer = post(shelf, b'{"bad":1}\n' * 150, LINES)
    assert (answer.status_code, answer.json()["dead"], answer.json()["stored"]) == (422, 150, 0)
    assert [one["index"] for one in answer.json()["refused"]] == list(range(LISTED))
    assert post(shelf, b'{"bad":1}\n{"twice":1}', LINES).status_code == 200


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(b'{"n":1}\n{"n":2}\n', mtime=0), "gzip"),
        (gzip.compress(b'{"n":1}\n', mtime=0) + gzip.compress(b'{"n":2}\n', mtime=0) + b"\0\0", "gzip"),
        (zstandard.compress(b'{"n":1}\n{"n":2}\n'), "zstd"),
        (b'{"n":1}\n{"n":2}\n', "identity"),
    ],
)
def test_packed_bodies_are_unpacked(shelf, post, packed, encoding):
    assert post(shelf, packed, LINES, content_encoding=encoding).json()["stored"] == 2
    assert shelf.values == [b'{"n":1}', b'{"n":2}']


BOMB = zlib.compressobj(9, wbits=31)
BOMB = BOMB.compress(bytes(64 << 20)) + BOMB.flush()


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status", "told"),
    [
        (b"{}", "text/plain", {}, 415, "application/json or application/x-ndjson"),
        (b"{}", "", {}, 415, "application/json"),
        (b"{}", "application/json; charset=latin-1", {}, 415, "UTF-8"),
        (b"{}", "application/x-www-form-urlencoded", {}, 415, "application/json"),
        (b"{}", "application/json", {"content_encoding": "br"}, 415, "gzip, zstd or none"),
        (b'{"a":}', "application/json", {}, 400, "invalid character (byte 5)"),
        (b"{}\n{}", "application/json", {}, 400, "content-type application/x-ndjson"),
        (b"", "application/json", {}, 400, "truncated"),
        (b"[" * 60_000, "application/json", {}, 400, "no JSON"),
        (b"no gzip", "application/json", {"content_encoding": "gzip"}, 400, "cannot be unpacked"),
        (gzip.compress(b"{}", mtime=0)[:-4], "application/json", {"content_encoding": "gzip"}, 400, "too early"),
        (gzip.compress(b"", mtime=0) * 200, "application/json", {"content_encoding": "gzip"}, 400, "100 pieces"),
        (b"no zstd", "application/json", {"content_encoding": "zstd"}, 400, "cannot be unpacked"),
        (BOMB, "application/json", {"content_encoding": "gzip"}, 413, "larger than 1,048,576 bytes"),
        (zstandard.compress(bytes(64 << 20)), "application/json", {"content_encoding": "zstd"}, 413, "larger"),
        (bytes(2 << 20), "application/json", {}, 413, "larger than 1,048,576 bytes"),
        (b"{}\n" * 21, LINES, {}, 413, "more than 20 events"),
        (b"\n" * 90, LINES, {}, 413, "more than 20 events"),
        (b"[" + b"7," * 20 + b"7]", "application/json", {}, 413, "more than 20 events"),
        (b"{}", "application/json", {"origin": "https://evil.example"}, 403, "another site"),
        (b"{}", "application/json", {"origin": "null"}, 403, "another site"),
        (b"{}", "application/json", {"origin": "http://127.0.0.1:3000"}, 403, "another site"),
        (b"{}", "application/json", {"sec_fetch_site": "cross-site"}, 403, "another site"),
        (b"{}", "application/json", {"idempotency_key": ""}, 400, "255"),
        (b"{}", "application/json", {"idempotency_key": "k" * 256}, 400, "255"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_a_sentence(post, body, kind, headers, status, told):
    shelf = Shelf(max_body=1 << 20, max_events=20)
    answer = post(shelf, body, kind, **headers)
    assert answer.status_code == status
    assert told in answer.json()["error"]
    assert shelf.values == []
    assert "retry-after" not in answer.headers


def test_a_large_body_of_nothing_but_commas_costs_no_memory():
    with pytest.raises(NotTaken, match="more commas") as caught:
        split(b"[" + b"1," * (1 << 20) + b"1]", "application/json", 50_000)
    assert caught.value.status == 413


def test_our_own_page_may_post_and_other_methods_may_not(shelf, post):
    assert post(shelf, b"{}", origin="http://127.0.0.1:8420").status_code == 200
    assert post(shelf, b"{}", origin="https://bellbuoy.example.com").status_code == 200
    for method in ("GET", "PUT", "OPTIONS", "DELETE"):
        assert post(shelf, b"", method=method).status_code == 405


def test_without_the_source_the_sentence_names_the_key(post):
    answer = post(None, b"{}")
    assert answer.status_code == 404
    assert "- http: {}" in answer.json()["error"]


def test_the_token_is_needed_where_there_is_one(shelf, post, door):
    door.server.token = Secret("t0ken")
    assert post(shelf, b"{}").status_code == 401
    assert post(shelf, b"{}", authorization="Bearer other").status_code == 401
    assert post(shelf, b"{}", authorization="Bearer t0ken").status_code == 200
    assert len(shelf.values) == 1


def test_a_repeat_with_the_same_key_gets_the_same_answer_and_stores_nothing(shelf, post):
    first = post(shelf, b'{"n":1}\n{"bad":1}', LINES, idempotency_key="a")
    again = post(shelf, b'{"n":1}\n{"bad":1}', LINES, idempotency_key="a")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    dead = post(shelf, b'{"bad":1}', idempotency_key="dead")
    assert dead.status_code == post(shelf, b'{"bad":1}', idempotency_key="dead").status_code == 422
    other = post(shelf, b'{"n":2}', LINES, idempotency_key="a")
    assert (other.status_code, "another body" in other.json()["error"]) == (422, True)
    assert post(shelf, b'{"n":1}', idempotency_key="b").json()["stored"] == 1
    assert len(shelf.values) == 4
    assert shelf.source._keys == set()


def test_the_same_key_twice_at_the_same_time_is_told_to_wait(shelf, post):
    shelf.slow, shelf.settings = True, Http(answer_within=0.01)
    late = post(shelf, b'{"n":1}', idempotency_key="a")
    assert (late.status_code, late.headers["retry-after"]) == (503, "1")
    busy = post(shelf, b'{"n":1}', idempotency_key="a")
    assert (busy.status_code, busy.headers["retry-after"]) == (409, "1")
    shelf.store()
    assert shelf.source._state.held == 0
    shelf.slow = False
    assert post(shelf, b'{"n":1}', idempotency_key="a").json()["stored"] == 1
    assert shelf.values == [b'{"n":1}']


def test_while_nothing_can_be_taken_the_client_is_told_when_to_come_again(shelf, post):
    shelf.source.pause()
    paused = post(shelf, b"{}")
    assert (paused.status_code, paused.headers["retry-after"]) == (503, "2")
    shelf.source.resume()
    assert post(shelf, b"{}").status_code == 200
    shelf.source.close()
    assert post(shelf, b"{}").status_code == 503
    assert len(shelf.values) == 1


def test_the_bytes_that_wait_have_a_limit(post):
    shelf = Shelf(waiting=1 << 20, answer_within=0.01)
    shelf.slow = True
    assert post(shelf, bytes(1 << 19), LINES).status_code == 503
    full = post(shelf, bytes((1 << 19) + 1), LINES)
    assert (full.status_code, "so much waits" in full.json()["error"]) == (503, True)
    shelf.store()
    assert shelf.source._state.held == 0


def test_a_body_that_does_not_come_is_given_up(door):
    shelf = Shelf(read_within=0.05)
    sent = []

    async def never():
        sent.append(True)
        if len(sent) == 1:
            return {"type": "http.request", "body": b'{"n"', "more_body": True}
        return await asyncio.Event().wait()

    async def go():
        answers = []

        async def send(message):
            answers.append(message)

        headers = [(b"host", b"127.0.0.1:8420"), (b"content-type", b"application/json")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "headers": headers,
            "query_string": b"",
            "raw_path": b"",
        }
        await create_app(door, shelf)(scope, never, send)
        return answers[0]["status"]

    assert asyncio.run(go()) == 408
    assert shelf.source._state.held == 0


def test_a_client_that_goes_away_leaves_nothing_behind(door, shelf):
    async def gone():
        return {"type": "http.disconnect"}

    async def go():
        async def send(message):
            pass

        headers = [(b"host", b"127.0.0.1:8420"), (b"content-type", b"application/json")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "headers": headers,
            "query_string": b"",
            "raw_path": b"",
        }
        await create_app(door, shelf)(scope, gone, send)

    asyncio.run(go())
    assert shelf.source._state.held == 0
    assert shelf.values == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(json_values), st.sampled_from([None, 1]), st.booleans())
def test_any_array_is_split_into_its_own_elements(values, indent, ascii_only):
    body = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert [
        json.loads(one.decode("utf-8", "surrogatepass")) for one in split(body, "application/json", 10**6)
    ] == values


def test_a_closed_source_tells_everybody_who_waits():
    shelf = Shelf()
    shelf.slow = True
    told = []
    room = shelf.room()
    shelf.source.offer(Posted([b"{}"], told.append, room))
    shelf.source.close()
    assert isinstance(told[0], Busy)
    assert shelf.source._state.held == 0
