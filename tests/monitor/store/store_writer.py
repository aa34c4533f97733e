"""Appends batch after batch, and knows what it was told is stored."""

import json

from store_batches import batch_of, messages

from bellbuoy.monitor.sources.base import Stream
from bellbuoy.monitor.store import StoreExhausted

ROWS = 2000
STREAM = Stream("kafka", "agent.interactions", 0, "e1")


class Writer:
    """Appends batches one after the other and knows how many rows it was told are stored."""

    def __init__(self):
        self.offset = 0
        self.made = {}

    def make(self, store):
        """Return the next batch, made once."""
        if self.offset not in self.made:
            events = enumerate(map(json.loads, messages(self.offset, ROWS, bad=0)), self.offset)
            values = [json.dumps({**event, "event_id": f"e{at}"}).encode() for at, event in events]
            self.made = {self.offset: batch_of(store, STREAM, values, self.offset)}
        return self.made[self.offset]

    def append(self, store, settle=None):
        store.append(self.make(store), settle)
        self.offset += ROWS

    def until_exhausted(self, store, most=400):
        for _ in range(most):
            try:
                self.append(store)
            except (StoreExhausted, MemoryError):
                return
        raise AssertionError("it never ran out")

    def whole(self, store):
        rows = store.cursor().execute('SELECT count(*), count(DISTINCT "offset"), max("offset") FROM events_raw')
        assert rows.fetchall() == [(self.offset, self.offset, self.offset - 1 if self.offset else None)]
        counted = store.cursor().execute("SELECT sum(n) FROM minutes WHERE signal = 'step_failure'").fetchall()
        known = "SELECT count(*) FROM trials WHERE signal = 'step_failure'"
        assert counted == store.cursor().execute(known).fetchall()
        assert store.positions("kafka") == {STREAM: self.offset}
