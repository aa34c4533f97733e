"""The order of steps, learned from which of two came first how often."""

import numpy as np

from bellbuoy.detectors.base import Array


def order(first: Array) -> list[int]:
    """Return the places of steps in the order that contradicts the fewest interactions, as far as moving one step finds it.

    The cost of an order is the number of pairs, over all interactions, that came the other way round (Kemeny). It begins
    with the steps that came first most often (Borda), then moves single steps while that costs less.

    Args:
        first: in how many interactions step i came before step j, shape (steps, steps).

    Example:
        >>> import numpy as np
        >>> order(np.array([[0, 3, 0], [7, 0, 0], [9, 9, 0]]))
        [2, 1, 0]
    """
    lead = first - first.T
    both = (first + first.T).sum(axis=1)
    share = np.divide(first.sum(axis=1), both, out=np.full(len(first), 0.5), where=both > 0)
    places = np.argsort(-share, kind="stable").tolist()
    for _ in range(len(places)):  # in practice two or three rounds; each one costs less than the last
        moved = False
        for one in places:
            at = places.index(one)
            rest = places[:at] + places[at + 1 :]
            gained = np.concatenate([[0.0], np.cumsum(lead[rest, one])])
            best = int(np.argmax(gained))
            if gained[best] > gained[at]:
                places = [*rest[:best], one, *rest[best:]]
                moved = True
        if not moved:
            break
    return [int(one) for one in places]
