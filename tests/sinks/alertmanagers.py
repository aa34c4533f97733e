"""Alertmanager itself for tests: a process of its own, asked by its own client."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from ports import free_port


class Alertmanager:
    """One that runs on the loopback, groups by workflow and tells `hook`.

    Args:
        server: its program.
        client: amtool.
        folder: where its data and its log go.
        hook: address that it notifies.
    """

    def __init__(self, server: Path, client: Path, folder: Path, hook: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.server, self.client, self.folder = server, client, folder
        self.url = f"http://127.0.0.1:{free_port()}"
        route = {"receiver": "hook", "group_by": ["workflow"], "group_wait": "1s", "group_interval": "1s"}
        told = {"name": "hook", "webhook_configs": [{"url": hook}]}
        (folder / "alertmanager.yml").write_text(json.dumps({"route": route, "receivers": [told]}))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.server,
                    f"--config.file={self.folder}/alertmanager.yml",
                    f"--storage.path={self.folder}/data",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def ask(self, *arguments: str) -> str:
        """Return what amtool prints."""
        command = [self.client, f"--alertmanager.url={self.url}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    def alerts(self, *matchers: str) -> list[dict[str, Any]]:
        """Return the alerts that fire, as amtool shows them."""
        found = json.loads(self.ask("alert", "query", "--output=json", *matchers))
        assert isinstance(found, list)
        return found

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            self.alerts()
        except subprocess.CalledProcessError:
            return False
        return True


def until(condition: Any, what: Any, seconds: float = 30.0) -> Any:
    """Ask until the answer is true, and return it; `what` tells what was there instead."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what()}"
        time.sleep(0.05)  # between two looks
    return found
