"""The grammar of what is put in: `qualify:0.95->0.86@day20` and its kin, read with the column of every error.

    STEP[.reask|.handoff|.slow]:FROM->TO@dayD[..dayE]     a share of the step's runs: sudden, or a straight slide
    STEP[KEY=VALUE][.reask|…]:FROM->TO@dayD[..dayE]       the same for one slice
    volume:FROM->TO@dayD[..dayE]                          factor of the interactions a day
    silence@dayD/3h                                       nothing arrives for so long
    source:NAME stale@dayD                                the source is no longer refreshed

`FROM` holds before the change. Shares are written 0.95 or 95%. Day 0 is the first; `day20.5` is noon of day 20.
A silence on a whole day begins at noon, because at midnight nobody calls anyway.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NoReturn

from bellbuoy.monitor.simulate.workflow import WorkflowModel

DriftKind = Literal["success", "reask", "handoff", "slow", "volume", "silence", "stale"]
SIGNALS = {"success": "step_failure", "reask": "reask", "handoff": "handoff", "slow": "slow", "volume": "interactions"}
SLICES = ("agent_version", "model", "tenant", "channel", "language", "intent")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NOON = 0.5
WHEN = "write @day20 for a sudden change or @day20..day50 for a slide"


class DriftError(ValueError):
    """A drift that cannot be read.

    Attributes:
        text: what was given.
        column: where it goes wrong, from 1.
        message: what is wrong. hint: what to write instead, or an empty string.
    """

    def __init__(self, text: str, column: int, message: str, hint: str = "") -> None:
        self.text, self.column, self.message, self.hint = text, column, message, hint
        mark = "    " + " " * (column - 1) + "^" + (f" {hint}" if hint else "")
        told = f"--drift:{column}: error: {_shown(message)}"
        super().__init__(f"{told}\n    {_shown(text)}\n{mark}")


@dataclass(frozen=True, slots=True)
class Drift:
    """One planted change.

    Attributes:
        kind: what changes.
        begins: day on which it begins, counted from 0, with a fraction for the hour.
        ends: day on which a slide has arrived, or None for a sudden change.
        before, after: share of successes (re-asks, handoffs, slow runs) or factor of the volume.
        step: name of the step, or an empty string.
        where: slice as (key, value), or None for all.
        source: knowledge source that goes stale.
        seconds: length of a silence.
    """

    kind: DriftKind
    begins: float
    ends: float | None = None
    before: float = 0.0
    after: float = 0.0
    step: str = ""
    where: tuple[str, str] | None = None
    source: str = ""
    seconds: int = 0

    def __str__(self) -> str:
        """Return the drift in the grammar; reading it again gives an equal drift."""
        when = f"@day{_number(self.begins)}" + (f"..day{_number(self.ends)}" if self.ends is not None else "")
        if self.kind == "silence":
            return f"silence{when}/{self.seconds}s"
        if self.kind == "stale":
            return f"source:{self.source} stale{when}"
        slice_ = f"[{self.where[0]}={self.where[1]}]" if self.where else ""
        signal = "" if self.kind in {"success", "volume"} else f".{self.kind}"
        name = "volume" if self.kind == "volume" else f"{self.step}{slice_}{signal}"
        return f"{name}:{_number(self.before)}->{_number(self.after)}{when}"


def parse_drift(text: str, workflow: WorkflowModel) -> Drift:
    """Read one drift.

    Args:
        text: in the grammar above.
        workflow: whose steps, sources and slices may be named.

    Raises:
        DriftError: with the column and, where there is one, the nearest valid word.
    """
    reader = _Reader(text)
    if re.match(r"silence\s*@", text):
        return _silence(reader)
    if text.startswith("source:"):
        return _stale(reader, workflow)
    if text.startswith("volume:"):
        reader.take("volume:")
        before, after = reader.factor(), reader.arrow(share=False)
        begins, ends = reader.when()
        return Drift("volume", begins, ends, before, after)
    return _series(reader, workflow)


def parse_drifts(texts: Iterable[str], workflow: WorkflowModel) -> tuple[Drift, ...]:
    """Read several drifts, in the order of their days.

    Raises:
        DriftError: one cannot be read, or two of one series overlap.
    """
    read = sorted(((parse_drift(text, workflow), text) for text in texts), key=lambda pair: pair[0].begins)
    last: dict[tuple[str, str, tuple[str, str] | None], Drift] = {}
    for drift, text in read:
        if drift.kind in {"silence", "stale"}:
            continue
        earlier = last.get((drift.kind, drift.step, drift.where))
        if earlier is not None and drift.begins <= (earlier.ends if earlier.ends is not None else earlier.begins):
            column = text.index("@") + 1
            raise DriftError(text, column, f"begins before '{earlier}' has ended", "let one begin after the other")
        last[drift.kind, drift.step, drift.where] = drift
    return tuple(drift for drift, _ in read)


def _silence(reader: "_Reader") -> Drift:
    reader.take("silence")
    begins, ends = reader.when(final=False)
    if ends is not None:
        reader.fail("a silence has a length, not an end", "write silence@day20/3h")
    reader.take("/", "write silence@day20/3h")
    start = reader.at
    found = reader.match(r"(\d{1,6})([smhd])")
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if seconds == 0:
        reader.at = start
        reader.fail("a silence needs a length", "write 30m, 3h or 1d")
    reader.end()
    return Drift("silence", begins + NOON if begins == int(begins) else begins, seconds=seconds)


def _stale(reader: "_Reader", workflow: WorkflowModel) -> Drift:
    reader.take("source:")
    known = sorted({source for step in workflow.steps for source in step.sources})
    source = reader.word(known, "source", r"[^\s@]+")
    if not reader.match(r"\s+stale"):
        reader.fail("a source can only go stale", f"write source:{source} stale@day20")
    begins, ends = reader.when()
    if ends is not None:
        reader.fail("a source goes stale on one day", f"write source:{source} stale@day20")
    return Drift("stale", begins, source=source)


def _series(reader: "_Reader", workflow: WorkflowModel) -> Drift:
    step = reader.step([step.name for step in workflow.steps])
    where = None
    if reader.match(r"\["):
        key = reader.word(SLICES, "slice", r"[^=\]\s:]+")
        reader.take("=", "write [agent_version=v41]")
        where = (key, reader.value(key, workflow))
        reader.take("]", "close the slice with ]")
    kind: DriftKind = "success"
    if reader.match(r"\."):
        word = reader.word(("reask", "handoff", "slow"), "signal", r"[^:@\s\[]+")
        kind = "reask" if word == "reask" else "handoff" if word == "handoff" else "slow"
    if reader.peek("["):
        reader.fail("the slice stands before the signal", f"write {step}[agent_version=v41].{kind}:")
    model = workflow.step(step)
    if kind == "reask" and model is not None and model.reask is None:
        reader.fail(f"step '{step}' asks nothing, so it cannot re-ask")
    reader.take(":", "write STEP:0.95->0.86@day20")
    before, after = reader.share(), reader.arrow(share=True)
    begins, ends = reader.when()
    return Drift(kind, begins, ends, before, after, step, where)


class _Reader:
    """Walks over the text; `at` is the next character."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def fail(self, message: str, hint: str = "", at: int | None = None) -> NoReturn:
        raise DriftError(self.text, (self.at if at is None else at) + 1, message, hint)

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def match(self, pattern: str) -> re.Match[str] | None:
        found = re.compile(pattern, re.ASCII).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def take(self, text: str, hint: str = "") -> None:
        if not self.peek(text):
            there = f"'{self.text[self.at]}'" if self.at < len(self.text) else "the end"
            self.fail(f"'{text}' is expected here, not {there}", hint)
        self.at += len(text)

    def end(self) -> None:
        if self.at < len(self.text):
            self.fail(f"nothing more is expected here, but '{self.text[self.at :]}'")

    def step(self, names: Sequence[str]) -> str:
        """Take the longest step name that stands here: names may hold any character."""
        for name in sorted(names, key=len, reverse=True):
            rest = self.text[self.at + len(name) : self.at + len(name) + 1]
            if self.peek(name) and rest in {"", ":", ".", "[", "@"}:
                self.at += len(name)
                return name
        found = re.compile(r"[^:@\[.]*").match(self.text, self.at)
        return self.unknown("step", found[0] if found else "", [*names, "volume", "silence", "source"])

    def word(self, names: Sequence[str], what: str, pattern: str) -> str:
        start = self.at
        found = self.match(pattern)
        word = found[0] if found else ""
        if word not in names:
            self.at = start
            self.unknown(what, word, names)
        return word

    def unknown(self, what: str, word: str, names: Sequence[str]) -> NoReturn:
        near = difflib.get_close_matches(word, names, 1, 0.5)
        hint = f"did you mean '{near[0]}'?" if near else "one of " + ", ".join(names) if names else "there is none"
        self.fail(f"no {what} is named '{word}'" if word else f"a {what} is expected here", hint)

    def value(self, key: str, workflow: WorkflowModel) -> str:
        start = self.at
        found = self.match(r"[^\]]+")
        word = found[0] if found else ""
        if len(word) > 128 or not word.isprintable():
            self.fail("a value has 1 to 128 printable characters", "write [agent_version=v41]", start)
        if not word:
            self.fail("the slice has no value", "write [agent_version=v41]", start)
        if key != "agent_version":
            names = [choice.value for choice in getattr(workflow, f"{key}s")]
            if word not in names:
                self.at = start
                self.unknown(key, word, names)
        return word

    def number(self, what: str, highest: float, hint: str) -> float:
        start = self.at
        found = self.match(r"(\d{1,9}(?:\.\d{1,20})?)(%?)")
        if not found:
            self.fail(f"a {what} is expected here", hint)
        value = float(found[1]) / (100.0 if found[2] else 1.0)
        if value > highest:
            self.fail(f"{found[0]} is above {highest:g}", hint, start)
        return value

    def share(self) -> float:
        return self.number("share", 1.0, "write 0.95 or 95%")

    def factor(self) -> float:
        return self.number("factor", 100.0, "write 0.5 for half of the usual volume")

    def arrow(self, *, share: bool) -> float:
        self.take("->", "write FROM->TO, such as 0.95->0.86")
        return self.share() if share else self.factor()

    def when(self, *, final: bool = True) -> tuple[float, float | None]:
        self.take("@", WHEN)
        begins, ends, start = self.day(), None, self.at
        if self.match(r"\.\."):
            ends = self.day()
            if ends <= begins:
                self.fail(f"the slide ends (day {ends:g}) before it begins (day {begins:g})", WHEN, start + 2)
        if final:
            self.end()
        return begins, ends

    def day(self) -> float:
        start = self.at
        found = self.match(r"day(\d{1,5}(?:\.\d{1,20})?)")
        if not found:
            self.at = start
            self.fail("a day is expected here", WHEN)
        return float(found[1])


def _shown(text: str) -> str:
    """Return the text without characters that would move a terminal's cursor."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _number(value: float) -> str:
    """Write a number without an exponent."""
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")
