"""In which order the steps of a workflow run, from the interactions that ran them."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from statistics import median

Course = tuple[str, ...]
"""The steps of an interaction, each once, by when it ran first."""


def order(courses: Mapping[Course, int]) -> tuple[list[str], float | None]:
    """Return the steps in the order in which most interactions run them.

    One after the other is taken: the step before which the fewest interactions run one that is still left; among equals the
    one that comes first in the median interaction that has it. So an order that no interaction breaks is found whole, also
    where no interaction has all steps.

    Args:
        courses: what interactions ran, and how many of them ran just that.

    Returns:
        The steps, and the share of all pairs of steps in all interactions that run in this order; None without pairs.
    """
    places: defaultdict[str, list[float]] = defaultdict(list)
    before: Counter[tuple[str, str]] = Counter()
    for course, many in courses.items():
        for place, step in enumerate(course):
            places[step] += [place / (len(course) - 1) if len(course) > 1 else 0.5] * many
            for later in course[place + 1 :]:
                before[step, later] += many
    first = sorted(places, key=lambda step: (median(places[step]), -len(places[step]), step))
    against = {step: {other: max(0, before[other, step] - before[step, other]) for other in first} for step in first}
    steps: list[str] = []
    while first:
        found = min(first, key=lambda step: sum(against[step][other] for other in first))
        first.remove(found)
        steps.append(found)
    rank = {step: at for at, step in enumerate(steps)}
    kept = sum(many for (one, other), many in before.items() if rank[one] < rank[other])
    return steps, kept / before.total() if before else None
