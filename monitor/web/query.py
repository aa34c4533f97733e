"""`POST /v1/query`: one SELECT in, JSON lines or an Arrow stream out."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bellbuoy.monitor.web.door import Answer, Door, QueryRefused

ARROW = "application/vnd.apache.arrow.stream"
LINES = "application/x-ndjson"
MAX_BODY = 64 << 10
ROWS_AT_ONCE = 1000


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the request: the SQL and, unless Accept says it, the format."""

    sql: str
    format: str | None = None


async def query(door: Door, request: Request) -> Response:
    """Answer one query; the whole JSON body is at most 64 KiB."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return _refused(415, 'send JSON, content-type application/json: {"sql": "select …"}')
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            return _refused(413, f"the body is larger than {MAX_BODY} bytes")
    try:
        question = msgspec.json.decode(bytes(body), type=Question)
        kind = _kind(question.format, request.headers.get("accept", ""))
        answer = await run_in_threadpool(door.ask, question.sql)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _refused(400, f'{error}; send {{"sql": "select …", "format": "jsonl"}}')
    except QueryRefused as refusal:
        return _refused(refusal.status, str(refusal))
    headers = {"bellbuoy-truncated": "true" if answer.truncated else "false"}
    if answer.note:
        headers["bellbuoy-note"] = answer.note.encode("ascii", "replace").decode().replace("\n", " ")[:400]
    if kind == ARROW:
        return Response(await run_in_threadpool(_arrow, answer), media_type=ARROW, headers=headers)
    return StreamingResponse(_lines(answer), media_type=LINES, headers=headers)


def _kind(wanted: str | None, accept: str) -> str:
    kinds = {"jsonl": LINES, "arrow": ARROW}
    if wanted is None:
        return ARROW if ARROW in accept else LINES
    if wanted not in kinds:
        raise QueryRefused(f"no format is named {wanted!r}; there are jsonl and arrow")
    return kinds[wanted]


def _arrow(answer: Answer) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, answer.table.schema) as writer:
        writer.write_table(answer.table)
    return sink.getvalue()


def _lines(answer: Answer) -> Iterator[bytes]:
    """Yield rows as JSON objects; instants are UTC and say so, a repeated column name gets a number."""
    encoder = msgspec.json.Encoder(enc_hook=str, decimal_format="number")
    table = answer.table.rename_columns(_distinct(answer.table.column_names))
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        yield b"".join(encoder.encode(_plain(row)) + b"\n" for row in batch.to_pylist())


def _distinct(names: list[str]) -> list[str]:
    """Return the names with `_2`, `_3`, … behind those that were there before."""
    given: list[str] = []
    for name in names:
        number, fresh = 1, name
        while fresh in given:
            number += 1
            fresh = f"{name}_{number}"
        given.append(fresh)
    return given


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _refused(status: int, why: str) -> Response:
    headers = {"retry-after": "5"} if status in {429, 503} else None
    return JSONResponse({"error": why}, status, headers)
