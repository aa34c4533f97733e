"""The demo's plan: a good month, then a slide that no single day shows."""

from bellbuoy.monitor.simulate.drift import parse_drifts
from bellbuoy.monitor.simulate.plan import Plan
from bellbuoy.monitor.simulate.workflow import LEAD_QUALIFIER

DRIFTS = (
    "qualify:0.985->0.90@day30..day150",
    "hold_state:0.989->0.94@day30..day150",
    "qualify[agent_version=v41]:0.985->0.979@day95",
    "source:pricing-wiki stale@day60",
)
"""From month two on `qualify` and `hold_state` slide, `pricing-wiki` ages, and v41 of month four makes it worse."""


def demo_plan(seed: int = 1) -> Plan:
    """Return six months of `lead-qualifier`, 200 interactions a day.

    Month one ends well at 94 %, month six at 79 %.
    """
    return Plan(days=180, per_day=200, seed=seed, drifts=parse_drifts(DRIFTS, LEAD_QUALIFIER), noise=0.1)
