"""`bellbuoy incidents`, `ack` and `silence`: what is told, and what people do about it."""

import json
import re
import signal
import subprocess
import urllib.request

import pytest
from cli_process import PLAIN, PROGRAM, bellbuoy, compare

from bellbuoy.monitor.cli import following
from bellbuoy.monitor.cli.asking import Desk
from bellbuoy.monitor.cli.telling import sample_lines
from bellbuoy.monitor.store import Store


def key_of(folder):
    return json.loads(bellbuoy("incidents", "--format", "json", cwd=folder).stdout)[0]["id"]


@pytest.mark.golden
def test_the_list_reads_as_a_person_has_read_it(told):
    done = bellbuoy("incidents", cwd=told)
    assert done.returncode == 0, done.stderr
    assert "no daemon holds" in done.stderr
    compare("incidents.txt", done.stdout)


@pytest.mark.golden
@pytest.mark.parametrize("columns", [80, 120])
def test_the_whole_story_reads_as_a_person_has_read_it(told, columns):
    done = bellbuoy("incidents", key_of(told), cwd=told, environment={"COLUMNS": str(columns)})
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= columns
    compare(f"incident-{columns}.txt", done.stdout)


def test_the_story_as_json_holds_what_the_text_tells(told):
    key = key_of(told)
    story = json.loads(bellbuoy("incidents", key, "--format", "json", cwd=told).stdout)
    assert story["incident"]["id"] == story["page"]["key"] == key
    assert [one["number"] for one in story["changes"]] == list(range(1, len(story["changes"]) + 1))
    assert story["parts"][0]["series"] == "lead-qualifier/qualify step_failure"
    assert [one["sink"] for one in story["deliveries"]] == ["out"]
    assert len(story["samples"]) == 5


@pytest.mark.golden
def test_the_interactions_behind_it_read_as_a_person_has_read_them(told):
    done = bellbuoy("incidents", key_of(told), "--samples", cwd=told)
    assert done.returncode == 0, done.stderr
    compare("samples.txt", done.stdout)


def test_the_interactions_behind_it_failed_in_its_step_and_have_their_links(told):
    key = key_of(told)
    behind = json.loads(bellbuoy("incidents", key, "--samples", "--format", "json", cwd=told).stdout)
    found = [one["interaction_id"] for one in behind["samples"]]
    with Store.open(told / "bellbuoy.duckdb", read_only=True) as store:
        failed = store.cursor().execute(
            "SELECT interaction_id FROM trials WHERE signal = 'step_failure' AND step = 'qualify' AND bad"
            " AND epoch(ts) >= ? AND epoch(ts) < ? GROUP BY ALL ORDER BY max(ts) DESC, 1",
            [behind["since"], behind["until"]],
        )
        assert found == [name for (name,) in failed.fetchall()][:100]
    assert [one["link"] for one in behind["samples"]] == [f"https://traces.example.com/{name}" for name in found]
    assert [one["interaction_id"] for one in story_of(told, key)["samples"]] == found[:5]


def story_of(folder, key):
    return json.loads(bellbuoy("incidents", key, "--format", "json", cwd=folder).stdout)


def test_without_events_or_links_it_says_how_to_have_them():
    line = {"id": "inc_1", "headline": "qualify fell"}
    behind = {"incident": line, "series": "calls/qualify step_failure", "since": 0, "until": 60, "timezone": "UTC"}
    lines = sample_lines({**behind, "samples": []})
    assert "no bad trial" in lines[1]
    assert "`store.retention.events`" in " ".join(lines)
    one = {"interaction_id": "call-1", "at": 30, "kind": None, "content_ref": None, "link": None}
    assert sample_lines({**behind, "samples": [one]})[-4:] == [
        "",
        "Thu 01 Jan 00:00  call-1",
        "",
        "`trace_url` of a workflow, or `content_ref` of its events, puts a link beside each",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["incidents", "--samples"], 2, "bellbuoy incidents INC --samples"),
        (["incidents", "inc_none", "--samples"], 1, "there is no incident inc_none"),
        (["incidents", "inc_none"], 1, "there is no incident inc_none; `bellbuoy incidents` lists them"),
        (["incidents", "--since", "soon"], 2, "'soon' is not a duration; write 30m, 2h or 7d"),
        (["ack"], 2, "Missing argument"),
        (["ack", "inc_none", "--who", "kim"], 1, "there is no incident inc_none"),
        (["silence"], 2, "give a SELECTOR with --for and --why, or --list, or --end ID"),
        (["silence", "calls", "--for", "2h"], 2, "say for how long and why"),
        (["silence", "calls", "--for", "2 hours", "--why", "x"], 2, "'2 hours' is not a duration"),
        (["silence", "calls", "--for", "2h", "--why", "x", "--who", "kim"], 1, "nothing is named calls"),
        (
            ["silence", "lead-qualifier/qualfy", "--for", "2h", "--why", "x", "--who", "kim"],
            1,
            "mean lead-qualifier/qualify?",
        ),
        (["silence", "--end", "sil_none", "--who", "kim"], 1, "no silence sil_none is in force"),
        (["silence", "lead-qualifier", "--for", "2h", "--why", "x", "--who", ""], 1, "say who you are"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(own, arguments, code, said):
    done = bellbuoy(*arguments, cwd=own, environment={"USER": ""})
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_daemon_what_is_done_is_seen_at_once_and_waits_for_the_next_start(own):
    key = key_of(own)
    done = bellbuoy("ack", key, "--who", "kim", "--why", "rolling v41 back", cwd=own)
    assert (done.returncode, done.stdout) == (0, f"{key} is acknowledged by kim: rolling v41 back\n")
    assert "its next start heeds what is written there" in done.stderr
    silenced = bellbuoy("silence", "*/qualify", "--for", "2h", "--why", "deploy of v42", "--who", "kim", cwd=own)
    assert silenced.returncode == 0
    assert ": lead-qualifier/qualify is silenced until " in silenced.stdout
    listed = bellbuoy("incidents", cwd=own).stdout
    assert "acknowledged by kim, " in listed
    assert "muted: silenced by kim until " in listed
    story = bellbuoy("incidents", key, cwd=own).stdout
    assert "🟡 qualify fell from" in story
    assert "acknowledged by kim: rolling v41 back" in story
    assert "nobody now: silenced by kim until " in story
    assert f"bellbuoy ack {key}" not in story, "somebody is on it"
    assert bellbuoy("incidents", "--state", "open", cwd=own).stdout == "no open incident\n"


def test_a_running_daemon_is_told_and_tells(own):
    """The sink writes to a file: nothing comes while it is silenced, and one line when the silence is ended."""
    config = json.loads((own / "bellbuoy.yaml").read_text())
    config["sinks"] = {"out": {"console": {"path": str(own / "pages.jsonl")}}}
    (own / "bellbuoy.yaml").write_text(json.dumps(config))
    key = key_of(own)
    silenced = bellbuoy("silence", key, "--for", "1d", "--why", "known", "--who", "kim", cwd=own)
    silence = silenced.stdout.partition(":")[0]
    process = subprocess.Popen(
        [*PROGRAM, "run"], cwd=own, env=PLAIN, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "page kept back" in line)
        assert f"incident={key} change=3 sink=out: silenced by kim until " in said
        assert not (own / "pages.jsonl").exists()
        shown = bellbuoy("incidents", key, cwd=own)
        assert (shown.returncode, shown.stderr) == (0, ""), "the daemon is asked, not the store"
        assert "out shows nothing yet; nobody is called before " in " ".join(shown.stdout.split())
        listed = bellbuoy("silence", "--list", cwd=own)
        assert f"{silence}  {key}, until " in listed.stdout
        assert f"mutes now: {key}" in listed.stdout
        done = bellbuoy("ack", key, "--who", "joe", "--why", "on it", cwd=own)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{key} is acknowledged by joe: on it\n", "")
        assert "acknowledged by joe" in bellbuoy("incidents", cwd=own).stdout, "at once"
        next(line for line in process.stderr if f"incident {key} acknowledged: acknowledged by joe: on it" in line)
        again = bellbuoy("ack", key, "--who", "kim", cwd=own)
        assert again.stdout == f"{key} is acknowledged by joe already\n"
        wrong = bellbuoy("ack", "inc_none", "--who", "kim", cwd=own)
        assert (wrong.returncode, "there is no incident inc_none" in wrong.stderr) == (1, True)
        with urllib.request.urlopen(f"http://{config['server']['listen']}/v1/incidents?state=acknowledged") as answer:
            assert [one["id"] for one in json.load(answer)] == [key]
        ended = bellbuoy("silence", "--end", silence, "--who", "joe", cwd=own)
        assert (ended.returncode, ended.stderr) == (0, "")
        next(line for line in process.stderr if "page sent" in line)
        (line,) = (own / "pages.jsonl").read_text().splitlines()
        page = json.loads(line)
        assert (page["key"], page["state"], [one["number"] for one in page["news"]]) == (key, "acknowledged", [2, 3, 4])
        assert "out shows all of it" in bellbuoy("incidents", key, cwd=own).stdout
        assert "ended by joe" in bellbuoy("silence", "--list", cwd=own).stdout
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
        assert process.returncode == 0, rest
    finally:
        process.kill()
        process.communicate()


class Meanwhile:
    """What happens between two looks, in order, in place of waiting."""

    def __init__(self, *acts):
        self.acts = list(acts)

    def __call__(self):
        self.acts.pop(0)()


def test_changes_are_followed_over_a_restart_each_told_once(own, capsys):
    path, held = own / "bellbuoy.duckdb", []

    def change(number, reason):
        with Store.open(path) as store, store.transaction() as tx:
            tx.cursor.execute(
                "INSERT INTO changes_raw SELECT * REPLACE ($number AS number, $reason AS reason, 'updated' AS change) "
                "FROM changes_raw ORDER BY number LIMIT 1",
                {"number": number, "reason": reason},
            )

    def starts():
        held.append(Store.open(path))  # it holds the store, and does not answer yet

    def answers():
        held.pop().close()
        change(98, "missed meanwhile")

    acts = Meanwhile(lambda: change(99, "worse\x1b[31m now"), starts, answers)
    following.follow_changes(Desk(own / "bellbuoy.yaml", None, None), 0, "text", acts, rounds=4)
    lines = capsys.readouterr().out.splitlines()
    before, told = lines[:-2], lines[-2:]
    assert 1 <= len(before) <= following.BEFORE
    assert [line.rpartition(": ")[2] for line in told] == ["worse[31m now", "missed meanwhile"]
    assert all(
        re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  inc_\w+  \w+ +(opened|updated|resolved) ", line) for line in lines
    )


def test_changes_are_followed_as_json_until_it_is_interrupted(own):
    process = subprocess.Popen(
        [*PROGRAM, "incidents", "--follow", "--format", "json", "--since", "90y"],
        cwd=own, env=PLAIN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["change"] == "opened"
    assert set(first) == {"incident", "number", "changed_at", "change", "severity", "headline", "reason"}
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said


def test_following_is_of_all_incidents(own):
    done = bellbuoy("incidents", "inc_1", "--follow", cwd=own)
    assert done.returncode == 2
    assert "leave INC and --state out" in done.stderr
