"""What the simulator writes is what the product reads: no dead letter, no unknown field, at most 64 KiB."""

from bellbuoy.config.workflows import Workflow
from bellbuoy.monitor.event import Limits, decode
from bellbuoy.monitor.simulate import LEAD_QUALIFIER, Plan, days, parse_drifts, plan_from_workflow
from bellbuoy.monitor.sources.base import Chunk, Stream

STREAM = Stream("simulated", "lines", 0, "0")


def read(plan):
    for begins, lines in days(plan):
        chunk = Chunk(STREAM, range(len(lines)), lines, len(lines))
        yield decode(chunk, stream_id=1, received_at_us=(begins + 86400) * 1_000_000, limits=Limits()), lines


def test_every_line_is_an_event():
    drifts = parse_drifts(["source:pricing-wiki stale@day2", "qualify:0.9->0.5@day1"], LEAD_QUALIFIER)
    plan = Plan(days=6, per_day=300, late=0.3, duplicates=0.02, noise=0.2, drifts=drifts)
    for batch, lines in read(plan):
        assert not batch.letters
        assert not batch.unknown_fields
        assert batch.table.num_rows == len(lines)


def test_a_configured_workflow_is_simulated_under_its_own_names():
    workflow = Workflow.model_validate(
        {
            "name": "refunds",
            "steps": [
                {"name": "ask"},
                {"name": "look_up", "integrations": ["erp"], "slow_after": "800ms"},
                {"name": "pay", "branches": ["callback"], "consequential": True, "gate": "human"},
            ],
            "knowledge": [{"source": "handbook", "max_age": "30d"}],
        }
    )
    seen = set()
    for batch, _ in read(plan_from_workflow(workflow, days=3, per_day=50)):
        assert not batch.letters
        seen |= set(batch.table.column("step").to_pylist())
    assert seen == {"ask", "look_up", "pay", None}
