"""What an audit says of each finding in all its forms: what is so, and what to do. Pure; foreign names are cleaned here, and escaped by each form."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

from bellbuoy.monitor.auditing.report import Figure
from bellbuoy.monitor.explain.wording import span, wording
from bellbuoy.monitor.mapping import wording as mapped
from bellbuoy.monitor.mapping.wording import points
from bellbuoy.monitor.web.wording import percent, plural

STATES: Final = {
    "ungated": "with no approval",
    "rejected": "although it was rejected",
    "expired": "on an approval that had expired",
    "args_mismatch": "with other arguments than were approved",
    "model_decided": "decided by the model where a rule should",
}
_PINS: Final = {
    "stale": "renew its content, or raise `max_age` in `knowledge`",
    "other_version": "send the pinned version, or pin the one in use in `knowledge`",
    "unpinned": "send `version` or `as_of` with it, and declare which holds in `knowledge`",
    "undeclared": "declare it in `knowledge`, with a version or an age, or stop using it",
    "fresh": "it is fresh now: find out why it was not",
}
_ERRORS: Final = {
    "auth": "renew the credentials of {} before they end",
    "rate_limit": "call {} less often, and wait before trying again",
    "timeout": "give {} a shorter limit and the step another way to go on",
    "schema": "pin the version of the interface of {}",
}


class _Told:
    """The figures of a finding, read by name."""

    def __init__(self, figures: dict[str, Figure]) -> None:
        self._figures = figures

    def __contains__(self, key: str) -> bool:
        return self._figures.get(key) is not None

    def n(self, key: str) -> float:
        """Return a number."""
        value = self._figures[key]
        assert isinstance(value, int | float), key
        return value

    def count(self, key: str, one: str, many: str = "") -> str:
        """Return how many there are, as `3 calls`."""
        return plural(int(self.n(key)), one, many)

    def share(self, key: str) -> str:
        """Return a share as `91.4 %`."""
        return percent(self.n(key))

    def name(self, key: str) -> str:
        """Return a foreign name, made harmless."""
        return name(str(self._figures[key]))

    def day(self, key: str) -> str:
        """Return the day of an instant."""
        return day(self.n(key))


def name(text: str) -> str:
    """Return a foreign name, made harmless and cut, without the backticks that mark what is ours."""
    return mapped.name(text).replace("`", "'")


def day(at: float) -> str:
    """Return the day of an instant, as `2026-09-28`."""
    return f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m-%d}"


def some(names: Sequence[str], most: int = 5) -> str:
    """Return names in a row, the first few of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(name, names[:most])) + more


def finding(rule: str, figures: dict[str, Figure]) -> tuple[str, str]:
    """Return what is so, and what to do."""
    return _SAYS[rule](_Told(figures))


def _dead(told: _Told) -> tuple[str, str]:
    if "age_s" in told:
        old = f"its content is {span(told.n('age_s'))} old, more than three times the {span(told.n('max_age_s'))} that it may be"
        return old, "replace it or take it out: what stands on it is out of date"
    seen = f"not seen since {told.day('last_at')}" if "last_at" in told else "never seen"
    return f"{seen}, while {told.count('interactions', 'interaction')} ran", (
        "take it out, or find out why nothing reaches it"
    )


def _no_help(told: _Told) -> tuple[str, str]:
    says = (
        f"{told.share('well_without')} of the {told.n('n_without'):,.0f} interactions without it end well, "
        f"{told.share('well_with')} of the {told.n('n_with'):,.0f} with it; compared within {told.count('strata', 'group')} of equal "
        f"intent and channel {points(told.n('difference'))} points [{points(told.n('low'))}, {points(told.n('high'))}] without it"
    )
    return says, "observed, not an experiment: try it on a share first"


def _asks_again(told: _Told) -> tuple[str, str]:
    slots = [
        f"{told.name(f'slot_{place}')} {percent(told.n(f'share_{place}'), 0)}"
        for place in (1, 2, 3)
        if f"slot_{place}" in told
    ]
    what = f" ({', '.join(slots)})" if slots else ""
    return (
        f"{told.share('share')} of its {told.n('n'):,.0f} questions had been answered already{what}",
        "drop the question, read the state",
    )


def _below(told: _Told) -> tuple[str, str]:
    says = f"{told.share('rate')} is below the {told.share('needed')} that it needs{_where(told)}"
    return says, f"bring it to {told.share('needed')}: {points(told.n('gain'))} points end to end"


def _where(told: _Told) -> str:
    """Return in which slices it is worst, or nothing."""
    worst = [
        f"{told.name(f'slice_{place}')} {told.name(f'value_{place}')} ({told.share(f'rate_{place}')} of {told.n(f'n_{place}'):,.0f})"
        for place in (1, 2)
        if f"slice_{place}" in told
    ]
    return f"; worst where {' and '.join(worst)}" if worst else ""


def _decaying(told: _Told) -> tuple[str, str]:
    what = wording(told.name("signal"))
    if "incident" in told:
        incident = told.name("incident")
        return (
            f"incident {incident} about its {what.label.lower()} has been open since {told.day('since')}",
            f"`bellbuoy incidents {incident}` says what is known of it",
        )
    moved = ""
    if "was" in told and "now" in told and what.bad:  # a volume is no share
        shown = [1.0 - told.n(key) if what.success else told.n(key) for key in ("was", "now")]
        moved = f" went from {percent(shown[0])} to {percent(shown[1])}"
    if "detector" in told:
        since = f" since {told.day('since')}" if "since" in told else ""
        return (
            f"{what.label.lower()}{moved}{since}, says {told.name('detector')}",
            "`bellbuoy incidents` says what came just before",
        )
    return (
        f"{what.label.lower()}{moved}, surely by {100 * told.n('low'):.1f} points or more{_where(told)}",
        "find what changed since that was normal",
    )


def _no_branch(told: _Told) -> tuple[str, str]:
    parts = []
    if not told.n("declared"):
        decides = "it decides which way an interaction goes and has" if told.n("decides") else "it has"
        unsure = (
            f", and was not confident in {told.n('not_confident'):,.0f} of {told.n('n'):,.0f} runs"
            if told.n("n")
            else ""
        )
        parts.append(f"{decides} no failure branch{unsure}")
    if told.n("guesses"):
        parts.append(
            f"{told.n('guesses'):,.0f} of {told.n('unsure'):,.0f} runs that were not confident went on as a guess"
        )
    do = "give it a branch for when it is not sure, and declare it in `branches`: clarify, or hand off"
    if told.n("declared"):
        do = "take a branch whenever it is not sure, instead of going on"
    return "; ".join(parts), do


def _untested_branch(told: _Told) -> tuple[str, str]:
    branch = told.name("branch")
    if "not_confident" in told:
        return (
            f"the branch {branch} is declared and was never taken, in {told.n('not_confident'):,.0f} runs that were not confident",
            f"walk through {branch} once before a user has to, or take it out of `branches`",
        )
    says = (
        f"{told.share('well')} of the {told.n('taken'):,.0f} interactions that took {branch} ended well, "
        f"{told.share('well_without')} of those that took no branch"
    )
    return says, f"mend {branch}: it leads nowhere"


def _short_handoff(told: _Told) -> tuple[str, str]:
    says = f"{told.n('bad'):,.0f} of {told.count('n', 'handoff')} went without what they need, or were not accepted"
    if told.n("required"):
        says += f"; {told.n('passed'):,.0f} of {told.n('required'):,.0f} pieces of context were passed on"
    if "target" in told:
        return says, f"pass on what {told.name('target')} needs: most are short there ({told.n('short'):,.0f})"
    return says, "pass on what who takes over needs"


def _ungated(told: _Told) -> tuple[str, str]:
    by = ", ".join(f"{told.n(state):,.0f} {why}" for state, why in STATES.items() if state in told)
    says = (
        f"{told.n('ungated'):,.0f} of {told.count('n', 'consequential action')} did not pass the gate ({by}), the last on "
        f"{told.day('last_at')}"
    )
    return says, "let nothing act before its gate has answered"


def _unpinned(told: _Told) -> tuple[str, str]:
    state = told.name("state")
    age = f", {span(told.n('age_s'))} old" if "age_s" in told else ""
    now = "it is fresh now" if state == "fresh" else f"it is {state.replace('_', ' ')}{age}"
    says = (
        f"{told.n('bad'):,.0f} of {told.count('n', 'answer')} on {told.name('source')} stood on content that is not pinned or not fresh, "
        f"the last on {told.day('last_at')}; {now}"
    )
    return says, _PINS.get(state, _PINS["undeclared"])


def _fragile(told: _Told) -> tuple[str, str]:
    system = told.name("system")
    if "incident" in told:
        return (
            f"incident {told.name('incident')} has been open since {told.day('since')}",
            f"`bellbuoy incidents {told.name('incident')}` says what is known of it",
        )
    if "token" in told:
        ends = f" on {told.day('ends_at')}" if "ends_at" in told else ""
        is_over = told.name("token") == "expired"
        return f"the token of {system} {'ended' if is_over else 'ends'}{ends}", "renew it, and let it renew itself"
    if "was" in told:
        return (
            f"{told.share('now')} of its calls fail, {told.share('was')} was normal",
            "ask who runs it, and give the steps a way to go on without it",
        )
    kind = f", most often {told.name('class')}" if "class" in told else ""
    says = (
        f"{percent(told.n('carried') / told.n('failures'), 0)} of its {told.count('failures', 'failure')} come with a failed call, "
        f"{told.n('most'):,.0f} of them of {system}{kind}"
    )
    do = _ERRORS.get(told.name("class") if "class" in told else "", "give the step a way to go on when {} fails")
    return says, do.format(system)


def _forgets(told: _Told) -> tuple[str, str]:
    if "signal" in told:
        what = wording(told.name("signal"))
        return (
            f"{what.label.lower()} went from {told.share('was')} to {told.share('now')}",
            "read what is known from the state",
        )
    axis = told.name("axis")
    begins = f"{100 * told.n('from'):.0f} % of its context" if axis == "context" else f"{told.n('from'):.0f} {axis}"
    return (
        f"{told.share('last')} go well past {begins} ({told.n('n'):,.0f} runs), {told.share('first')} at the beginning",
        "keep what is established in a state that is read, or end or summarise sooner",
    )


def _blind(told: _Told) -> tuple[str, str]:
    if "unknown" in told:
        return (
            f"{told.share('unknown')} of its {told.count('n', 'event')} do not say how they ended",
            "send `outcome` with each event, or later in an event of type `outcome`",
        )
    return (
        f"no detector watches it: nobody would be told if its {told.n('trials'):,.0f} trials went worse",
        "add a detector on `step_failure` by workflow and step",
    )


_SAYS: Final[dict[str, Callable[[_Told], tuple[str, str]]]] = {
    "K1": _dead,
    "K2": _no_help,
    "K3": _asks_again,
    "H1": _below,
    "H2": _decaying,
    "H3": _no_branch,
    "H4": _untested_branch,
    "H5": _short_handoff,
    "H6": _ungated,
    "H7": _unpinned,
    "H8": _fragile,
    "H9": _forgets,
    "H10": _blind,
}
