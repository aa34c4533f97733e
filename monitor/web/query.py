"""`POST /v1/query`: one SELECT in, JSON lines or an Arrow stream out."""

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
