"""The Slack emulator of the npm package `emulate` as a process on the loopback: a Slack that we did not write.

Usable from any test: `with Emulator(bring()) as slack: Slack(channel=slack.channel, bot_token=Secret(slack.token),
api_url=slack.api_url)`. It wants Node 22 or newer and npm, which `tools/need` finds or brings; `bring` raises
`AbsentError` with the reason where it cannot.
"""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Self

from ports import free_port

VERSION = "0.12.2"
ROOT = Path(__file__).resolve().parents[2]
TOKEN = "xoxb-bellbuoy-emulator"
CHANNEL = "agents"
SCOPES = ["chat:write", "files:write", "files:read", "channels:history", "channels:read"]


class AbsentError(Exception):
    """The emulator cannot be had here; the text says why."""


def need(tool: str) -> str:
    """Return the path of a tool, brought by `tools/need` where it is not there yet."""
    done = subprocess.run([ROOT / "tools/need", tool], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise AbsentError((done.stderr.strip() or f"tools/need {tool} failed").splitlines()[-1])
    return done.stdout.strip().splitlines()[-1]


def bring() -> tuple[str, Path]:
    """Return Node and the emulator's program; installed once into `.tools/`, by the lock file beside this module."""
    node = need("node")
    folder = ROOT / ".tools" / f"emulate-{VERSION}"
    program = folder / "node_modules/emulate/dist/index.js"
    if not program.exists():
        npm = need("npm")
        folder.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".emulate-", dir=folder.parent))
        try:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(Path(__file__).parent / "emulate" / name, fresh)
            path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
            command = [npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(
                command,
                cwd=fresh,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            if done.returncode:
                raise AbsentError(
                    f"npm ci of emulate {VERSION} ended with {done.returncode}: {done.stderr.strip()[-200:]}"
                )
            fresh.chmod(0o755)
            try:
                fresh.rename(folder)
            except OSError:
                if not program.exists():  # otherwise another process was faster, and its copy is as good
                    raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return node, program


class Emulator:
    """A running Slack with one channel and one token; use it in a `with` statement.

    Attributes:
        api_url: for the sink's `api_url`.
        token: for the sink's `bot_token`.
        channel: id of the channel.
    """

    def __init__(self, program: tuple[str, Path]) -> None:
        self.program = program
        self.token = TOKEN
        self.channel = ""
        self.url = ""

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def __enter__(self) -> Self:
        self.folder = tempfile.TemporaryDirectory()
        seed = Path(self.folder.name) / "seed.json"
        bot = {"token": TOKEN, "type": "bot", "user": "admin", "scopes": SCOPES}
        seed.write_text(
            json.dumps({"slack": {"channels": [{"name": CHANNEL}], "tokens": [bot], "strict_scopes": True}})
        )
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        node, script = self.program
        self.process = subprocess.Popen(
            [node, script, "start", "--service", "slack", "--port", str(port), "--base-url", self.url, "--seed", seed],
            cwd=self.folder.name,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "Ready" in line:
                break
        else:
            self.__exit__()
            raise AbsentError(f"the emulator ended before it was ready: {''.join(said)[-300:]}")
        names = {channel["name"]: channel["id"] for channel in self.ask("conversations.list")["channels"]}
        self.channel = names[CHANNEL]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.folder.cleanup()

    def ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method of the API and return its answer."""
        request = urllib.request.Request(
            self.api_url + method,
            json.dumps(arguments).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        assert answer["ok"], f"{method}: {answer}"
        return answer

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages of the channel as they stand, oldest first."""
        return self.ask("conversations.history", channel=self.channel, limit=1000)["messages"][::-1]

    def replies(self, ts: str) -> list[dict[str, Any]]:
        """Return the replies to a message, oldest first, without the message itself."""
        return [
            said
            for said in self.ask("conversations.replies", channel=self.channel, ts=ts)["messages"]
            if said["ts"] != ts
        ]

    def files(self) -> list[dict[str, Any]]:
        """Return the uploaded files."""
        return self.ask("files.list")["files"]
