"""What is done to the store on a timetable or when a person asks: exports, dead letters read again."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from bellbuoy.config.model import Config
from bellbuoy.monitor.clock import Clock
from bellbuoy.monitor.letters import Letter, Retried, letter, retry
from bellbuoy.monitor.store import Store, StoreExhausted
from bellbuoy.monitor.store.aging.coarsen import FINE_S
from bellbuoy.monitor.store.aging.export import DAILY, DAY, WHOLE, Export, Exports

log = logging.getLogger(__name__)


class NoExports(Exception):  # noqa: N818 - the state is the name
    """No folder is configured for exports; the text says how."""


class Upkeep:
    """Does one such thing at a time; who asks meanwhile waits."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self.store = store
        self.config = config
        self.clock = clock
        self._busy = threading.Lock()
        self._mended = False

    def exports(self) -> Exports | None:
        """Return the exports, where a folder is configured; a rehearsal's copy of the store writes none."""
        settings = self.config.store
        if settings.exports is None or self.store.path != Path(settings.path).absolute():
            return None
        return Exports(self.store, Path(settings.exports).absolute())

    def begin(self) -> None:
        """Look after the exports at the start: what was left unfinished is deleted, what is written of them made true."""
        exports = self.exports()
        if exports is None:
            return
        try:
            with self._busy:
                self._mend(exports)
        except (OSError, StoreExhausted) as error:
            log.error("the exports cannot be looked after: %s; see to store.exports and its disk", error)  # noqa: TRY400 - the place is told, not a defect

    def _mend(self, exports: Exports) -> None:
        if not self._mended:
            for told in exports.mend():
                log.warning("export %s", told)
            self._mended = True

    def export(self, days: Sequence[int] = (), *, today: bool = False) -> list[Export]:
        """Write exports and return the files written.

        Args:
            days: midnights (UTC, epoch seconds) of the days to write; none: every closed day that is not written yet or that
                was added to since. A file of minutes stays when the store has no minutes of its day any more.
            today: the present day too, as far as it has come.

        Raises:
            NoExports: there is no folder for them.
            OSError, StoreExhausted: the disk is full or refuses.
        """
        exports = self.exports()
        if exports is None:
            raise NoExports("no folder for exports is configured: set store.exports")
        with self._busy:
            self._mend(exports)
            now = self.clock.now()
            found = self.store.rows("judgement/progress", name="judged")
            judged = found[0]["at"] if found else 0
            written = {(row["kind"], row["day"]) for row in self.store.rows("exports/known")}
            wanted = [
                (kind, day)
                for day in days
                for kind in DAILY
                if kind == "events" or day >= judged - FINE_S or (kind, day) not in written
            ]
            if not days and not today:
                wanted = exports.due(min(now, judged), judged - FINE_S)
            if today:
                wanted += [(kind, int(now // DAY * DAY)) for kind in DAILY]
            made = [exports.day(kind, day, self.clock.now()) for kind, day in wanted]
            made += [exports.whole(kind, self.clock.now()) for kind in WHOLE]
        log.info("exports: %d files with %d rows", len(made), sum(one.rows for one in made))
        return made

    def remove_repeats(self, since: float, until: float) -> int:
        """Delete events that were stored before, while no export is written; see `Store.remove_repeats`."""
        with self._busy:
            return self.store.remove_repeats(since, until)

    def letter(self, number: int) -> Letter | None:
        """Return one dead letter with all that is kept of it, or None."""
        return letter(self.store, number)

    def retry(self, ids: Sequence[int] = (), kind: str | None = None, *, every: bool = False) -> Retried:
        """Read dead letters again; see `bellbuoy.monitor.letters.retry`."""
        with self._busy:
            return retry(self.store, self.config, self.clock.now(), ids, kind, every=every)
