"""In which order the steps of a workflow run, from the interactions that ran them."""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from bellbuoy.detectors.order import order

Course = tuple[str, ...]
"""The steps of an interaction, each once, by when it ran first."""


def ordered(courses: Mapping[Course, int]) -> tuple[list[str], float | None]:
    """Return the steps in the order in which most interactions run them.

    Args:
        courses: what interactions ran, and how many of them ran just that.

    Returns:
        The steps, and the share of all pairs of steps in all interactions that run in this order; None without pairs.
    """
    ran: Counter[str] = Counter()
    for course, many in courses.items():
        ran.update(dict.fromkeys(course, many))
    names = sorted(ran, key=lambda name: (-ran[name], name))
    place = {name: number for number, name in enumerate(names)}
    first = np.zeros((len(names), len(names)))
    for course, many in courses.items():
        for one, later in combinations(course, 2):
            first[place[one], place[later]] += many
    places = order(first)
    kept = np.triu(first[np.ix_(places, places)]).sum()
    return [names[number] for number in places], float(kept / first.sum()) if first.any() else None
