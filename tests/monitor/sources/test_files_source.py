"""Log files: compressed, cut, renamed, half-written."""

import gzip
import os

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from bellbuoy.monitor.clock import VirtualClock
from bellbuoy.monitor.sources import log_file
from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.sources.errors import SourceSettings, SourceStopped
from bellbuoy.monitor.sources.files import FilesSource
from bellbuoy.monitor.sources.log_file import LogFile


def lines(begin, end):
    return [b'{"n":%06d}' % number for number in range(begin, end)]


def text(begin, end):
    return b"".join(line + b"\n" for line in lines(begin, end))


def everything(source, max_records=1_000, max_bytes=1 << 20):
    found = []
    while not source.finished:
        found += [value for chunk in source.read(max_records, max_bytes, 0) for value in chunk.values]
    return found


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_file_is_read_once_to_its_end(tmp_path, opened, suffix):
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[suffix]
    (tmp_path / f"a.jsonl{suffix}").write_bytes(pack(text(0, 10) + b'{"n":000010}'))  # the last line has no end
    assert everything(opened(FilesSource("files", str(tmp_path / "*")))) == lines(0, 11)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_stored_position_is_taken_up_in_the_decompressed_stream(tmp_path, opened, reader, suffix):
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[suffix]
    (tmp_path / f"a.jsonl{suffix}").write_bytes(pack(text(0, 100)))
    path = str(tmp_path / "*")
    reader.take(opened(FilesSource("files", path)).read(37, 1 << 20, 0))
    assert list(reader.positions.values()) == [37 * 13]
    reader.until(opened(FilesSource("files", path), dict(reader.positions)), 100)
    assert reader.values == lines(0, 100)


def test_two_members_in_one_compressed_file_are_one_stream(tmp_path, opened):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text(0, 5)) + gzip.compress(text(5, 9)))
    frame = zstandard.ZstdCompressor().compress
    (tmp_path / "b.jsonl.zst").write_bytes(frame(text(9, 12)) + frame(text(12, 15)))
    assert everything(opened(FilesSource("files", str(tmp_path / "*")))) == lines(0, 15)


def test_files_come_by_name(tmp_path, opened):
    (tmp_path / "b.jsonl").write_bytes(text(5, 9))
    (tmp_path / "a.jsonl").write_bytes(text(0, 5))
    assert everything(opened(FilesSource("files", str(tmp_path / "*.jsonl"))), max_records=2) == lines(0, 9)


def test_no_file_is_an_error_that_says_so(tmp_path):
    with pytest.raises(SourceSettings, match=r"sources\[0\].files.path: no file matches .*; correct the path, or set"):
        FilesSource("files", str(tmp_path / "*.jsonl")).open({})


def test_a_followed_pattern_waits_for_its_first_file(tmp_path, opened, reader):
    source = opened(FilesSource("files", str(tmp_path / "*.jsonl"), follow=True, look_s=0))
    assert source.read(10, 1 << 20, 0) == []
    (tmp_path / "a.jsonl").write_bytes(text(0, 3))
    reader.until(source, 3)


def test_a_line_without_an_end_waits(tmp_path, opened, reader):
    path = tmp_path / "a.jsonl"
    path.write_bytes(text(0, 2) + b'{"n":0000')
    source = opened(FilesSource("files", str(path), follow=True, look_s=0))
    reader.until(source, 2)
    assert source.read(10, 1 << 20, 0) == []
    with path.open("ab") as file:
        file.write(b'02}\n{"n"')
    reader.until(source, 3)
    assert reader.values == lines(0, 3)


def test_blank_lines_are_no_records(tmp_path, opened, reader):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n" + text(0, 1) + b"\r\n  \n" + text(1, 2) + b"\n")
    source = opened(FilesSource("files", str(path)))
    assert everything(source) == lines(0, 2)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_the_line_of_a_record_is_the_one_that_an_editor_shows(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(log_file, "_BLOCK", 7)
    text = b"\n\na\n \nbcd\n\nefghijklmnop"
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix]
    path = tmp_path / f"log{suffix}"
    path.write_bytes(pack(text))
    lines = text.split(b"\n")
    numbers = [number for number, line in enumerate(lines, 1) if line.strip()]
    offsets = [sum(len(line) + 1 for line in lines[: number - 1]) for number in numbers]
    assert log_file.lines_of(path, offsets) == numbers == [3, 5, 7]
    assert log_file.lines_of(path, []) == []


def test_a_renamed_file_is_finished_before_the_new_one_of_its_name(tmp_path, opened, reader):
    clock = VirtualClock(100.0)
    path = tmp_path / "a.jsonl"
    path.write_bytes(text(0, 5))
    source = opened(FilesSource("files", str(path), follow=True, look_s=0, clock=clock))
    reader.until(source, 5)
    path.rename(tmp_path / "a.jsonl.1")
    with (tmp_path / "a.jsonl.1").open("ab") as late:
        late.write(text(5, 8))
    path.write_bytes(text(8, 12))
    order = []
    for _ in range(5):
        chunks = source.read(100, 1 << 20, 1.0)
        order += [value for chunk in chunks for value in chunk.values]
        reader.take(chunks)
        clock.advance(3.0)
    assert order == lines(5, 12)
    assert len({stream.epoch for stream, _ in reader.records}) == 2


def test_a_file_renamed_while_nobody_read_is_finished_too(tmp_path, opened, reader):
    path = tmp_path / "a.jsonl"
    path.write_bytes(text(0, 5))
    source = opened(FilesSource("files", str(path), follow=True, look_s=0))
    reader.take(source.read(3, 1 << 20, 0))
    path.rename(tmp_path / "a.jsonl.1")
    path.write_bytes(text(5, 8))
    reader.until(opened(FilesSource("files", str(path), follow=True, look_s=0), dict(reader.positions)), 8)
    assert reader.values == lines(0, 8)


@pytest.mark.parametrize("running", [True, False])
def test_a_file_that_was_cut_begins_anew_as_another_stream(tmp_path, opened, reader, caplog, running):
    path = tmp_path / "a.jsonl"
    path.write_bytes(text(0, 50))
    source = opened(FilesSource("files", str(path), follow=True, look_s=0))
    reader.until(source, 50)
    os.truncate(path, 0)
    with path.open("ab") as file:
        file.write(text(50, 60))
    if not running:
        source = opened(FilesSource("files", str(path), follow=True, look_s=0), dict(reader.positions))
    reader.until(source, 60)
    assert reader.values == lines(0, 60)
    assert len({stream.epoch for stream, _ in reader.records}) == 2
    assert not running or "was cut; reading it from its beginning" in caplog.text
    told = [(notice.headline, "read up to byte 650;" in notice.reason) for notice in source.notices]
    assert told == ([(f"{path} was cut", True)] if running else [])  # else it is a file of its own, by its head


def test_a_file_that_was_cut_and_begins_alike_is_another_stream_too(tmp_path, opened, reader):
    path = tmp_path / "a.jsonl"
    path.write_bytes(text(0, 200))
    source = opened(FilesSource("files", str(path), follow=True, look_s=0))
    reader.until(source, 200)
    os.truncate(path, 150 * 13)
    reader.until(source, 350)
    assert len({stream.epoch for stream, _ in reader.records}) == 2
    again = opened(FilesSource("files", str(path), follow=True, look_s=0), dict(reader.positions))
    assert again.read(100, 1 << 20, 0) == []


def test_a_damaged_file_stops_loudly_and_the_others_go_on(tmp_path, opened):
    damaged = bytearray(gzip.compress(os.urandom(200_000).hex().encode()))
    damaged[90_000] ^= 0xFF
    (tmp_path / "a.jsonl.gz").write_bytes(damaged)
    (tmp_path / "b.jsonl").write_bytes(text(0, 5))
    source = opened(FilesSource("files", str(tmp_path / "*")))
    with pytest.raises(SourceStopped, match=r"a.jsonl.gz:0: the file cannot be read past byte .*; mend or replace"):
        everything(source)
    assert everything(source) == lines(0, 5)


@settings(max_examples=50, deadline=None)
@given(
    data=st.lists(st.binary(min_size=1, max_size=30).map(lambda raw: raw.replace(b"\n", b"x")), max_size=40),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    max_bytes=st.integers(1, 200),
)
def test_any_cut_into_chunks_gives_the_same_lines(tmp_path_factory, data, sizes, max_bytes):
    path = tmp_path_factory.mktemp("cut") / "a.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in data))
    whole = path.read_bytes()
    stream = Stream("files", "a", 0, "")
    at, found, turn = 0, [], 0
    while True:
        file = LogFile(path, stream, at)
        chunk = file.take(sizes[turn % len(sizes)], max_bytes, last_line=True)
        file.close()
        if chunk is None:
            break
        turn += 1
        for offset, value in zip(chunk.offsets, chunk.values, strict=True):
            assert whole[offset : offset + len(value)] == value
            assert offset >= at
        found += chunk.values
        at = chunk.next
    assert found == [line for line in data if not line.isspace()]
    assert at == len(whole)


def test_the_streams_of_a_growing_file_keep_their_name(tmp_path, opened, reader):
    path = tmp_path / "a.jsonl"
    path.write_bytes(text(0, 1))
    reader.until(opened(FilesSource("files", str(path), follow=True, look_s=0)), 1)
    with path.open("ab") as file:
        file.write(text(1, 500))
    reader.until(opened(FilesSource("files", str(path), follow=True, look_s=0), dict(reader.positions)), 500)
    assert len({stream for stream, _ in reader.records}) == 1
