"""The battery: what every detector must hold to, built in or a user's own. Run it in your own tests.

The checks of one detector on few streams are here; those that count over many are in `bellbuoy.detectors.chances`.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bellbuoy.detectors import baseline, chances, judge
from bellbuoy.detectors.base import Array, Baseline, Counts, Detector, State, Tick

_DAY = 288
_TICKS = 72
_RATES = (0.05, 0.01, 0.2, 0.06, 0.0)
_VOLUMES = (20.0, 5.0, 2.0, 100.0, 12.0)


def battery(
    detector_class: type[Any], /, *, streams: int = chances.SEEDS, **settings: object
) -> list[tuple[str, Callable[[], None]]]:
    """Return the checks for a detector, each with its name; a check raises AssertionError and says what is wrong.

    What a detector cannot do or need not promise stands on its class, not in the tests: `empty_ticks`, `watches`,
    `one_way`, `policy`, `nats`, `linear`, `found_within` (see `bellbuoy.detectors.base.Detector`).

    Args:
        detector_class: a frozen dataclass with `begin`, `prepare` and `step`.
        streams: of the checks that count how often it is wrong and how soon it is right.
        settings: its settings.

    Example:
        In a test module of your own; the built-in detectors are tested in the same way.

        >>> from bellbuoy.detectors.rate_shift import RateShift
        >>> for name, check in battery(RateShift, streams=200):
        ...     check()
        >>> name
        'RateShift:late'
    """
    case = _Case(detector_class, dict(settings))
    many = chances.Chances(case.make, streams)
    checks = (
        case.frozen,
        case.shapes,
        case.pure,
        case.untouched,
        case.cuts,
        case.batch,
        case.empty,
        case.odd,
        case.refused,
        case.monotone,
        case.sign,
        case.judged,
        many.false_rate,
        many.learned,
        many.power,
        many.few().ends,
        many.few().late,
    )
    return [(f"{detector_class.__name__}:{check.__name__}", check) for check in checks]


@dataclass(frozen=True)
class _Case:
    """One detector under test; every check is a method."""

    detector_class: type[Any]
    settings: dict[str, object]

    def frozen(self) -> None:
        """The settings are fields that cannot change, so that two equal detectors judge alike."""
        assert is_dataclass(self.detector_class), "a detector is a dataclass: its fields are its settings"
        assert self.detector_class.__dataclass_params__.frozen, "write @dataclass(frozen=True)"  # type: ignore[attr-defined] # mypy knows no such attribute of dataclasses
        assert self.make() == self.make(), "two detectors of equal settings are not equal"
        assert isinstance(self.make(), Detector), "a detector has begin, prepare and step"

    def shapes(self) -> None:
        """State and evidence are float64 arrays with the streams on the last axis."""
        normal = _normal()
        size = len(normal.mean)
        detector, prepared = self._ready(normal)
        state = detector.begin(size)
        for tick in _ticks(5):
            after, evidence = detector.step(state, tick, prepared)
            told = [*state.items(), *after.items(), ("value", evidence.value), ("onset", evidence.onset)]
            state = after
            for name, array in told:
                assert array.dtype == np.float64, f"{name} is {array.dtype}, not float64"
                assert array.shape[-1:] == (size,), (
                    f"{name} has shape {array.shape}, its last axis is not {size} streams"
                )
            assert not any(name.startswith("judge.") for name in state), "names under judge. belong to the fold"

    def pure(self) -> None:
        """The same input gives the same output, also from a second detector."""
        _same(self._values(_normal()), self._values(_normal()), "the same input gave another answer")

    def untouched(self) -> None:
        """A step leaves its arguments as they were."""
        normal = _normal()
        detector, prepared = self._ready(normal)
        state = detector.begin(len(normal.mean))
        for tick in _ticks(20):
            for array in (*state.values(), tick.n, tick.bad):
                array.setflags(write=False)
            kept = {name: array.copy() for name, array in state.items()}
            after, _ = detector.step(state, tick, prepared)
            assert kept.keys() == state.keys(), "a step changed the keys of the state it was given"
            for name, array in kept.items():
                _same([array], [state[name]], f"a step changed {name} of the state it was given")
            state = {name: array.copy() for name, array in after.items()}

    def cuts(self) -> None:
        """State that was written as rows and read back, at whatever tick, goes on to the same values."""
        normal = _normal()
        whole = self._values(normal)
        detector, prepared = self._ready(normal)
        ticks = list(_ticks())
        state = detector.begin(len(normal.mean))
        for cut, tick in enumerate(ticks):
            rest = _restored(_rows(state))
            for place in range(cut, min(cut + 8, len(ticks))):
                rest, evidence = self.make().step(rest, ticks[place], prepared)
                _same([evidence.value], [whole[place]], f"a restart before tick {cut} changed tick {place}")
            state, _ = detector.step(state, tick, prepared)

    def batch(self) -> None:
        """A stream gets the same value to the bit alone, in another order and beside its own copies."""
        normal = _normal()
        whole = self._values(normal)
        size = len(normal.mean)
        orders = [np.array([one]) for one in range(size)]
        orders += [np.arange(size)[::-1].copy(), np.tile(np.arange(size), 60)]
        for order in orders:
            parted = self._values(baseline.take(normal, order), order)
            _same(
                parted, [value[order] for value in whole], f"streams {order[:5].tolist()} depend on what is beside them"
            )

    def empty(self) -> None:
        """A tick without trials changes nothing, unless the class says `empty_ticks`."""
        if getattr(self.detector_class, "empty_ticks", False):
            return
        normal = _normal()
        detector, prepared = self._ready(normal)
        state = detector.begin(len(normal.mean))
        for tick in _ticks(20):
            state, evidence = detector.step(state, tick, prepared)
            nothing = np.zeros_like(tick.n)
            after, again = detector.step(state, Tick(tick.at + 300, tick.cell, nothing, nothing), prepared)
            _same([again.value], [evidence.value], "a tick without trials changed the evidence")
            for name, array in state.items():
                _same([after[name]], [array], f"a tick without trials changed {name}")

    def odd(self) -> None:
        """Rare, huge, all bad, all good, never bad, one stream, none: never NaN, never a warning."""
        for size, volume, rate in ((1, 0.01, 0.05), (3, 1e6, 0.05), (2, 5.0, 0.0), (2, 5.0, 1.0), (0, 5.0, 0.5)):
            with _strict():
                normal = _learned(np.full(size, volume), np.full(size, rate))
                for seen in (0.0, 0.5, 1.0):
                    for direction in (1.0, -1.0):
                        self._survives(normal, volume, seen, direction)

    def refused(self) -> None:
        """Counts that are no numbers, more bad than trials, and a tick that was folded already are refused by the fold."""
        normal = _normal()
        size = len(normal.mean)
        detector, prepared = self._ready(normal)
        watch = judge.Watch(np.full(size, 9.0), np.ones(size), np.full(size, 0.02))
        n = np.full(size, 3.0)
        state, _ = judge.fold(detector, judge.begin(detector, size), _tick(1, n, n), prepared, normal, watch)
        for wrong in (_tick(2, n, n * np.nan), _tick(2, n * np.nan, n), _tick(2, n, n + 1.0), _tick(1, n, n)):
            try:
                judge.fold(detector, state, wrong, prepared, normal, watch)
            except ValueError:
                continue
            raise AssertionError(f"{wrong} was folded")

    def monotone(self) -> None:
        """One more bad in place of a good never lowers the value; nor does one more trial of a volume, one tick more of silence."""
        normal = _normal()
        detector, prepared = self._ready(normal)
        state = detector.begin(len(normal.mean))
        for tick in _ticks():
            quiet = Tick(tick.at, tick.cell, np.zeros_like(tick.n), np.zeros_like(tick.n))
            if _watches(detector) == "silence":
                first, before = detector.step(state, quiet, prepared)
                _, after = detector.step(first, quiet, prepared)
            else:
                more = 1.0 if _watches(detector) == "volume" else 0.0
                bad = tick.bad if more else np.minimum(tick.bad + 1.0, tick.n)
                _, before = detector.step(state, tick, prepared)
                _, after = detector.step(state, Tick(tick.at, tick.cell, tick.n + more, bad), prepared)
            fallen = after.value < before.value - 1e-9 * np.abs(before.value)
            assert not fallen.any(), f"value fell from {before.value[fallen]} to {after.value[fallen]} at {tick}"
            state, _ = detector.step(state, tick, prepared)

    def sign(self) -> None:
        """Larger is worse: a collapse ends with more evidence than a normal day, and falls are found downwards."""
        normal = _learned(np.full(2, 20.0), np.full(2, 0.2))
        detector = self.make()
        watches = _watches(detector)
        one_way = watches == "silence" or getattr(detector, "one_way", False)
        for direction, changed, volume in ((1.0, 0.6, 60.0), (-1.0, 0.02, 4.0))[: 1 if one_way else 2]:
            prepared = detector.prepare(normal, np.full(2, 9.0), np.full(2, direction))
            state = detector.begin(2)
            busy = {"silence": 0.0, "volume": volume}.get(watches, 20.0)
            for place in range(40):
                n = np.array([20.0, busy])
                bad = n * np.array([0.2, changed])
                state, evidence = detector.step(state, _tick(place, n, np.floor(bad)), prepared)
            assert evidence.value[1] > evidence.value[0], (
                f"direction {direction:+.0f}: {evidence.value[1]} where much changed, {evidence.value[0]} where nothing did"
            )

    def judged(self) -> None:
        """The fold judges it: verdicts can be told, in words, of every stream at every tick."""
        normal = _normal()
        size = len(normal.mean)
        detector = self.make()
        watch = judge.Watch(np.full(size, 3.0), np.ones(size), np.full(size, 0.02))
        prepared = detector.prepare(normal, watch.threshold, watch.direction)
        state = judge.begin(detector, size)
        for tick in _ticks():
            state, judgement = judge.fold(detector, state, tick, prepared, normal, watch)
            for stream in range(size):
                verdict = judgement.verdict(stream)
                assert verdict.why, "a verdict says why"
                assert verdict.onset is None or verdict.onset <= tick.at, "a change begins before it is seen"

    def make(self) -> Detector:
        detector: Detector = self.detector_class(**self.settings)
        return detector

    def _ready(self, normal: Baseline, direction: float = 1.0) -> tuple[Detector, Any]:
        detector = self.make()
        size = len(normal.mean)
        return detector, detector.prepare(normal, np.full(size, 9.0), np.full(size, direction))

    def _values(self, normal: Baseline, order: NDArray[np.int64] | None = None) -> list[Array]:
        detector, prepared = self._ready(normal)
        state = detector.begin(len(normal.mean))
        values = []
        for tick in _ticks():
            chosen = tick if order is None else Tick(tick.at, tick.cell, tick.n[order], tick.bad[order])
            state, evidence = detector.step(state, chosen, prepared)
            values.append(evidence.value)
        return values

    def _survives(self, normal: Baseline, volume: float, seen: float, direction: float) -> None:
        size = len(normal.mean)
        detector, prepared = self._ready(normal, direction)
        state = detector.begin(size)
        for place in range(30):
            n = np.full(size, max(np.rint(volume), 1.0)) * (place % 3 > 0)
            state, evidence = detector.step(state, _tick(place, n, np.floor(n * seen)), prepared)
            assert not np.isnan(evidence.value).any(), f"NaN at a volume of {volume}, {seen:.0%} bad"


def _watches(detector: Detector) -> str:
    return str(getattr(detector, "watches", "share"))


def _normal() -> Baseline:
    """Five series learned over 28 days."""
    return _learned(np.array(_VOLUMES), np.array(_RATES))


def _learned(volumes: Array, rates: Array) -> Baseline:
    random = np.random.default_rng(20_261_122)
    n = random.poisson(volumes, (28 * _DAY, len(volumes)))
    bad = random.binomial(n, rates)
    at = 300 * np.arange(1 - 28 * _DAY, 1, dtype=np.int64)
    return baseline.fit(Counts(at, n.astype(np.float64), bad.astype(np.float64)), min_trials=1, min_bad=0)


def _ticks(count: int = _TICKS) -> Iterator[Tick]:
    """Ticks with gaps; in their second half everything is three times as bad."""
    random = np.random.default_rng(7)
    for place in range(count):
        n = random.poisson(np.array(_VOLUMES)) * (random.random(len(_VOLUMES)) < 0.8)
        bad = random.binomial(n, np.minimum(np.array(_RATES) * (3.0 if place > count // 2 else 1.0) + 0.001, 1.0))
        yield _tick(place, n.astype(np.float64), bad.astype(np.float64))


def _tick(place: int, n: Array, bad: Array) -> Tick:
    at = 300 * (place + 1)
    return Tick(at, baseline.cell(at, "UTC"), n, bad)


def _rows(state: State) -> list[dict[str, list[float]]]:
    """Return the state as one row a stream, as a store keeps it."""
    size = next(iter(state.values())).shape[-1]
    rows: list[dict[str, list[float]]] = [
        {f"{name}:{array.shape[:-1]}": array[..., stream].ravel().tolist() for name, array in state.items()}
        for stream in range(size)
    ]
    return rows


def _restored(rows: list[dict[str, list[float]]]) -> State:
    """Return the state that `_rows` wrote."""
    state: State = {}
    for key in rows[0]:
        name, _, told = key.rpartition(":")
        shape = tuple(int(part) for part in told.strip("()").split(",") if part.strip())
        state[name] = np.ascontiguousarray(np.array([row[key] for row in rows]).T.reshape(*shape, len(rows)))
    return state


def _same(first: Iterable[Array], second: Iterable[Array], why: str) -> None:
    """Assert that arrays are equal to the bit, NaN beside NaN."""
    for one, other in zip(first, second, strict=True):
        assert one.shape == other.shape, why
        assert np.array_equal(one, other, equal_nan=True), f"{why}: {one} and {other}"


@contextmanager
def _strict() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(divide="raise", invalid="raise", over="raise"):
        warnings.simplefilter("error")
        yield
