"""What is taken for normal, as people ask for it and decide it; the daemon's HTTP door and the command line stand before it."""

from bellbuoy.config.model import Config
from bellbuoy.monitor.judging.sight import Sight, sights_at
from bellbuoy.monitor.store import Store


class Normal:
    """Answers from a store; called from several threads."""

    def __init__(self, store: Store, config: Config) -> None:
        self.store = store
        self.config = config

    def sights(self) -> list[Sight]:
        """Return what each detector can see on each series, as of the last tick that was judged."""
        return sights_at(self.store, self.config, self.judged())

    def judged(self) -> int:
        """Return the end of the last tick that was judged, epoch seconds; 0 before the first one."""
        found = self.store.rows("judgement/progress", name="judged")
        return int(found[0]["at"]) if found else 0
