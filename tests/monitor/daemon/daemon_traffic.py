"""Simulated calls, handed to a daemon piece by piece: a month of good ones, then `qualify` goes bad, then it is well."""

import json

from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, parse_drifts

GOOD, BAD, ALL = 21, 24, 28
"""Day on which it turns bad, day on which it is mended, days in all."""


class Traffic:
    """A file that grows by a day at a time.

    Attributes:
        path: the file.
        at: instant of the newest event in it, epoch seconds.
        events: how many are in it.
    """

    def __init__(self, path, *, per_day=250, seed=5, bad=0.75, days_=ALL):
        drifts = (f"qualify:0.985->{bad}@day{GOOD}", f"qualify:{bad}->0.985@day{BAD}")
        plan = Plan(days=days_, per_day=per_day, seed=seed, drifts=parse_drifts(drifts, LEAD_QUALIFIER))
        self.path = path
        self._days = [lines for _, lines in days(plan)]
        self._next = 0
        self.at = 0.0
        self.events = 0
        path.touch()

    @property
    def source(self):
        return {"files": {"path": str(self.path), "follow": True}}

    def lines(self, day):
        return self._days[day]

    def until(self, day):
        """Append all days before `day`."""
        for lines in self._days[self._next : day]:
            self.append(lines)
        self._next = day

    def append(self, lines):
        with self.path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))
        self.at = json.loads(lines[-1])["ts"] / 1000
        self.events += len(lines)


class KafkaTraffic(Traffic):
    """The same calls, sent to a topic, each call in one partition."""

    def __init__(self, path, kafka, **plan):
        super().__init__(path, **plan)
        self._kafka = kafka
        self._topic = kafka.topic(partitions=3)

    @property
    def source(self):
        return {"kafka": {"bootstrap_servers": self._kafka.address, "topics": [self._topic], "group_id": self._topic}}

    def append(self, lines):
        self._kafka.send(self._topic, lines, keys=[json.loads(line)["interaction_id"].encode() for line in lines])
        self.at = json.loads(lines[-1])["ts"] / 1000
        self.events += len(lines)
