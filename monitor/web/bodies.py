"""What a program posts: who may, how much, in which form. Every refusal is a status and a sentence."""

import asyncio
import io
import zlib
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec
import zstandard
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bellbuoy.monitor.web.door import ServerSettings

JSON = "application/json"
LINES = "application/x-ndjson"
MEMBERS = 100
"""Pieces that a gzip body may be put together from."""
DENSE = 10
"""Bytes for each comma, below which a large body holds no events."""
LARGE = 1 << 20
READ_WITHIN_S = 10.0
"""How long a client may take to send a small body."""
_BOM = b"\xef\xbb\xbf"
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(msgspec.Raw)


class NotTaken(Exception):  # noqa: N818 - an answer, not an error
    """A request that is not taken.

    Attributes:
        status: of HTTP.
        retry_after: seconds after which it may be sent again, or None where that would not help.
    """

    def __init__(self, status: int, why: str, retry_after: int | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.retry_after = retry_after

    def response(self) -> Response:
        """Return it as an answer."""
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return JSONResponse({"error": str(self)}, self.status, headers)


def refuse_elsewhere(server: ServerSettings, headers: Headers) -> None:
    """Refuse what a page of another site makes a browser send.

    Raises:
        NotTaken: 403.
    """
    origin = headers.get("origin")
    if origin is None and headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return
    own = {headers.get("host", "").lower()}
    if server.public_url:
        own.add(urlsplit(str(server.public_url)).netloc.lower())
    if origin is None or urlsplit(origin).netloc.lower() not in own:
        raise NotTaken(403, "a page of another site may not post here; send it from a program, without `Origin`")


def kind_of(headers: Headers, kinds: tuple[str, ...]) -> str:
    """Return the content type, one of `kinds`.

    Raises:
        NotTaken: 415.
    """
    kind, _, rest = headers.get("content-type", "").partition(";")
    kind, rest = kind.strip().lower(), rest.strip().lower().replace('"', "").replace(" ", "")
    if kind not in kinds or (rest.startswith("charset=") and rest != "charset=utf-8"):
        raise NotTaken(415, f"send content-type {' or '.join(kinds)}, in UTF-8")
    return kind


async def body_of(request: Request, most: int, within: float, grow: Callable[[int], None] = lambda _: None) -> bytes:
    """Return the body as it was sent.

    Args:
        request: whose it is.
        most: bytes that it may have.
        within: seconds that the client may take.
        grow: called with the bytes that are held so far; may refuse them.

    Raises:
        NotTaken: 413, 408, or 400 where the client went away.
    """
    told = request.headers.get("content-length", "0")
    if told.isdecimal() and int(told) > most:
        raise too_large(most)
    try:
        async with asyncio.timeout(within):
            body = bytearray()
            async for piece in request.stream():
                body += piece
                if len(body) > most:
                    raise too_large(most)
                grow(len(body))
            return bytes(body)
    except TimeoutError:
        raise NotTaken(408, f"the body did not come within {within:g} s; send it again", 1) from None
    except ClientDisconnect:
        raise NotTaken(400, "the client went away") from None


async def discard(request: Request, most: int = 16 << 20, within: float = 2.0) -> None:
    """Read on what the client still sends, within bounds: one that is cut off while sending does not see its answer."""
    size = 0
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):  # RuntimeError: all of it was read before
        async with asyncio.timeout(within):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    return


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """Return the body without its content encoding: gzip, zstd or none.

    Raises:
        NotTaken: 400 unreadable, 413 larger than `most` when unpacked, 415 another encoding.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzipped(body, most)
        case "zstd":
            try:
                reader = zstandard.ZstdDecompressor(max_window_size=8 << 20).stream_reader(
                    io.BytesIO(body), read_across_frames=True
                )
                plain: bytes = reader.read(most + 1)
            except (zstandard.ZstdError, EOFError) as error:
                raise NotTaken(400, f"the zstd body cannot be unpacked: {error}") from None
            if len(plain) > most:
                raise too_large(most)
            return plain
    raise NotTaken(415, "send content-encoding gzip, zstd or none")


def _gunzipped(body: bytes, most: int) -> bytes:
    plain = bytearray()
    left = body
    try:
        for _ in range(MEMBERS):
            member = zlib.decompressobj(31)
            plain += member.decompress(left, most + 1 - len(plain))
            if len(plain) > most:
                raise too_large(most)
            if not member.eof:
                raise NotTaken(400, "the gzip body ends too early")
            left = member.unused_data
            if not left.strip(b"\0"):
                return bytes(plain)
    except zlib.error as error:
        raise NotTaken(400, f"the gzip body cannot be unpacked: {error}") from None
    raise NotTaken(400, f"the gzip body is put together from more than {MEMBERS} pieces")


def split(body: bytes, kind: str, most: int) -> list[bytes]:
    """Return the messages in a body, each with its own bytes: one object, an array, or a line each.

    Only the frame has to be readable: a message that is no event is the reader's affair, and harms no other.

    Raises:
        NotTaken: 400 no JSON, with the byte; 413 more than `most` messages.
    """
    if kind == LINES:
        if body.count(b"\n") > 2 * most:
            raise _too_many(most)
        found = [line for line in body.removeprefix(_BOM).split(b"\n") if line and not line.isspace()]
    else:
        body = body.removeprefix(_BOM)
        if len(body) > LARGE and body.count(b",") * DENSE > len(body):
            raise NotTaken(413, "the body has more commas than events have; send fewer values, or JSON lines")
        try:
            array = body.lstrip(b" \t\r\n").startswith(b"[")
            found = [bytes(one) for one in _ARRAY.decode(body)] if array else [bytes(_ONE.decode(body))]
        except (msgspec.DecodeError, RecursionError) as error:
            raise NotTaken(400, f"no JSON: {error}; JSON lines need content-type {LINES}") from None
    if len(found) > most:
        raise _too_many(most)
    return found


def too_large(most: int) -> NotTaken:
    """Return the refusal of a body over `most` bytes."""
    return NotTaken(413, f"the body is larger than {most:,} bytes; send it in parts")


def _too_many(most: int) -> NotTaken:
    return NotTaken(413, f"the body has more than {most:,} events; send it in parts")


def key_of(headers: Headers) -> str | None:
    """Return the `Idempotency-Key`, or None.

    Raises:
        NotTaken: 400 it is empty, too long or not plain.
    """
    key = headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise NotTaken(400, "Idempotency-Key is 1 to 255 plain characters")
    return key
