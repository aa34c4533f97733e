"""What doctor says of the daemon and its detectors, each thing broken in turn, from what a daemon would answer."""

from dataclasses import replace

import pytest

from bellbuoy.config.load import digest, load
from bellbuoy.config.model import Heartbeat
from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.doctor import running, watching
from bellbuoy.monitor.doctor.knowing import Knowing, Unknown
from bellbuoy.monitor.judging.sight import Sight
from bellbuoy.monitor.version import VERSION

NOW = 1_795_000_000.0


class Told(Knowing):
    """A daemon that answers what a test says; `holder` None is none that runs."""

    holder = 4711
    listens = True

    def __init__(self, config, **answers):
        super().__init__(config, VirtualClock(NOW))
        self.answers = {"/livez?verbose": "[+] judging: ok\nok\n", "/readyz?verbose": "[+] store: ok\nok\n", **answers}
        self.seen, self.found = [], []

    def plain(self, path):
        if path not in self.answers:
            raise Unknown(f"the daemon at {self.url} wants its token.")
        return self.answers[path]

    def sights(self):
        return self.seen

    def rows(self, sql):
        return self.found


def of(config, metrics="", **more):
    return Told(config, **{"/metrics": "".join(f"bellbuoy_{line}\n" for line in metrics.splitlines()), **more})


def test_a_daemon_that_is_well_is_told(configured, said):
    know = of(configured())
    assert said(running.running(know)) == [("ok", f"process 4711 answers at {know.url}, alive and ready")]


def test_no_daemon_is_no_fault(configured, said):
    know = of(configured())
    know.holder, know.listens = None, False
    assert said(running.running(know)) == [
        ("warn", f"no daemon runs: nothing answers at {know.url}; start it with `bellbuoy run`")
    ]
    assert said(running.loaded("x", know)) == []


@pytest.mark.parametrize(
    ("holder", "listens", "sentence"),
    [(None, True, "and does not hold"), (12, False, "process 12 holds the store, and nothing answers at")],
)
def test_another_program_at_the_address_or_a_daemon_that_does_not_answer_is_a_fault(
    configured, said, holder, listens, sentence
):
    know = of(configured())
    know.holder, know.listens = holder, listens
    ((level, line),) = said(running.running(know))
    assert level == "fail"
    assert sentence in line


def test_a_health_check_that_fails_is_named_with_its_reason(configured, said):
    broken = "[-] draining: stopping\n[-] store: no space: make room\n[+] ingest: ok\nfailed\n"
    assert said(running.running(of(configured(), **{"/readyz?verbose": broken}))) == [
        ("fail", "/readyz says no, for draining: stopping; its log says more"),
        ("fail", "/readyz says no, for store: no space: make room; its log says more"),
    ]


def test_a_changed_configuration_and_another_version_are_named(configured, said, tmp_path):
    config, file = configured(), tmp_path / "bellbuoy.yaml"
    read = f'build_info{{version="{VERSION}"}} 1\nconfig_info{{sha256="{digest(file)}"}} 1'
    assert [level for level, _ in said(running.loaded(file, of(config, read)))] == ["ok"]
    file.write_text(file.read_text() + "\n# changed\n")
    load(file)
    assert said(running.loaded(file, of(config, read))) == [
        (
            "warn",
            f"{file} is not what the daemon has read: changed since, or another file; restart it to take this one",
        )
    ]
    old = read.replace(VERSION, "0.0.1")
    assert said(running.loaded(file, of(config, old)))[0] == (
        "warn",
        f"the daemon is Bellbuoy 0.0.1, this is {VERSION}; restart it",
    )
    refused = of(config)
    del refused.answers["/metrics"]
    ((level, line),) = said(running.loaded(file, refused))
    assert level == "fail"
    assert "wants its token" in line


def test_pages_that_wait_too_long_or_were_refused_are_named(configured, said):
    config = configured()
    metrics = 'outbox_pages{{sink="out"}} {}\noutbox_oldest_age_seconds{{sink="out"}} {}'
    assert said(running.outbox(of(config, metrics.format(0, 0)))) == [("ok", "no page waits")]
    assert said(running.outbox(of(config, metrics.format(1, 20)))) == [
        ("ok", "1 page waits for out, the oldest for 20 s")
    ]
    assert said(running.outbox(of(config, metrics.format(3, 601)))) == [
        ("fail", "3 pages wait for out, the oldest for 10 min; the log says why it is not taken")
    ]
    know = of(config, metrics.format(0, 0))
    know.found = [{"sink": "out", "pages": 2, "reason": "auth: check the token"}]
    ((level, line),) = said(running.outbox(know))
    assert (level, line.partition(";")[0]) == ("fail", "out refused 2 pages: auth: check the token")


def test_a_heartbeat_that_is_not_heard_is_named(configured, said):
    config = configured()
    settings = Heartbeat(url="https://hc.example.com/ping/s3cret", every=60.0)
    metrics = 'heartbeat_last_success_timestamp_seconds {}\nheartbeats_total{{result="ok"}} {}'
    for ago, sent, expected in (
        (30, 5, ("ok", "hc.example.com heard it 30 s ago")),
        (30, 0, ("ok", "hc.example.com is to hear it soon: the daemon began just now")),
        (600, 5, ("fail", "hc.example.com has not heard for 10 min that all is well")),
        (600, 0, ("fail", "hc.example.com never heard it since the start that all is well")),
    ):
        ((level, line),) = said(running.heartbeat(settings, of(config, metrics.format(NOW - ago, sent))))
        assert (level, line.partition(";")[0]) == expected
    ((level, line),) = said(running.heartbeat(None, of(config)))
    assert (level, line) == (
        "warn",
        "there is none: nobody notices when Bellbuoy itself is down; set `heartbeat.url`",
    )


def test_judging_that_stands_still_is_a_fault(configured, said):
    config = configured()
    metrics = "tick_judged_timestamp_seconds {}\ntick_duration_seconds_sum 3\ntick_duration_seconds_count 12"
    assert said(watching.ticks(config, of(config, metrics.format(NOW - 900)))) == [
        ("ok", "judged up to 15 min ago; 0.25 s at a time")
    ]
    ((level, line),) = said(watching.ticks(config, of(config, metrics.format(NOW - 7200))))
    assert level == "fail"
    assert "judged up to 2 h ago" in line
    assert "bellbuoy source list" in line
    assert said(watching.ticks(config, of(config, "tick_judged_timestamp_seconds 0"))) == [
        ("ok", "no tick is judged yet")
    ]


def test_what_still_learns_and_what_sees_too_little_is_named(configured, said):
    config = configured(
        detectors=[{"name": "well", "signal": "step_failure", "by": ["workflow", "step"], "kind": "rate_shift"}]
    )
    sees = Sight("well", "rate_shift", "step_failure", "lead", "greet", None, 1, armed=True, least=0.02, normal=0.05)
    sees = replace(sees, a_day=0.031, three_days=0.021, a_week=0.012)
    learns = replace(sees, step="close", armed=False, normal=None)
    know = of(config)
    know.seen = [sees]
    assert said(watching.series(config, know)) == [
        ("ok", "well (rate_shift) judges 1 of 1 things to watch; proven within 3 days: 2.1 points")
    ]
    know.seen = [sees, learns]
    ((level, line),) = said(watching.series(config, know))
    assert level == "ok"
    assert line.endswith("; 1 still learns what is normal: 1,000 trials, 20 bad ones and 7d each")
    know.seen = [learns]
    ((level, line),) = said(watching.series(config, know))
    assert level == "warn"
    assert "judges 0 of 1" in line
    know.seen = [sees, replace(sees, step="rare", a_week=0.08)]
    ((level, line),) = said(watching.series(config, know))
    assert level == "warn"
    assert "more than a week for min_change on lead/rare step_failure; too few trials" in line
    know.seen = []
    assert said(watching.series(config, know)) == [("ok", "nothing is watched yet: no event has come")]
