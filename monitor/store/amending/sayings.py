"""What the events of an interaction say of each other: a function of all of them, whatever the order in which they came."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bellbuoy.monitor.store.adding.places import Ints, encoded
from bellbuoy.monitor.store.amending.interactions import SAID, Flags, Interactions
from bellbuoy.monitor.store.amending.labels import words


def sayings(events: Interactions) -> pa.Table:
    """Return what is to be amended of each event: a row an event, NULL where it is as it was sent; columns as in `amended`."""
    none = np.zeros(len(events), bool)
    asks, again = _asked_again(events)
    handed = events.is_end & ~events.handed_to & events.any(events.is_step & events.hands_over)[events.interaction]
    retried = _retried(events) & ~events.flags(events.table["retried"])
    derived = {"reask": pa.array(again, mask=~asks), "retried": _true(retried), "handed_off": _true(handed)}
    said = {name: derived.get(name, pa.nulls(len(events), kind)) for name, kind in SAID.items()}
    for name, values in words(events).items() if events.is_label.any() else ():
        labelled = none.copy()
        labelled[list(values)] = True
        of_labels = pa.array([values.get(row) for row in range(len(events))], SAID[name])
        said[name] = pc.if_else(pa.array(labelled), of_labels, said[name]) if name in derived else of_labels
    return pa.table(said)


def lacking(events: Interactions, said: pa.Table) -> dict[int, list[str]]:
    """Return the steps without which an interaction does not end well and that did not run, by the row of the event that says it ended well.

    Args:
        events: whole interactions.
        said: what is amended of them.
    """
    rows, steps = events.listed("required_steps")
    if not len(rows):
        return {}
    well = events.is_end & events.flags(pc.equal(pc.coalesce(said["outcome"], events.table["outcome"]), "success"))
    ran = events.is_step & events.flags(pc.not_equal(events.table["outcome"], "skipped"))
    names, code = encoded(pa.chunked_array([*events.table["step"].chunks, steps]))
    of_events, needed = code[: len(events)], code[len(events) :]
    key = events.interaction * (len(names) + 1)
    missing = well[rows] & ~np.isin(key[rows] + needed, (key + of_events)[ran])
    found: dict[int, list[str]] = {}
    for row, step in zip(rows[missing].tolist(), steps.filter(pa.array(missing)).to_pylist(), strict=True):
        found.setdefault(row, []).append(step)
    return found


def _true(flags: Flags) -> pa.Array:
    return pa.array(flags, mask=~flags)


def _retried(events: Interactions) -> Flags:
    """Return the attempts after which another came: of each further attempt the last one before it that has the number before."""
    found = np.zeros(len(events), bool)
    attempt = events.ints("attempt")
    further = np.flatnonzero(events.is_step & (attempt > 1))
    if not len(further):
        return found
    names, step = encoded(events.table["step"])
    tries = np.flatnonzero(events.is_step)
    number = (events.interaction * (len(names) + 1) + step) * (int(attempt.max()) + 1) + attempt
    numbers, of_try = np.unique(number[tries], return_inverse=True)
    place = of_try * len(events) + events.position[tries]
    sort = np.argsort(place)
    before = np.searchsorted(numbers, number[further] - 1)
    there = before < len(numbers)
    there[there] = numbers[before[there]] == number[further][there] - 1
    last = np.searchsorted(place[sort], before * len(events) + events.position[further]) - 1
    there &= (last >= 0) & (of_try[sort[last]] == before)
    found[tries[sort[last[there]]]] = True
    return found


def _asked_again(events: Interactions) -> tuple[Flags, Flags]:
    """Return which events ask for slots and do not say themselves whether they did before, and whether one of these was filled earlier."""
    asks, again = np.zeros(len(events), bool), np.zeros(len(events), bool)
    asking, asked = events.listed("slots_asked")
    filling, filled = events.listed("slots_filled")
    asks[asking] = True
    asks &= ~events.has("reask") & ~events.is_label
    if not asks.any() or not len(filling):
        return asks, again
    names, code = encoded(pa.chunked_array([asked, filled]))
    key = events.interaction[np.append(asking, filling)] * (len(names) + 1) + code
    keys, first = _earliest(key[len(asking) :], events.beat[filling])
    place = np.minimum(np.searchsorted(keys, key[: len(asking)]), len(keys) - 1)
    earlier = (keys[place] == key[: len(asking)]) & (first[place] < events.beat[asking])
    again[asking[earlier]] = True
    return asks, again & asks


def _earliest(key: Ints, beat: Ints) -> tuple[Ints, Ints]:
    """Return the keys, each once, with the least of their beats."""
    sort = np.lexsort((beat, key))
    keys, first = np.unique(key[sort], return_index=True)
    return keys, beat[sort][first]
