"""What a fold says of a tick: verdicts in arrays, and one verdict in words when it is asked for."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import dispersion, mixture
from bellbuoy.detectors.base import (
    STALE,
    STATES,
    WATCH,
    WORSE,
    Array,
    Baseline,
    Measure,
    Severity,
    State,
    Verdict,
)
from bellbuoy.detectors.interval import gamma, jeffreys

WIDE, PLAIN = 0.999, 0.95
"""Coverage since the onset, where an alarm chose what is looked at, and of what came after the opening."""

# Rows of `judge.live`, what is kept while a stream is open: when it opened, the end of the last tick with trials, trials
# expected since, the largest change proven, evidence of recovery, counts since the opening, and the beginning of the
# recovery with the counts since. Counts are trials, bad ones and bad ones expected.
OPENED, LAST, MISSING, LO, RECOVERY, CALM_SINCE = 0, 1, 2, 3, 4, 8
AFTER: Final = slice(5, 8)
CALM: Final = slice(9, 12)
LIVE_ROWS: Final = 12

PAGE: Final = 2.0
"""What a detector's own word for a page is, see `bellbuoy.detectors.base.Evidence`."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The verdicts of S streams at the end of one tick.

    Attributes:
        at: end of the tick.
        seconds: its length.
        state: places in `bellbuoy.detectors.base.STATES`, shape (S,).
        value: evidence in nats, shape (S,).
        changed: streams whose verdict state is another than after the last tick, indices.
        open: streams that are worse, better or stale now.
        resolved: streams that recovered in this tick; their state is steady again.
        measure: what is judged: the share of bad trials, the volume, silence, or that there is none.
        n: trials of this tick.
        memory: state after this tick, before what resolved began anew.
        threshold, direction, zone: as watched.
        baseline: what normal is.
        mixed: where the sum over strata is bad and the strata are not, shape (S,); None without strata.
        urgent: what the detector says of the severity, see `bellbuoy.detectors.base.Evidence`.
        policy: what is normal is an objective.
        may_page: where an incident may become a page, shape (S,); None: anywhere.
        calibrated, empirical: as watched.
    """

    at: int
    seconds: int
    state: NDArray[np.int8]
    value: Array
    changed: NDArray[np.int64]
    open: NDArray[np.int64]
    resolved: NDArray[np.int64]
    measure: Measure
    n: Array = field(repr=False)
    memory: State = field(repr=False)
    threshold: Array = field(repr=False)
    direction: Array = field(repr=False)
    zone: str
    baseline: Baseline = field(repr=False)
    mixed: NDArray[np.bool_] | None = field(default=None, repr=False)
    urgent: Array | None = field(default=None, repr=False)
    policy: bool = False
    may_page: NDArray[np.bool_] | None = field(default=None, repr=False)
    calibrated: NDArray[np.bool_] | None = field(default=None, repr=False)
    empirical: NDArray[np.bool_] | None = field(default=None, repr=False)

    @property
    def silence(self) -> bool:
        """Whether the absence of trials is judged, not their share."""
        return self.measure == "silence"

    def verdict(self, i: int) -> Verdict:
        """Return the verdict of stream `i` with its numbers and its sentence.

        Of a stream that resolved in this tick, `n`, `bad` and the rates are those since the recovery began, and the
        onset is that of the change which is over.
        """
        if self.measure == "volume":
            return self._volume(i)
        return self._silence(i) if self.silence else self._share(i)

    @property
    def _live(self) -> Array:
        return self.memory["judge.live"]

    def _share(self, i: int) -> Verdict:
        resolved = i in self.resolved
        code = int(self.state[i])
        onset = float(self.memory["judge.onset"][i])
        counts = self._live[CALM, i] if resolved and self.measure != "never" else self.memory["judge.count"][:, i]
        n, bad, expected = counts.tolist()
        rate = expected / n if n else float(self.baseline.mean[i])
        now = bad / n if n else float("nan")
        low, high = self._change(i, onset, resolved=resolved)
        since = float(self._live[CALM_SINCE, i]) if resolved else onset
        return self._made(
            i, onset, rate, now, (low, high), (n, bad), self._why(i, code, since, rate, (n, bad), (low, high))
        )

    def _change(self, i: int, onset: float, *, resolved: bool) -> tuple[float, float]:
        """Return the interval of the change: that since the onset or of the time after the opening, the tighter one."""
        if resolved:
            return self._interval(i, self._live[CALM, i], float(self._live[CALM_SINCE, i]), PLAIN)
        count = self.memory["judge.count"][:, i]
        low, high = self._interval(i, count, onset, WIDE)
        if self.state[i] >= WORSE:
            later = self._live[AFTER, i]
            if later[0] > count[0] - later[0]:
                plain = self._interval(i, later, float(self._live[OPENED, i]), PLAIN)
                if plain[1] - plain[0] < high - low:
                    point = self._point(count)  # the change that is told beside it lies within it
                    low, high = min(plain[0], point), max(plain[1], point)
        return low, high

    def _point(self, count: Array) -> float:
        """Return the change: of the bad share, or of the volume as a share of it."""
        whole = count[2] if self.measure == "volume" else count[0]
        return float((count[1] - count[2]) / whole)

    def _interval(self, i: int, count: Array, since: float, coverage: float) -> tuple[float, float]:
        n, bad, expected = count.tolist()
        if n <= 0 or (self.measure == "volume" and expected <= 0):
            return float("nan"), float("nan")
        ticks = max((self.at - since) / self.seconds, 1.0)
        volume = self.measure == "volume"
        kept = self.baseline.volume_dispersion if volume else self.baseline.dispersion
        scatter = dispersion.of(kept[:, i], ticks)
        if volume:
            return gamma(bad, expected, scatter, coverage)
        low, high = jeffreys(n, bad, scatter, coverage)
        return low - expected / n, high - expected / n

    def _why(
        self, i: int, code: int, since: float, rate: float, counts: tuple[float, float], change: tuple[float, float]
    ) -> str:
        n, bad = counts
        if self.measure == "never":
            return self._forbidden(i, since, counts)
        if code == 0:
            learned, learned_bad = int(self.baseline.trials[i]), int(self.baseline.bad[i])
            return f"still learning what is normal: {learned:,} trials so far, {learned_bad:,} of them bad; {self._sight(i)}"
        if n <= 0:
            return f"no trial judged yet, {_percent(rate)} bad is normal"
        usual = f"the objective allows {_percent(rate)}" if self.policy else f"{_percent(rate)} is normal"
        told = f"{_percent(bad / n)} of {int(n):,} trials bad since {self._time(since)}, {usual}"
        if self.mixed is not None and self.mixed[i]:
            return self._mix(i)
        if i in self.resolved:
            return f"{told}; it was bad for {_span(self.at - float(self.memory['judge.onset'][i]))}"
        if code == STALE:
            last = self._time(float(self._live[LAST, i]))
            missing = float(self._live[MISSING, i])
            return f"no trial since {last}, {missing:.0f} were expected; before that {told}"
        if self.policy and code >= WATCH:
            return f"{told}: {_number(bad / n / rate)} times as many"
        if code == WATCH:
            return f"{told}; not proven yet (evidence {self.value[i]:.1f} of {self.threshold[i]:.1f}{self._basis(i)})"
        if code >= WORSE:
            return f"{told} (95 % interval of the change {_points(change)}){self._noise(i)}"
        return told

    def _forbidden(self, i: int, since: float, counts: tuple[float, float]) -> str:
        """Return how many there were of what must not be."""
        n, bad = (int(one) for one in counts)
        if i in self.resolved:
            began = float(self.memory["judge.onset"][i])
            last = float(self.memory["last"][i])
            return f"none since {self._time(last)}: over, it began {_span(self.at - began)} ago"
        if not bad:
            return "none, as it has to be"
        return f"{bad:,} of {n:,} since {self._time(since)} {'is' if bad == 1 else 'are'} bad, none may be"

    def _basis(self, i: int) -> str:
        """Say what the threshold rests on, where that is not the detector's model and its history together."""
        if self.empirical is not None and self.empirical[i]:
            return ", a threshold learned from noise that the detector's model does not describe"
        return ", not calibrated" if self.calibrated is not None and not self.calibrated[i] else ""

    def _noise(self, i: int) -> str:
        """Say that the noise is not what the detector's model takes it for."""
        empirical = self.empirical is not None and self.empirical[i]
        return (
            "; the noise here is not described by the detector's model, its threshold is empirical" if empirical else ""
        )

    def _sight(self, i: int) -> str:
        """Say what is seen of a stream that still learns: nothing, or by what is normal for others like it large changes."""
        if not self.baseline.by_prior[i]:
            return "until then nothing is judged"
        boundary = float(self.baseline.mean[i] + self.direction[i] * self.baseline.margin[i])
        boundary = min(max(boundary, mixture.LOWEST), mixture.HIGHEST)
        for days, span in ((1, "a day"), (3, "three days")):
            ticks = days * 86_400 / self.seconds
            scatter = dispersion.of(self.baseline.dispersion[:, i], ticks)
            for ratio in (one for one in mixture.RATIOS if one >= mixture.LARGE):
                up = self.direction[i] > 0
                rate = min(boundary * ratio, (1.0 + boundary) / 2.0) if up else boundary / ratio
                distance = float(mixture.divergence(np.array(rate), np.array(boundary)))
                if self.baseline.per_tick[i] * ticks * distance / scatter >= self.threshold[i]:
                    change = "rise" if up else "fall"
                    return f"by others like it, a {change} to {_percent(rate)} bad would be seen within {span}"
        return "by others like it, it has too few trials to see anything within three days"

    def _mix(self, i: int) -> str:
        """Return why the sum over strata is bad and nothing is wrong."""
        return (
            "mix: the whole is worse than normal and its strata are not; more trials come of what is always worse"
            if self.direction[i] > 0
            else "mix: the whole is better than normal and its strata are not; fewer trials come of what is always worse"
        )

    def _volume(self, i: int) -> Verdict:
        resolved = i in self.resolved
        onset = float(self.memory["judge.onset"][i])
        counts = self._live[CALM, i] if resolved else self.memory["judge.count"][:, i]
        ticks, n, expected = counts.tolist()
        nan = float("nan")
        rate = expected / ticks if ticks else nan
        now = n / ticks if ticks else nan
        low, high = self._change(i, onset, resolved=resolved)
        since = float(self._live[CALM_SINCE, i]) if resolved else onset
        code = int(self.state[i])
        if code == 0:
            why = f"still learning what is normal: {int(self.baseline.trials[i]):,} trials so far"
        elif not ticks or expected <= 0:
            why = "as many trials arrive as is normal"
        else:
            lost = "fewer" if n < expected else "more"
            told = f"{_number(n)} trials since {self._time(since)} where {_number(expected)} were expected"
            why = f"{told}, {_percent(abs(n / expected - 1.0))} {lost}"
            if resolved:
                why = f"{told}; it was bad for {_span(self.at - onset)}"
            elif code == WATCH:
                why += f"; not proven yet (evidence {self.value[i]:.1f} of {self.threshold[i]:.1f})"
            elif code >= WORSE:
                why += f" (95 % interval {_shares((low, high))})"
        return self._made(i, onset, rate, now, (low, high), (n, 0.0), why)

    def _silence(self, i: int) -> Verdict:
        onset = float(self.memory["judge.onset"][i])
        expected = float(self.memory["judge.count"][2, i])
        length = self.at - onset
        usual = expected / max(length / self.seconds, 1.0)
        code = int(self.state[i])
        nan = float("nan")
        if i in self.resolved:
            why = f"trials are back after {_span(length)} of silence: {int(self.n[i]):,} in the last tick"
            return self._made(i, onset, usual, float(self.n[i]), (nan, nan), (float(self.n[i]), 0.0), why)
        if code == 0:
            why = f"still learning what is normal: {int(self.baseline.trials[i]):,} trials so far"
        elif expected > 0:
            why = f"no trial since {self._time(onset)}, {_number(expected)} were expected"
        else:
            why = "trials arrive"
        return self._made(i, onset, usual, 0.0 if expected > 0 else nan, (nan, nan), (0.0, 0.0), why)

    def _made(
        self,
        i: int,
        onset: float,
        rate: float,
        now: float,
        change: tuple[float, float],
        counts: tuple[float, float],
        why: str,
    ) -> Verdict:
        told = self.state[i] >= WATCH or i in self.resolved
        return Verdict(
            state=STATES[int(self.state[i])],
            at=self.at,
            onset=int(onset) if told and not np.isnan(onset) else None,
            baseline_rate=rate,
            current_rate=now,
            change_low=change[0],
            change_high=change[1],
            n=int(counts[0]),
            bad=int(counts[1]),
            evidence=float(self.value[i]),
            threshold=float(self.threshold[i]),
            why=why,
            measure=self.measure,
            least=self._least(i),
            most=self._most(i),
        )

    def _least(self, i: int) -> Severity:
        """Return the severity that an incident of it has whatever the size of the change."""
        if self.silence:
            return "page"
        if self.policy:
            return "page" if self.urgent is not None and self.urgent[i] >= PAGE else "ticket"
        return "watch"

    def _most(self, i: int) -> Severity:
        """Return the severity above which no incident of it comes."""
        if self.policy:
            return self._least(i)
        return "page" if self.may_page is None or self.may_page[i] else "ticket"

    def _time(self, instant: float) -> str:
        """Return the local time, with the date unless it is that of the tick."""
        place = ZoneInfo(self.zone)
        then, now = datetime.fromtimestamp(instant, place), datetime.fromtimestamp(self.at, place)
        return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.5 else f"{value:.2g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %" if 0 < share < 0.00995 else f"{100 * share:.1f} %"


def _points(change: tuple[float, float]) -> str:
    low, high = change
    digits = 2 if max(abs(low), abs(high)) < 0.00995 else 1
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f} points".replace("-", "−")


def _shares(change: tuple[float, float]) -> str:
    return f"{100 * change[0]:+.0f} % to {100 * change[1]:+.0f} %".replace("-", "−")


def _span(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    minutes = round(seconds / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "d"), (hours, "h"), (rest, "min")]
    told = [f"{number} {unit}" for number, unit in parts if number][:2]
    return " ".join(told) or "0 min"
