"""What the metrics say of the last tick: verdicts, evidence, incidents; names that nobody declared are pooled."""

from collections import Counter

import numpy as np

from bellbuoy.config.model import Config
from bellbuoy.detectors.base import STATES
from bellbuoy.monitor.judging.evaluate import Evaluation
from bellbuoy.monitor.metrics import Metrics

OTHER = "other"


def after_tick(metrics: Metrics, evaluation: Evaluation, config: Config) -> None:
    """Set every gauge that speaks of series and incidents.

    Args:
        metrics: where they are set.
        evaluation: as it is after the tick.
        config: declares which workflows and steps may be labels; all others are `other`.
    """
    declared = {(workflow.name, step.name) for workflow in config.workflows for step in workflow.steps}
    declared |= {(workflow.name, "") for workflow in config.workflows}
    verdicts: Counter[tuple[str, str]] = Counter()
    bases: Counter[tuple[str, str]] = Counter()
    ratios: dict[tuple[str, str, str], float] = {}
    for group in evaluation.groups:
        states = group.state["judge.state"].astype(int)
        ratio = np.maximum(group.state["judge.value"] / group.watch.threshold, 0.0)
        for place, line in enumerate(group.lines):
            series = line.watched.series
            verdicts[line.watched.detector, STATES[states[place]]] += 1
            bases[line.watched.detector, group.basis(place)] += 1
            names = (series.workflow, series.step or "")
            key = (*(names if names in declared else (OTHER, OTHER)), series.signal)
            ratios[key] = max(ratios.get(key, 0.0), float(ratio[place]))
    metrics.series.clear()
    for (detector, verdict), number in verdicts.items():
        metrics.series.labels(detector, verdict).set(number)
    metrics.thresholds.clear()
    for (detector, basis), number in bases.items():
        metrics.thresholds.labels(detector, basis).set(number)
    metrics.evidence_ratio.clear()
    for labels, value in ratios.items():
        metrics.evidence_ratio.labels(*labels).set(value)
    metrics.incidents.clear()
    for (state, severity), number in Counter((one.state, one.severity) for one in evaluation.incidents).items():
        metrics.incidents.labels(state, severity).set(number)
    metrics.tick_judged.set(evaluation.judged or 0)
    metrics.late_trials.labels("taken").inc(evaluation.late_trials)
    metrics.late_trials.labels("too_old").inc(evaluation.too_late_trials)
    evaluation.late_trials = evaluation.too_late_trials = 0
