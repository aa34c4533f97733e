"""The table of skips: what a person asked, and what became of it in the transaction that moved the position."""

from dataclasses import dataclass

from bellbuoy.monitor.sources.skipping import Skip, Skipped
from bellbuoy.monitor.store.adding.append import Appender
from bellbuoy.monitor.store.engine import Engine
from bellbuoy.monitor.store.transaction import Transaction

TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a skip.

    Attributes:
        taken: the stream goes on there.
        text: `taken`, or why it does not.
        start, to: where it stood and where it goes on; None when it was not taken.
        lost: records between the two that the broker no longer had.
    """

    taken: bool
    text: str
    start: int | None
    to: int | None
    lost: int | None


class Skips:
    """Asks and answers, each in one transaction."""

    def __init__(self, engine: Engine, appender: Appender) -> None:
        self._engine = engine
        self._appender = appender

    def ask(self, place: tuple[str, str, int], target: str, why: str, at: float) -> int:
        """Write where a person wants a stream to go on and return the number of the row.

        Args:
            place: source, path and partition of the stream.
            target: `begin`, `end` or an offset.
            why: the person's reason, or ''.
            at: the instant, epoch seconds.
        """
        source, path, partition = place
        with self._engine.transaction() as tx:
            tx.run(
                "store/ask_skip",
                source=source,
                path=path,
                partition=partition,
                target=target,
                why=why[:1000],
                asked=int(at * 1e6),
            )
            return int(tx.rows("store/last_skip")[0]["id"])

    def waiting(self, source: str) -> list[Skip]:
        """Return the skips that a source has not answered yet."""
        return [Skip(**row) for row in self._engine.rows("store/skips_waiting", source=source)]

    def take(self, skip: Skip, skipped: Skipped, at: float) -> None:
        """Move a position to where a person wants it, and say so in the table.

        Raises:
            StoreExhausted: disk or memory is used up; nothing was written.
            PositionConflict: the stream is not where its source believes; nothing was written.
        """

        def record(tx: Transaction) -> None:
            moved = {"start": skipped.start, "target": skipped.to, "lost": skipped.lost}
            tx.run("store/answer_skip", id=skip.id, taken=int(at * 1e6), answer=TAKEN, **moved)

        self._appender.skip(skipped, record)

    def refuse(self, skip: Skip, reason: str, at: float) -> None:
        """Say in the table why a skip is not taken."""
        nothing = {"start": None, "target": None, "lost": None}
        with self._engine.transaction() as tx:
            tx.run("store/answer_skip", id=skip.id, taken=int(at * 1e6), answer=reason, **nothing)

    def answer(self, number: int) -> Answer | None:
        """Return what became of a skip; None while its source has not answered."""
        [row] = self._engine.rows("store/skip", id=number)
        if row["answer"] is None:
            return None
        return Answer(row["answer"] == TAKEN, row["answer"], row["from_offset"], row["to_offset"], row["lost"])
