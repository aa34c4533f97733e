"""Interactions with a known drift: what the demo shows, and the key that detections are scored against."""

from bellbuoy.monitor.simulate.demo import demo_plan
from bellbuoy.monitor.simulate.drift import Drift, DriftError, parse_drift, parse_drifts
from bellbuoy.monitor.simulate.plan import HOURS, Plan, plan_from_workflow, truth
from bellbuoy.monitor.simulate.run import days, simulate
from bellbuoy.monitor.simulate.workflow import LEAD_QUALIFIER, StepModel, WorkflowModel

__all__ = [
    "HOURS",
    "LEAD_QUALIFIER",
    "Drift",
    "DriftError",
    "Plan",
    "StepModel",
    "WorkflowModel",
    "days",
    "demo_plan",
    "parse_drift",
    "parse_drifts",
    "plan_from_workflow",
    "simulate",
    "truth",
]
