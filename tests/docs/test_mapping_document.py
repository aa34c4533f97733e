"""The record, the map and the event in the document on foreign logs belong together."""

import re
from pathlib import Path

import yaml

from bellbuoy.config.sources import Files
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.sources.base import Chunk, Stream
from bellbuoy.monitor.sources.build import foreign

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text()
RECORD, EVENT = re.findall(r"```json\n(.*?)\n```", TEXT, re.DOTALL)
[MAP] = re.findall(r"```yaml\n(.*?)\n```", TEXT, re.DOTALL)


def test_the_record_becomes_the_event_by_the_map():
    read = foreign(Files.model_validate({"path": "x", **yaml.safe_load(MAP)}))
    assert read is not None
    assert read.one(RECORD.encode()).decode() == EVENT
    chunk = Chunk(Stream("t", "t", 0, "e"), [0], [RECORD.encode()], 1)
    batch = decode(chunk, stream_id=1, received_at_us=1_795_344_000_000_000, limits=Limits(foreign=read))
    assert (batch.rows, batch.letters) == (1, [])
