"""What alert tests expect, held against what a run found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bellbuoy.config.alert_tests import AlertTest, Calm, Expected
from bellbuoy.config.document import Path
from bellbuoy.config.errors import Remark, suggest
from bellbuoy.config.model import Config
from bellbuoy.config.spells import Moment, Within, write_after
from bellbuoy.monitor.backtest.summary import Story, Summary
from bellbuoy.monitor.backtest.telling import minute
from bellbuoy.monitor.explain.sights import seen
from bellbuoy.monitor.judging.incidents import RANK, proven
from bellbuoy.monitor.judging.routes import sinks_for
from bellbuoy.monitor.judging.sight import Sight
from bellbuoy.monitor.judging.watched import SeriesKey
from bellbuoy.monitor.muting import meant


@dataclass(frozen=True, slots=True)
class Held:
    """One expectation, held against what was found.

    Attributes:
        path: of the expectation, within its test; its name for what goes without saying.
        what: is expected.
        misses: by what it was missed; empty where it is met.
        found: what met it, where something did.
    """

    path: Path
    what: str
    misses: tuple[str, ...] = ()
    found: tuple[str, ...] = ()


class Ran:
    """A run, and the time line on which a test speaks of it.

    Args:
        summary: of the run.
        config: that was tested.
        begins: from when times after the beginning count, epoch seconds.
    """

    def __init__(self, summary: Summary, config: Config, begins: int) -> None:
        self.summary = summary
        self.config = config
        self.begins = begins

    def span(self, within: Within) -> tuple[int, int]:
        """Return two times as epoch seconds."""
        return within.since.of(self.begins), within.until.of(self.begins)

    def time(self, at: int) -> str:
        """Return an instant as people read it: on the time line and on the calendar."""
        return f"{write_after(at - self.begins)} ({minute(at)})" if at >= self.begins else minute(at)

    def watching(self, wanted: Expected | Calm) -> list[Sight]:
        """Return what watches a series that is meant."""
        return [one for one in self.summary.sight if _means(wanted, _key(one))]


def meaningless(test: AlertTest, ran: Ran) -> Iterator[Remark]:
    """Yield the expectations that mean no series that is watched: they could be met by nothing, or by anything."""
    names = sorted({_key(one).text().rpartition(" ")[0] for one in ran.summary.sight})
    parts: tuple[tuple[str, Sequence[Expected | Calm]], ...] = (("incidents", test.incidents), ("quiet", test.quiet))
    for key, part in parts:
        for place, wanted in enumerate(part):
            if ran.watching(wanted):
                continue
            signals = sorted({one.signal for one in ran.watching(wanted.model_copy(update={"signal": None}))})
            if signals and wanted.signal:
                told = f"no signal {wanted.signal} of {wanted.series} is watched"
                hint = suggest(wanted.signal, signals) or f"there is {', '.join(signals)}"
                yield Remark("BB120", (key, place, "signal"), told, hint)
            else:
                told = f"nothing that is watched is named {wanted.series}"
                yield Remark("BB120", (key, place, "series"), told, suggest(wanted.series, names))


def held(test: AlertTest, ran: Ran) -> list[Held]:
    """Return each expectation of a test, and each incident that none of them expects, with what was found.

    Args:
        test: the test.
        ran: what was found.
    """
    told: list[Held] = []
    known: set[str] = set()
    for place, expected in enumerate(test.incidents):
        one, about = _expected(expected, place, ran)
        told.append(one)
        known |= about
    for place, calm in enumerate(test.quiet):
        told.append(_quiet(calm, place, ran))
    if not test.allow_others:
        others = tuple(_opening(story, ran) for story in ran.summary.stories if story.name not in known)
        told.append(Held(("name",), "nothing else opens", others or _blind(ran.summary.sight)))
    return told


def _expected(wanted: Expected, place: int, ran: Ran) -> tuple[Held, set[str]]:
    """Return how an expected incident was met, and the names of the incidents that it is about: of a missed one the nearest."""
    since, until = ran.span(wanted.opened)
    what = f"{_of(wanted)} opens {_between(wanted.opened)}{_more(wanted)}"
    path: Path = ("incidents", place)
    about = [story for story in ran.summary.stories if _about(wanted, story)]
    if not about:
        watching = ran.watching(wanted)
        return Held(path, what, ("nothing of it opened", *(_blind(watching) or _sees(watching)))), set()
    misses = {story.name: [*_misses(wanted, story, ran)] for story in about}
    met = [story for story in about if not misses[story.name]]
    if met:
        return Held(path, what, found=tuple(_opening(story, ran) for story in met)), {one.name for one in met}
    nearest = min(about, key=lambda story: (_away(story, since, until), len(misses[story.name]), story.name))
    told = f"{_opening(nearest, ran)}: {'; '.join(misses[nearest.name])}"
    return Held(path, what, (told,)), {nearest.name}


def _misses(wanted: Expected, story: Story, ran: Ran) -> Iterator[str]:
    """Yield by what an incident misses an expectation."""
    since, until = ran.span(wanted.opened)
    away = _away(story, since, until)
    if away:
        late = min(story.openings, key=lambda at: abs(at - since)) > until
        yield f"{write_after(away)} too {'late' if late else 'early'}"
    last = story.last
    if RANK[last.severity] < RANK[wanted.severity]:
        yield f"never more than {last.severity}{_size(story, ran, wanted.severity)}"
    if wanted.paged_by is not None:
        paged = story.gravest[0].at if last.severity == "page" else None
        yield from _late("page", paged, wanted.paged_by, ran, f"never page{_size(story, ran, 'page')}")
    if wanted.to:
        told = {sink for change, _ in story.told for sink in sinks_for(ran.config.routes, change.incident)}
        lacking = [sink for sink in wanted.to if sink not in told]
        if lacking:
            yield f"{', '.join(lacking)} is not told, {', '.join(sorted(told)) or 'nobody'} is"
    if wanted.resolved_by is not None:
        yield from _late("over", last.resolved_at, wanted.resolved_by, ran, "still open at the end")


def _late(what: str, at: int | None, by: Moment, ran: Ran, never: str) -> Iterator[str]:
    if at is None:
        yield never
    elif at > by.of(ran.begins):
        yield f"{what} {write_after(at - by.of(ran.begins))} too late, {ran.time(at)}"


def _size(story: Story, ran: Ran, severity: str) -> str:
    """Return by how much the proven change of an incident falls short of a severity; empty where its size is not what counts."""
    member = max((member for change, _ in story.told for member in change.incident.members), key=proven)
    if severity == "watch" or member.verdict.measure not in ("share", "volume"):
        return ""
    volume = member.verdict.measure == "volume"
    size = getattr(ran.config.severity, severity)
    needed = size.volume if volume else size.change
    unit = "%" if volume else "points"
    return f" ({100 * proven(member):.1f} {unit} proven, a {severity} needs {100 * needed:g})"


def _quiet(calm: Calm, place: int, ran: Ran) -> Held:
    since, until = ran.span(calm.within)
    what = f"{_of(calm)} is quiet {_between(calm.within)}"
    misses = tuple(
        f"{story.name} of {story.last.lead.watched.series.text()} opened {ran.time(at)}"
        for story in ran.summary.stories
        if _about(calm, story)
        for at in story.openings
        if since <= at <= until
    )
    judged = ran.summary.since, ran.summary.until
    if not misses and not (since < judged[1] and judged[0] < until):
        misses = (f"only {ran.time(judged[0])} to {ran.time(judged[1])} was judged",)
    return Held(("quiet", place), what, misses or _blind(ran.watching(calm)))


def _blind(sights: Sequence[Sight]) -> tuple[str, ...]:
    """Return that nothing can be told by any of what watches, where that is so: silence proves nothing then."""
    if any(one.armed for one in sights):
        return ()
    return ("nothing could be told: all that watches it is still learning what is normal; give more days or trials",)


def _sees(sights: Sequence[Sight]) -> Iterator[str]:
    """Yield what would have been seen, where that can be told."""
    if any(one.three_days is not None or one.silence_s is not None for one in sights):
        yield f"what can be seen of it within 3 days: {seen([one for one in sights if one.armed])}"


def _about(wanted: Expected | Calm, story: Story) -> bool:
    """Tell whether an incident has, or had, a series that is meant in it."""
    return any(_means(wanted, member.watched.series) for change, _ in story.told for member in change.incident.members)


def _means(wanted: Expected | Calm, key: SeriesKey) -> bool:
    return meant(wanted.series, key) and (wanted.signal is None or fnmatchcase(key.signal, wanted.signal))


def _away(story: Story, since: int, until: int) -> int:
    """Return how far outside of a span an incident opened, seconds; the nearest of its openings."""
    return min(max(since - at, at - until, 0) for at in story.openings)


def _opening(story: Story, ran: Ran) -> str:
    lead = story.last.lead
    return f"{story.name} of {lead.watched.series.text()} opened {ran.time(story.opened[0].at)}, {story.last.severity}"


def _of(wanted: Expected | Calm) -> str:
    return f"{wanted.series} {wanted.signal}" if wanted.signal else "all" if wanted.series == "*" else wanted.series


def _more(wanted: Expected) -> str:
    """Return what else is expected of an incident."""
    parts = [{"watch": "", "ticket": "ticket or page", "page": "page"}[wanted.severity]]
    parts.append("" if wanted.paged_by is None else f"page by {_moment(wanted.paged_by)}")
    parts.append(f"told to {', '.join(wanted.to)}" if wanted.to else "")
    parts.append("" if wanted.resolved_by is None else f"over by {_moment(wanted.resolved_by)}")
    return "".join(f", {part}" for part in parts if part)


def _between(within: Within) -> str:
    return f"{_moment(within.since)}..{_moment(within.until)}"


def _moment(moment: Moment) -> str:
    return write_after(moment.seconds) if moment.after else minute(moment.seconds)


def _key(one: Sight) -> SeriesKey:
    return SeriesKey(one.signal, one.workflow, one.step, one.segment)
