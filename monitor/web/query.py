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
"""

import io

import msgspec
import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bellbuoy.monitor.json_lines import lines
from bellbuoy.monitor.web.door import Answer, Door, QueryRefused

ARROW = "application/vnd.apache.arrow.stream"
LINES = "application/x-ndjson"
MAX_BODY = 64 << 10


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
    return StreamingResponse(lines(answer.table), media_type=LINES, headers=headers)


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


def _refused(status: int, why: str) -> Response:
    headers = {"retry-after": "5"} if status in {429, 503} else None
    return JSONResponse({"error": why}, status, headers)
