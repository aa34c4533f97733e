"""Incidents on their way to a Slack that limits, fails, resets, hangs and is not found, while the sending process is killed."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from bellbuoy.monitor.store import Store
from bellbuoy.sinks.testing_receiver import Fault

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "sinks")]

from fake_slack import FakeSlack  # noqa: E402 - beside the sinks' tests
from fault_proxy import FaultProxy  # noqa: E402
from sending_life import plan  # noqa: E402

pytestmark = [pytest.mark.timeout(3600), pytest.mark.long]
INCIDENTS = int(os.environ.get("BELLBUOY_PAGES", "16"))
SPEED = 100.0
LONGEST_S = 3600.0
LIMITED = [Fault(status=429, headers={"Retry-After": str(wait)}, body=b'{"ok":false}') for wait in (1, 3, 20)]
BROKEN = [Fault(status=status, body=b"no") for status in (500, 502, 503)]
NOT_TAKEN, TAKEN = [Fault("reset_before"), Fault("hang_before")], [Fault("reset_after"), Fault("hang_after")]


class Storm(FaultProxy):
    """Fails one request in eight; notes when a post was asked for, and which answers were lost on the way back."""

    def __init__(self, upstream, chance):
        super().__init__(upstream)
        self.chance = chance
        self.faults = Counter()
        self.lost_posts = 0
        self.asked_at = []

    def fault_for(self, path):
        with self.lock:
            if "chat.postMessage" in path:
                self.asked_at.append(time.monotonic())
            if self.chance.random() >= 1 / 8:
                return None
            fault = self.chance.choice([*LIMITED, *BROKEN, *NOT_TAKEN, *TAKEN])
            self.faults[fault.kind if fault.kind != "status" else fault.status] += 1
            self.lost_posts += fault in TAKEN and "chat.postMessage" in path
            return fault


class Ledger(FakeSlack):
    """Notes what was said by posts and edits, in their order."""

    def __init__(self):
        super().__init__()
        self.said = []

    def do_postmessage(self, arguments):
        answer = super().do_postmessage(arguments)
        self.said.append((arguments.get("thread_ts") is not None, arguments["metadata"]["event_payload"]))
        return answer

    def do_update(self, arguments):
        answer = super().do_update(arguments)
        self.said.append((False, arguments["metadata"]["event_payload"]))
        return answer


@pytest.mark.parametrize("searches", [True, False], ids=["history", "no history"])
def test_every_change_arrives_in_order_and_only_what_was_lost_on_the_way_comes_twice(tmp_path, searches):
    seed = int(os.environ.get("BELLBUOY_SEED", "0")) or random.SystemRandom().randint(1, 10**9)
    chance = random.Random(seed)
    with Ledger() as slack, Storm(slack.url, chance) as proxy:
        if not searches:
            slack.scopes.discard("channels:history")
        kills = _lives(tmp_path / "pages.duckdb", f"{proxy.url}api/", seed, chance)
        changes = {key: number for key, number, *_ in plan(seed, INCIDENTS)}
        heads, replies = Counter(), {}
        shown = dict.fromkeys(changes, 0)
        for threaded, said in slack.said:
            key = said["incident"]
            if threaded:
                replies.setdefault(key, []).append(said["told"])
            else:
                assert said["change"] >= shown[key], f"{key} shows an older state"
                shown[key] = said["change"]
        for message in slack.posts:
            heads[message.metadata["event_payload"]["incident"]] += 1
        extra = sum(heads.values()) - len(heads) + sum(len(own) - len(set(own)) for own in replies.values())
        told = {
            "incidents": len(heads), "changes": sum(changes.values()), "kills": kills, "faults": dict(proxy.faults),
            "answers lost": proxy.lost_posts, "posts": len(proxy.asked_at), "extra": extra,
        }  # fmt: skip
        sys.stdout.write(f"{told}, seed {seed}\n")
        assert shown == changes, "each message shows the last state"
        for key, last in changes.items():
            own = replies.get(key, [])
            assert own == sorted(own), f"{key} is told out of order"
            first = next(m.metadata["event_payload"]["change"] for m in slack.posts if _of(m) == key) if last else 0
            assert last in (1, first) or (own and own[-1] == last), f"{key}: a change is told nowhere"
        assert extra <= proxy.lost_posts + kills
        gaps = [(after - before) * SPEED for before, after in pairwise(proxy.asked_at)]
        assert min(gaps) >= 1.0, "one message a second at most"
        assert slack.findings == []
        assert kills >= 3
        assert sum(proxy.faults.values()) > INCIDENTS / 4


def _of(message):
    return message.metadata["event_payload"]["incident"]


def _lives(path, url, seed, chance):
    """Run lives until all is sent, each killed after a while; return how many were killed once they had begun."""
    kills = 0
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        command = [sys.executable, HERE / "sending_life.py", path, url, str(SPEED), str(seed), str(INCIDENTS)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as life:
            began = life.stdout.readline()
            assert began == "began\n", f"it ended with {life.wait()}"
            killer = threading.Timer(chance.uniform(0.3, 1.0 + INCIDENTS / 40), life.kill)
            killer.start()
            ended = life.stdout.readline() == "done\n"
            killer.cancel()
        if ended:
            break
        kills += 1
    else:
        pytest.fail("it does not come to an end")
    with Store.open(path) as store:
        assert store.cursor().execute("SELECT count(*) FROM outbox WHERE state <> 'sent'").fetchone() == (0,)
    return kills
