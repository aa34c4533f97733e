"""What is looked at: files and patterns, the share of each, and what among it is no event."""

import gzip
import json
import os

import pytest
import zstandard

from bellbuoy.monitor.replay import check_file
from bellbuoy.monitor.survey.foreign import mistakes, refusal
from bellbuoy.monitor.survey.paths import PathError, resolve
from bellbuoy.monitor.survey.sample import of_files

NOW_US = 1_782_864_000_000_000


def sampled(path, most=1000):
    return of_files([path], most, NOW_US)


def test_plain_and_packed_files_hold_the_same(log, tmp_path):
    text = log().run("greet", "close").write(tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(text))
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.compress(text))
    rows = [list(sampled(path).rows()) for path in sorted(tmp_path.iterdir())]
    assert rows[0] == rows[1] == rows[2]
    assert len(rows[0]) == 3


@pytest.mark.parametrize("packed", [False, True])
def test_of_many_records_each_file_has_its_share_from_both_ends(log, tmp_path, packed):
    files = []
    for name in ("a", "b"):
        made = log(name)
        for _ in range(90):
            made.run("greet")
        files.append(made.write(tmp_path / f"{name}.jsonl"))
        if packed:
            files[-1] = files[-1].rename(tmp_path / f"{name}.jsonl.gz")
            files[-1].write_bytes(gzip.compress(files[-1].read_bytes()))
    some = of_files(files, 40, NOW_US)
    assert not some.whole
    assert 36 <= some.records <= 44
    assert some.letters == 0, "none is cut"
    for name in ("a", "b"):
        seen = [row["interaction_id"] for row in some.rows() if row["workflow"] == name]
        assert (seen[0], seen[-1]) == ("i1", "i10" if packed else "i90")
    for most in (400, 700, 1000):
        every = of_files(files, most, NOW_US)
        assert (every.records, every.whole) == (360, True), most
    one = of_files(files, 1, NOW_US)
    assert (one.records, one.whole) == (2, False)


@pytest.mark.parametrize("most", range(1, 24))
def test_however_many_are_looked_at_none_is_cut_or_taken_twice(tmp_path, most):
    file = tmp_path / "a.jsonl"
    file.write_text("".join("{" + "x" * (number * 7 % 30) + "}\n" + "\n" * (number % 3 == 0) for number in range(20)))
    found = sampled(file, most)
    assert found.records <= 20
    assert found.records == found.letters
    assert found.whole == (found.records == 20)


def test_runs_of_a_demo_are_left_out_unless_there_is_nothing_else(log, tmp_path):
    staged = log().run("greet", environment="staging")
    only = sampled(staged.write(tmp_path / "staged.jsonl"))
    assert (only.runs, only.counted, len(list(only.rows()))) == (2, 0, 2)
    both = sampled(staged.run("answer").write(tmp_path / "both.jsonl"))
    assert (both.runs, both.counted, [row.get("step") for row in both.rows()]) == (4, 2, ["answer", None])


def test_a_record_that_lacks_fields_is_named_by_line_with_all_of_them(log, tmp_path):
    file = tmp_path / "other.jsonl"
    file.write_text(
        "\n\n" + json.dumps({"conversation": {"id": 1}, "span": "x", "time": 3, "outcome": "success"}) + "\n"
    )
    said = refusal(sampled(file), "other.jsonl")
    first, second, third = said.splitlines()
    assert first == (
        f"{file}:3: no event: `type`, `ts`, `interaction_id`, `workflow`, `step` are missing; it has conversation, span, time"
    )
    assert second.startswith("Looked at 1 record, of which none is an event. Where the fields of events stand")
    assert f"`bellbuoy schema event --check {file}`" in third


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00\x01", "json: JSON is malformed"),
        (b'{"type": "\xff"}', "encoding: not UTF-8"),
        (b"[1, 2]", "type: expected `object`"),
        (b'{"type": "span"}', "enum: "),
        (b"{\n  'a': 1\n}\n", "json: "),
    ],
)
def test_what_is_no_json_of_events_is_refused_with_its_line(tmp_path, content, said):
    file = tmp_path / "x.jsonl"
    file.write_bytes(content)
    assert refusal(sampled(file), "x").startswith(f"{file}:1: {said}")


def test_the_command_that_is_named_tells_the_same_line(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_text("\n{}\n\n[]\n")
    assert refusal(sampled(file), "x").startswith(f"{file}:2: ")
    assert [number for number, _ in check_file(file)[1]] == [2, 4]


def test_a_few_records_that_are_no_events_are_told_and_not_refused(log, tmp_path):
    made = log()
    for _ in range(30):
        made.run("greet", "close")
    file = made.write(tmp_path / "a.jsonl")
    with file.open("a") as end:
        end.write("{}\n")
    found = sampled(file)
    assert refusal(found, "a.jsonl") == ""
    assert mistakes(found).startswith(f"1 record is no event, the first one {file}:91: missing: ")
    file.write_text('{"type": "step"}\n' * 5 + file.read_text())
    assert "\nLooked at 96 records, of which 90 are events. " in refusal(sampled(file), "a.jsonl")
    file.write_text("\n \n")
    assert refusal(sampled(file), "a.jsonl").startswith("a.jsonl: there is no record in it")


def test_files_are_told_to_the_source_as_they_were_given_or_as_one_pattern(log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    for name in ("a.jsonl", "b.jsonl", "c.jsonl.gz", "[d].jsonl"):
        (tmp_path / "logs" / name).write_bytes(b"")
    every = ["logs/[d].jsonl", "logs/a.jsonl", "logs/b.jsonl"]
    assert resolve(["logs/a.jsonl"])[1] == ("logs/a.jsonl",)
    assert resolve(every)[1] == ("logs/*.jsonl",), "what a shell made of a pattern is the pattern again"
    assert resolve(["logs/*.jsonl"])[1] == ("logs/*.jsonl",)
    assert [str(path) for path in resolve(["logs/*.jsonl"])[0]] == every
    assert resolve(every[1:])[1] == ("logs/a.jsonl", "logs/b.jsonl"), "the pattern would find another one"
    assert resolve(["logs/[d].jsonl", "logs/c.jsonl.gz"])[1] == ("logs/[[]d].jsonl", "logs/c.jsonl.gz")
    assert resolve(["logs/a.jsonl", "logs/a.jsonl"]) == ([tmp_path.__class__("logs/a.jsonl")], ("logs/a.jsonl",))


def test_what_is_no_log_is_refused_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "x.parquet").write_bytes(b"PAR1....")
    (tmp_path / "x.jsonl").write_bytes(gzip.compress(b"{}"))
    os.mkfifo(tmp_path / "pipe")
    for name, said in {
        "logs": "this is a folder; name its files: bellbuoy init logs/*.jsonl",
        "none.jsonl": "there is no such file",
        "x.parquet": "Parquet is not read by the source `files`",
        "x.jsonl": "this is gzip; name it .jsonl.gz",
        "pipe": "this is no file",
    }.items():
        with pytest.raises(PathError, match=f"^{name}: ") as refused:
            resolve([name])
        assert said in str(refused.value)
