"""Our own Slack for tests: keeps a ledger of what it took, checks blocks with our linter, fails as it is told.

Usable from any test: `with FakeSlack() as slack: Slack(channel="C0AGENTS", bot_token=Secret(slack.token), api_url=slack.api_url)`.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from bellbuoy.sinks.lint import lint, markup
from bellbuoy.sinks.testing_receiver import Fault, Receiver, Reply, Request

CHANNEL = "C0AGENTS"
SCOPES = {"chat:write", "files:write", "files:read", "channels:history"}


@dataclass
class Message:
    """A message as it stands: after its last edit."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any]
    thread_ts: str | None = None
    broadcast: bool = False
    edits: int = 0


@dataclass
class File:
    name: str
    body: bytes = b""
    complete: bool = False
    looks: int = 0


@dataclass
class Call:
    """A call that was taken: `method` without "/api/", its arguments."""

    method: str
    arguments: dict[str, Any] = field(repr=False)


class RefusalError(Exception):
    pass


class FakeSlack(Receiver):
    """Slack's Web API as far as the sink uses it.

    Attributes:
        token: the only one that is taken; None takes any.
        scopes: what the token may do.
        refused: kinds of blocks that this workspace refuses; "*" for all of them.
        lost: codes to answer once, by method: `{"chat.update": ["message_not_found"]}`.
        bot, member, archived: whether the token is a bot's, whether that is in the channel, whether it is archived.
        looks: how often `files.info` is asked before an image is ready.
        mention: the call that the sink may put into a message.
        findings: what the linter said about what arrived; empty when all is well.
    """

    def __init__(self, token: str | None = "xoxb-fake", *, mention: str = "") -> None:
        super().__init__()
        self.token = token
        self.scopes = set(SCOPES)
        self.channels = {"#agents": CHANNEL, "agents": CHANNEL, CHANNEL: CHANNEL}
        self.refused: set[str] = set()
        self.lost: dict[str, list[str]] = {}
        self.looks = 1
        self.bot = self.member = True
        self.archived = False
        self.mention = mention
        self.ledger: dict[str, Message] = {}
        self.files: dict[str, File] = {}
        self.calls: list[Call] = []
        self.findings: list[str] = []

    @property
    def api_url(self) -> str:
        return f"{self.url}api/"

    @property
    def posts(self) -> list[Message]:
        """Messages in the channel, oldest first."""
        return [message for message in self.ledger.values() if message.thread_ts is None]

    @property
    def replies(self) -> list[Message]:
        return [message for message in self.ledger.values() if message.thread_ts is not None]

    @property
    def messages(self) -> int:
        return len(self.posts)

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def meant(self, fault: Fault, path: str) -> bool:
        return (fault.path or "chat.postMessage") in path

    def respond(self, request: Request) -> Reply:
        if request.path.startswith("/upload/"):
            self.files[request.path.rsplit("/", 1)[1]].body = request.body
            return Reply()
        method = request.path.removeprefix("/api/")
        try:
            answer = self._answer(method, request)
        except RefusalError as refusal:
            code, _, needed = str(refusal).partition(" ")
            return _json({"ok": False, "error": code, **({"needed": needed} if needed else {})})
        self.accepted.append(request)
        return _json({"ok": True, **answer}, {"X-OAuth-Scopes": ",".join(sorted(self.scopes))})

    def _answer(self, method: str, request: Request) -> dict[str, Any]:
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            raise RefusalError("invalid_auth")
        if self.lost.get(method):
            raise RefusalError(self.lost[method].pop(0))
        arguments = _arguments(request)
        name = "channel" if method == "conversations.info" else method.split(".")[1].lower()
        answer: dict[str, Any] = getattr(self, f"do_{name}")(arguments)
        self.calls.append(Call(method, arguments))
        return answer

    def _needs(self, scope: str) -> None:
        if scope not in self.scopes:
            raise RefusalError(f"missing_scope {scope}")

    def _check(self, arguments: dict[str, Any]) -> None:
        blocks = arguments.get("blocks") or []
        self.findings += lint(blocks, self.mention) + markup(arguments.get("text", ""), self.mention)
        self.findings += [] if arguments.get("text") else ["no text"]
        self.findings += ["text of more than 300 characters"] if len(arguments["text"]) > 300 and blocks else []
        for block in blocks:
            if block["type"] in self.refused or "*" in self.refused:
                raise RefusalError("invalid_blocks")
            if block["type"] == "image":
                file = self.files.get(block["slack_file"]["id"])
                if file is None or not file.complete or file.looks < self.looks:
                    raise RefusalError("invalid_blocks")

    def do_test(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": "U0BOT", "user": "bellbuoy", "team": "Fake", **({"bot_id": "B0BOT"} if self.bot else {})}

    def do_channel(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("channels:read")
        if arguments["channel"] != CHANNEL:
            raise RefusalError("channel_not_found")
        return {"channel": {"id": CHANNEL, "is_member": self.member, "is_archived": self.archived, "is_private": False}}

    def do_delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if "file" in arguments:
            self._needs("files:write")
            del self.files[arguments["file"]]
        else:
            del self.ledger[arguments["ts"]]
        return {}

    def do_postmessage(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("chat:write")
        channel = self.channels.get(arguments["channel"])
        if channel is None:
            raise RefusalError("channel_not_found")
        thread = arguments.get("thread_ts")
        if thread is not None and thread not in self.ledger:
            raise RefusalError("thread_not_found")
        self._check(arguments)
        ts = f"{1795000000 + len(self.ledger)}.000100"
        self.ledger[ts] = Message(
            channel,
            ts,
            arguments["text"],
            arguments.get("blocks") or [],
            arguments.get("metadata") or {},
            thread,
            bool(arguments.get("reply_broadcast")),
        )
        return {"channel": channel, "ts": ts}

    def do_update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        message = self.ledger.get(arguments["ts"])
        if message is None or arguments["channel"] != message.channel:
            raise RefusalError("message_not_found")
        self._check(arguments)
        message.text = arguments["text"]
        message.blocks = arguments.get("blocks") or []
        message.metadata = arguments.get("metadata") or message.metadata
        message.edits += 1
        return {"channel": message.channel, "ts": message.ts}

    def do_getpermalink(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["message_ts"] not in self.ledger:
            raise RefusalError("message_not_found")
        return {
            "permalink": f"https://fake.slack.example/archives/{CHANNEL}/p{arguments['message_ts'].replace('.', '')}"
        }

    def do_history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("channels:history")
        if arguments["channel"] != CHANNEL:
            raise RefusalError("channel_not_found")
        if not self.member:
            raise RefusalError("not_in_channel")
        return {"messages": [_shown(message) for message in reversed(self.posts)]}

    def do_replies(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("channels:history")
        thread = [self.ledger[arguments["ts"]], *(m for m in self.replies if m.thread_ts == arguments["ts"])]
        return {"messages": [_shown(message) for message in thread]}

    def do_getuploadurlexternal(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("files:write")
        file = f"F{len(self.files):09d}"
        self.files[file] = File(arguments["filename"])
        return {"upload_url": f"{self.url}upload/{file}", "file_id": file}

    def do_completeuploadexternal(self, arguments: dict[str, Any]) -> dict[str, Any]:
        files = arguments["files"]
        for item in json.loads(files) if isinstance(files, str) else files:
            self.files[item["id"]].complete = True
        return {"files": []}

    def do_info(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._needs("files:read")
        file = self.files[arguments["file"]]
        file.looks += 1
        return {"file": {"id": arguments["file"], "mimetype": "image/png" if file.looks >= self.looks else ""}}


def _arguments(request: Request) -> dict[str, Any]:
    if "json" in request.headers.get("content-type", ""):
        return dict(json.loads(request.body))
    return dict(parse_qsl(request.body.decode()))


def _shown(message: Message) -> dict[str, Any]:
    return {"ts": message.ts, "text": message.text, "blocks": message.blocks, "metadata": message.metadata}


def _json(answer: dict[str, Any], headers: dict[str, str] | None = None) -> Reply:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(200, json.dumps(answer).encode(), {**kind, **(headers or {})})
