"""How much of the benchmark is run, and with what."""

from dataclasses import dataclass, field

from bellbuoy.bench.detect.streams import MONTH, SEED
from bellbuoy.detectors.base import Detector
from bellbuoy.detectors.rate_shift import RateShift


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run.

    Attributes:
        replicates: series of a scenario; through the backtest workflows.
        outcomes: series of the peers that look at every outcome.
        columns: names of the columns; None: all.
        seed: first part of the seeds.
        detector: what is judged with: as shipped.
        ticks: of a month.
        days: of the backtest that is timed.
    """

    replicates: int = 200
    outcomes: int = 48
    columns: frozenset[str] | None = None
    seed: int = SEED
    detector: Detector = field(default_factory=RateShift)
    ticks: int = MONTH
    days: int = 180

    def wants(self, name: str) -> bool:
        """Whether a column is run."""
        return self.columns is None or name in self.columns
