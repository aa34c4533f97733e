"""From the end of a tick to the message in Slack: how long people wait for what is known already.

Slack is a receiver on the loopback that takes everything at once: what is measured is ours, the chart's drawing and upload included.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence

import numpy as np

from bellbuoy.bench.machine import busy
from bellbuoy.bench.tick import DAY, HISTORY_D, START, STEPS, Feed
from bellbuoy.config.load import load_text
from bellbuoy.monitor.clock import SystemClock
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.metrics import Metrics
from bellbuoy.monitor.notify import senders
from bellbuoy.monitor.store import Store
from bellbuoy.sinks.base import Secret
from bellbuoy.sinks.slack import Slack, Storm
from bellbuoy.sinks.testing_receiver import Receiver, Reply, Request

TARGET_S = 5.0
"""99th percentile that is promised for 1,000 series; a thousand steps have more."""
FAILURES = 60
"""Failed attempts that make an incident in one tick."""
LONGEST_S = 60.0
CHANNEL = "C0AGENTS"

CONFIG = """
version: 1
sources: [{ files: { path: none.jsonl } }]
sinks: { slack: { console: {} } }
routes: [{ to: [slack] }]
"""


class Taking(Receiver):
    """A Slack that takes everything, and tells when it got a message.

    Attributes:
        came: set by each message.
        at: when the last one came, seconds of the monotonic clock.
        charted: whether the last one that is no reply showed a chart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()
        self.at = 0.0
        self.charted = False

    def respond(self, request: Request) -> Reply:
        """Answer as Slack does where all is well."""
        answer: dict[str, object] = {"ok": True}
        if request.path.endswith("chat.postMessage"):
            self.at = time.monotonic()
            if b"thread_ts" not in request.body:
                self.charted = b"slack_file" in request.body
                self.came.set()
            answer |= {"channel": CHANNEL, "ts": f"{self.at:.6f}"}
        elif request.path.endswith("getUploadURLExternal"):
            answer |= {"upload_url": f"{self.url}upload", "file_id": "F0"}
        elif request.path.endswith("files.info"):
            answer |= {"file": {"id": "F0", "mimetype": "image/png"}}
        return Reply(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


def main(argv: Sequence[str] | None = None) -> int:
    """Print seconds from the end of a tick to the message; 1 when the slowest of a hundred is later than promised."""
    parser = argparse.ArgumentParser(prog="bellbuoy bench pages", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000, help="how many steps are judged (default: 1000)")
    parser.add_argument("--pages", type=int, default=100, help="how many incidents, one a tick (default: 100)")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args(argv)
    if (why := busy()) and not options.anyway:
        print(why, file=sys.stderr)
        return 1
    waited = np.array(waits(options.steps // STEPS * STEPS, options.pages))
    p50, p99 = np.quantile(waited, (0.5, 0.99), method="higher")
    print(
        f"{options.steps} steps, {len(waited)} incidents: p50 {p50:.2f} s, p99 {p99:.2f} s, slowest {waited.max():.2f} s"
    )
    if p99 > TARGET_S:
        print(f"missed: p99 {p99:.2f} s, promised {TARGET_S:.0f}")
    return int(p99 > TARGET_S)


def waits(size: int, pages: int) -> list[float]:
    """Return the seconds from the end of a tick, in which one step of many goes bad, to the message about it.

    Args:
        size: how many steps.
        pages: how many incidents, each of another workflow.

    Raises:
        SystemExit: an incident was not told.
    """
    config = load_text(CONFIG)
    found = []
    with Taking() as slack, Store.open(None, config.store) as store:
        store.follow(config)
        feed = Feed(store, size, np.random.default_rng(20_261_129))
        feed.events(START)
        feed.history(HISTORY_D)
        evaluation = Evaluation(store, config)
        sink = Slack(CHANNEL, Secret("xoxb-bench"), api_url=f"{slack.url}api/", storm=Storm(incidents=10**6))
        (sender,) = senders(config, store, {"slack": sink}, SystemClock(), Metrics())
        stop = threading.Event()
        thread = threading.Thread(target=sender.run, args=(stop,), name="send")
        thread.start()
        try:
            for place in range(-1, min(pages, size // STEPS)):
                at = START + HISTORY_D * DAY + 300 * (place + 1)
                feed.events(at)
                if place < 0:  # the first tick of a day fits all baselines
                    evaluation.advance(at + 300)
                    continue
                feed.failures(at, place * STEPS, FAILURES)
                slack.came.clear()
                began = time.monotonic()
                evaluation.advance(at + 300)
                sender.wake.set()
                if not slack.came.wait(LONGEST_S):
                    raise SystemExit(f"incident {place + 1} was not told within {LONGEST_S:.0f} s")
                found.append(slack.at - began)
                if not slack.charted:
                    raise SystemExit(f"incident {place + 1} was told without its chart")
                time.sleep(sink.pace + 0.2)  # ticks are minutes apart: no page waits for the one before it
        finally:
            stop.set()
            sender.wake.set()
            thread.join()
    return found


if __name__ == "__main__":
    sys.exit(main())
