"""`POST /v1/query`: one SELECT in; JSON lines, JSON, CSV, an Arrow stream or Parquet out.

The request is JSON (`content-type: application/json`, at most 64 KiB) with these keys and no others:

| key | meaning |
|---|---|
| `sql` | the SELECT, at most `query.text` bytes |
| `format` | `jsonl` (unless `Accept` names another), `json`, `csv`, `arrow`, `parquet` |
| `explain` | true: the plan instead of the rows, as columns `explain_key` and `explain_value`; nothing is run |
| `limit` | rows that the answer may have; only lowers `query.rows` |
| `timeout` | seconds that it may run; only lowers `query.seconds` |

`Accept` says the same by media type: `application/x-ndjson`, `application/json`, `text/csv`,
`application/vnd.apache.arrow.stream`, `application/vnd.apache.parquet`; `format` wins.

An answer is 200 with these headers:

| header | meaning |
|---|---|
| `bellbuoy-took-ms` | milliseconds that it took, one decimal |
| `bellbuoy-rows` | rows of the answer |
| `bellbuoy-as-of` | what is judged up to here, `2026-11-21T12:00:00Z`; absent before the first tick |
| `bellbuoy-truncated` | `true` when a limit cut it off, else `false` |
| `bellbuoy-note` | which limit, and the way out; absent where there is nothing to say |

`json` is one object `{"columns": [{"name", "type"}], "rows": [[…]], "took_ms", "as_of", "truncated", "note"}`, where
`as_of` and `note` may be null and `type` is DuckDB's name. In `jsonl`, `csv`, `arrow` and `parquet` a repeated column
name gets `_2`, `_3`, …

Anything else is `{"error": "a sentence"}` with the status 400 (not allowed, or not understood), 403 (switched off),
408 (too slow), 413 and 415 (the body), 429 (too many at once, with `retry-after`), 503 (not now, with `retry-after`).
A query whose client goes away is interrupted, or gives up its turn.
"""

import asyncio
import csv
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import anyio.to_thread
import msgspec
import pyarrow as pa
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bellbuoy.monitor.json_lines import ENCODER, distinct, lines, plain, values
from bellbuoy.monitor.web.bodies import JSON, READ_WITHIN_S, NotTaken, body_of, kind_of
from bellbuoy.monitor.web.door import Answer, Ask, Door, QueryRefused

MEDIA = {
    "jsonl": "application/x-ndjson",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
MAX_BODY = 64 << 10
ROWS_AT_ONCE = 2048
SLOTS = CapacityLimiter(130)
"""Threads in which queries run and wait: their own, so that pages never wait for one. The gate bounds them before."""


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the request; see the head of this file."""

    sql: str
    format: str | None = None
    explain: bool = False
    limit: int | None = None
    timeout: float | None = None


async def query(door: Door, request: Request) -> Response:
    """Answer one query; the whole JSON body is at most 64 KiB."""
    try:
        kind_of(request.headers, (JSON,))
        question = msgspec.json.decode(await body_of(request, MAX_BODY, READ_WITHIN_S), type=Question)
        form = _form(question.format, request.headers.get("accept", ""))
        answer = await _answered(door, _asked(question), request)
    except NotTaken as refusal:
        return refusal.response()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _refused(400, f'{error}; send {{"sql": "select …", "format": "jsonl"}}')
    except QueryRefused as refusal:
        return _refused(refusal.status, str(refusal))
    headers = _headers(answer)
    if form in WHOLE:
        try:
            made = await anyio.to_thread.run_sync(WHOLE[form], answer, limiter=SLOTS)
        except (pa.ArrowException, MemoryError) as error:
            told = str(error).split("\n", 1)[0][:400]
            return _refused(400, f"the answer cannot be written as {form}: {told}; try jsonl or arrow")
        return Response(made, media_type=MEDIA[form], headers=headers)
    return StreamingResponse(STREAMED[form](answer), media_type=MEDIA[form], headers=headers)


async def _answered(door: Door, asked: Ask, request: Request) -> Answer:
    """Ask in a thread, and tell the query when whoever asked has gone."""
    gone = threading.Event()
    watch = asyncio.create_task(_tell_when_gone(request, gone))
    try:
        return await anyio.to_thread.run_sync(door.ask, replace(asked, gone=gone), limiter=SLOTS)
    finally:
        watch.cancel()


async def _tell_when_gone(request: Request, gone: threading.Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":  # the body has been read: nothing else comes
        pass
    gone.set()


def _asked(question: Question) -> Ask:
    if question.limit is not None and question.limit < 1:
        raise QueryRefused("limit: at least 1 row")
    if question.timeout is not None and not 0 < question.timeout < float("inf"):
        raise QueryRefused("timeout: seconds, more than 0")
    return Ask(question.sql, question.explain, question.limit, question.timeout)


def _form(wanted: str | None, accept: str) -> str:
    if wanted is None:
        given = {media.partition(";")[0].strip().lower() for media in accept.split(",")}
        return next((form for form, media in MEDIA.items() if media.partition(";")[0] in given), "jsonl")
    if wanted not in MEDIA:
        raise QueryRefused(f"no format is named {wanted!r}; there are {', '.join(MEDIA)}")
    return wanted


def _headers(answer: Answer) -> dict[str, str]:
    headers = {
        "bellbuoy-took-ms": f"{answer.took_ms:.1f}",
        "bellbuoy-rows": str(answer.table.num_rows),
        "bellbuoy-truncated": "true" if answer.truncated else "false",
    }
    if answer.as_of is not None:
        headers["bellbuoy-as-of"] = _instant(answer.as_of)
    if answer.note:
        headers["bellbuoy-note"] = answer.note.encode("ascii", "replace").decode().replace("\n", " ")[:400]
    return headers


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(answer: Answer) -> Iterator[bytes]:
    """Yield one object, its rows some thousand at a time."""
    names, types = answer.table.column_names, answer.types or [str(field.type) for field in answer.table.schema]
    heads = [{"name": name, "type": kind} for name, kind in zip(names, types, strict=True)]
    yield b'{"columns": ' + ENCODER.encode(heads) + b', "rows": ['
    comma = b""
    for batch in answer.table.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = [values(column) for column in batch.columns]
        rows = [ENCODER.encode([plain(value) for value in row]) for row in zip(*columns, strict=True)]
        if rows:
            yield comma + b",\n".join(rows)
            comma = b",\n"
    rest = {
        "took_ms": round(answer.took_ms, 1),
        "as_of": None if answer.as_of is None else _instant(answer.as_of),
        "truncated": answer.truncated,
        "note": answer.note or None,
    }
    yield b"], " + ENCODER.encode(rest)[1:] + b"\n"


def _csv(answer: Answer) -> Iterator[bytes]:
    """Yield a head and the rows; instants are UTC, nested values are JSON, NULL is empty."""
    text = io.StringIO()
    written = csv.writer(text, lineterminator="\n")
    written.writerow(distinct(answer.table.column_names))
    for batch in answer.table.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = [values(column) for column in batch.columns]
        written.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    written = ENCODER.encode(plain(value)).decode()
    return written[1:-1] if written.startswith('"') else written


def _arrow(answer: Answer) -> bytes:
    table, sink = answer.table.rename_columns(distinct(answer.table.column_names)), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=ROWS_AT_ONCE)
    return sink.getvalue()


def _parquet(answer: Answer) -> bytes:
    """Return Parquet, written a slice at a time: never more than the answer and its compressed form in memory."""
    import pyarrow.parquet as pq

    table, sink = answer.table.rename_columns(distinct(answer.table.column_names)), io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        for start in range(0, table.num_rows, 16 * ROWS_AT_ONCE):
            writer.write_table(table.slice(start, 16 * ROWS_AT_ONCE))
    return sink.getvalue()


def _lines(answer: Answer) -> Iterator[bytes]:
    return lines(answer.table)


STREAMED: dict[str, Callable[[Answer], Iterator[bytes]]] = {"jsonl": _lines, "json": _json, "csv": _csv}
WHOLE: dict[str, Callable[[Answer], bytes]] = {"arrow": _arrow, "parquet": _parquet}


def _refused(status: int, why: str) -> Response:
    headers = {"retry-after": "5"} if status in {429, 503} else None
    return JSONResponse({"error": why}, status, headers)
