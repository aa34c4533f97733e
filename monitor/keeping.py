"""What is wrong with the store, as troubles of Bellbuoy's own."""

from bellbuoy.monitor.judging.ourselves import Trouble
from bellbuoy.monitor.store import Store
from bellbuoy.monitor.store.damage import all_set_aside


def troubles(store: Store) -> list[Trouble]:
    """Return what is wrong with the store: set aside, damaged, or its log not merged.

    A store that was set aside is told as long as it lies beside the new one.
    """
    found = [
        Trouble(
            f"store:aside:{one.path.name}",
            "page",
            "the store was damaged and has begun anew",
            f"{one.path.name} is the old one ({one.why}). What the sources still hold is read again; baselines are "
            "learned anew, and until then falls may go unseen.",
            f"Put a copy of the store in place while the daemon is stopped, or keep the new one; "
            f"then move {one.path} away: that ends this incident.",
        )
        for one in (() if store.path is None else all_set_aside(store.path))
    ]
    if store.unmerged is not None:
        found.append(
            Trouble(
                "store:unmerged",
                "ticket",
                "the store's log cannot be merged into its file",
                store.unmerged,
                "Make room on the disk of the store: what is stored is kept in the log until then.",
            )
        )
    return found
