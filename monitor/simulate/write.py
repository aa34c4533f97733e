"""Drawn interactions into JSON lines, built by hand from fragments that are made once."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product

import numpy as np

from bellbuoy.monitor.simulate.draw import FAILURE, SLICED, SUCCESS, TIMEOUT, Drawn
from bellbuoy.monitor.simulate.plan import DAY_SECONDS, Plan
from bellbuoy.monitor.simulate.workflow import StepModel

OUTCOMES = ("success", "failure", "timeout", "abandoned")
EDGES = ("out_of_order", "changed_mind", "off_script", "interrupted")
BUCKETS = ("smb", "mid_market", "enterprise")
CALLS = (
    '"status":"ok","http_status":200',
    '"status":"error","http_status":401,"error_class":"auth"',
    '"status":"error","http_status":429,"error_class":"rate_limit"',
    '"status":"timeout","error_class":"timeout"',
    '"status":"error","http_status":503,"error_class":"server"',
    '"status":"error","error_class":"network"',
    '"status":"error","http_status":422,"error_class":"schema"',
)
CALL_SHARES = (0.10, 0.15, 0.25, 0.30, 0.10, 0.10)
WINDOW = 128_000
REFRESH_DAYS = 7

Line = tuple[int, bytes]
"""Milliseconds of the event and its JSON, without a line end."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Turns days into lines; holds what never changes."""

    plan: Plan
    steps: list[str] = field(default_factory=list)
    asks: list[tuple[str, str]] = field(default_factory=list)
    branches: list[list[str]] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the fragments of each step."""
        for step in self.plan.workflow.steps:
            self.steps.append(f',"step":{_text(step.name)},"step_kind":"{step.kind}"')
            slot = f',"reask":true,"reask_slot":{_text(step.slot)}'
            self.asks.append(("", "") if step.reask is None else (',"reask":false', slot))
            branches = [f',"failure_branch":{_text(branch)}' for branch in step.branches if branch != "handoff"]
            self.branches.append([*(branches or [""]), ',"failure_branch":"handoff"'])
            systems = [f'"system":{_text(system)},"operation":{_text(name)}' for system, name in step.integrations]
            self.calls.append([f',"integration":{{{system},{call}' for system, call in product(systems, CALLS)])

    def lines(self, day: int, drawn: Drawn) -> list[Line]:
        """Return a day's lines, unsorted, late labels included."""
        return [*self._runs(day, drawn), *self._ends(day, drawn), *self._labels(day, drawn)]

    def _heads(self, day: int, drawn: Drawn) -> list[str]:
        """Return what all events of an interaction share."""
        flow, columns = self.plan.workflow, []
        for name in SLICED:
            texts = [f',"{name}":{_text(choice.value)}' for choice in getattr(flow, f"{name}s")]
            columns.append([texts[code] for code in drawn.mix[name].tolist()])
        versions = [
            f',"agent_version":{_text(name)},"prompt_version":"{number + 1}"'
            for number, (name, _) in enumerate(self.plan.versions)
        ]
        columns.append([versions[code] for code in drawn.mix["agent_version"].tolist()])
        edges = [f',"path":"edge","edge_class":"{name}"' for name in EDGES]
        paths = zip(drawn.edge.tolist(), drawn.edge_class.tolist(), strict=True)
        columns.append([edges[code] if edge else ',"path":"happy"' for edge, code in paths])
        name = _text(flow.name)
        return [
            f',"interaction_id":"{self._call(day, number)}","workflow":{name}{"".join(texts)}'
            for number, texts in enumerate(zip(*columns, strict=True))
        ]

    def _call(self, day: int, number: int) -> str:
        return f"call-{self.plan.seed}-{day:03d}-{number:05d}"

    def _knows(self, day: int) -> list[str]:
        """Return the knowledge fragment of each step: a source is refreshed weekly until it goes stale."""
        stale = {drift.source: int(drift.begins) for drift in self.plan.drifts if drift.kind == "stale"}

        def fragment(step: StepModel) -> str:
            texts = []
            for source in step.sources:
                true = min(day, stale.get(source, day)) // REFRESH_DAYS * REFRESH_DAYS - 1
                at = datetime.fromtimestamp(self.plan.start_epoch + true * DAY_SECONDS, UTC)
                version = f"r{800 + (true + 1) // REFRESH_DAYS}"
                texts.append(f'{{"source":{_text(source)},"version":"{version}","as_of":"{at:%Y-%m-%dT%H:%M:%SZ}"}}')
            return f',"knowledge":[{",".join(texts)}]' if texts else ""

        return [fragment(step) for step in self.plan.workflow.steps]

    def _runs(self, day: int, drawn: Drawn) -> list[Line]:
        """Return the step events, first attempts that were retried included."""
        who, row = np.nonzero(drawn.ran.T)
        twice = np.flatnonzero(drawn.retried[row, who])
        attempt = np.concatenate([np.where(drawn.retried[row, who], 2, 0), np.ones(len(twice), dtype=np.int64)])
        who, row = np.concatenate([who, who[twice]]), np.concatenate([row, row[twice]])
        first = attempt == 1
        spare, normal = drawn.uniform[row, :, who], drawn.normal[row, :, who]
        outcome = np.where(first, np.where(spare[:, 0] < 0.3, TIMEOUT, FAILURE), drawn.outcome[row, who])
        bad = outcome != SUCCESS
        latency = drawn.latency_ms[row, who] * np.where(first, 0.6 + 0.4 * spare[:, 1], 1.0)
        begins = drawn.begins[row, who] + np.where(attempt == 2, 0.9, 0.0)
        confidence = np.where(bad, 0.62 + 0.18 * normal[:, 0], 0.87 + 0.08 * normal[:, 0])
        confidence = np.round(np.clip(confidence, 0.03, 0.99), 2)
        handed = drawn.handed[row, who] & ~first
        unsure, guessed = confidence < 0.5, spare[:, 2] < 0.08
        grows = 900.0 * np.exp(0.35 * drawn.normal[:, 1]) * drawn.ran
        context = (2200.0 + np.cumsum(grows, axis=0))[row, who].astype(int)
        index = (np.cumsum(drawn.ran, axis=0) - 1)[row, who]
        knows, heads, call = self._knows(day), self._heads(day, drawn), self._call
        ids = [call(day, number) for number in range(drawn.ran.shape[1])]
        acts = [step.acts for step in self.plan.workflow.steps]
        state = [step.remembers for step in self.plan.workflow.steps]
        routes = [step.kind == "route" for step in self.plan.workflow.steps]
        lines: list[Line] = []
        for at, i, k, n, tried, out, asked, hand, unsure_, guess, sure, ms, tokens, place, elapsed, u in zip(
            (begins * 1000.0).astype(np.int64).tolist(),
            who.tolist(),
            row.tolist(),
            index.tolist(),
            attempt.tolist(),
            outcome.tolist(),
            drawn.reask[row, who].tolist(),
            handed.tolist(),
            unsure.tolist(),
            guessed.tolist(),
            confidence.tolist(),
            latency.astype(int).tolist(),
            np.maximum(20, 90 * np.exp(0.4 * normal[:, 2])).astype(int).tolist(),
            context.tolist(),
            np.round(begins - drawn.begins[0, who], 1).tolist(),
            spare[:, 3:].tolist(),
            strict=True,
        ):
            more = ""
            if tried != 1:
                more = self.asks[k][asked]
                if hand:
                    more += self.branches[k][-1] + _handoff(u[0])
                elif unsure_ and not guess:
                    options = self.branches[k]
                    more += options[int(u[1] * len(options[:-1]))]
                if acts[k]:
                    more += _action(at, i + 100_000 * day)
                if state[k]:
                    lost = out != SUCCESS and u[2] < 0.6
                    more += ',"state_read_ok":false,"context_lost":true' if lost else ',"state_read_ok":true'
                if routes[k]:
                    more += f',"route":{{"chosen":"{BUCKETS[_bucket(u[3])]}"}}'
            if knows[k] and u[2] < 0.8:
                more += knows[k]
            if self.calls[k]:
                broken = _call_code(u[0]) if out != SUCCESS and u[4] < 0.75 else 0
                system = int(u[1] * (len(self.calls[k]) // len(CALLS)))
                more += f'{self.calls[k][system * len(CALLS) + broken]},"latency_ms":{ms // 3}}}'
            number = "" if tried == 0 else ',"attempt":2' if tried == 2 else ',"attempt":1,"retried":true'
            lines.append(
                (
                    at,
                    f'{{"type":"step","event_id":"{ids[i]}.{n}{"r" if tried == 1 else ""}","ts":{at}{heads[i]}'
                    f'{self.steps[k]},"step_index":{n}{number},"outcome":"{OUTCOMES[out]}","latency_ms":{ms}'
                    f',"tokens_in":{place},"tokens_out":{tokens},"tokens_cached":{place * 3 // 5}'
                    f',"context_tokens":{place},"context_window":{WINDOW},"turn_index":{2 * n},"elapsed_s":{elapsed}'
                    f',"confidence":{sure}{more}}}'.encode(),
                )
            )
        return lines

    def _ends(self, day: int, drawn: Drawn) -> list[Line]:
        """Return the interaction events."""
        heads = self._heads(day, drawn)
        handed = np.atleast_1d(drawn.handed.any(axis=0))
        row, who = np.nonzero(drawn.handed)
        spare = np.zeros(len(handed))
        spare[who] = drawn.uniform[row, 3, who]
        lines = []
        for number, (at, out, hand, count, seconds, u) in enumerate(
            zip(
                (drawn.ends * 1000.0).astype(np.int64).tolist(),
                drawn.final.tolist(),
                handed.tolist(),
                drawn.ran.sum(axis=0).tolist(),
                np.round(drawn.ends - drawn.begins[0], 1).tolist(),
                spare.tolist(),
                strict=True,
            )
        ):
            reason = "handoff" if hand else ("completed", "failed", "timeout", "hung_up")[out]
            lines.append(
                (
                    at,
                    f'{{"type":"interaction","event_id":"{self._call(day, number)}.end","ts":{at}{heads[number]}'
                    f',"outcome":"{OUTCOMES[out]}","end_reason":"{reason}","steps":{count},"turns":{2 * count}'
                    f',"elapsed_s":{seconds}{_handoff(u) if hand else ""}}}'.encode(),
                )
            )
        return lines

    def _labels(self, day: int, drawn: Drawn) -> list[Line]:
        """Return the outcome events: an hour to a week later somebody looked."""
        step = drawn.label_step
        lines = []
        label = _text(self.plan.workflow.steps[step].name)
        routes = self.plan.workflow.steps[step].kind == "route"
        for number in np.flatnonzero(drawn.labelled & drawn.ran[step]).tolist():
            delay = min(max(2.0 * float(np.exp(drawn.normal[step, 3, number])), 0.05), 7.0) * DAY_SECONDS
            at = int((float(drawn.ends[number]) + delay) * 1000)
            wrong = bool(drawn.quiet[number]) or int(drawn.outcome[step, number]) != SUCCESS
            chosen = _bucket(float(drawn.uniform[step, 6, number]))
            expected = BUCKETS[(chosen + 1) % 3 if wrong else chosen]
            call = self._call(day, number)
            head = f'"ts":{at},"interaction_id":"{call}","workflow":{_text(self.plan.workflow.name)}'
            outcome = '"outcome":"failure"' if wrong else '"outcome":"success"'
            route = f',"route_expected":"{expected}"' if routes else ""
            lines.append(
                (
                    at,
                    f'{{"type":"outcome","event_id":"{call}.label",{head},"step":{label},{outcome}'
                    f',"outcome_source":"human"{route}}}'.encode(),
                )
            )
            if drawn.quiet[number] and drawn.final[number] == SUCCESS:
                text = f'{{"type":"outcome","event_id":"{call}.truth",{head},{outcome},"outcome_source":"human"}}'
                lines.append((at, text.encode()))
        return lines


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bucket(uniform: float) -> int:
    return 0 if uniform < 0.5 else 1 if uniform < 0.8 else 2


def _call_code(uniform: float) -> int:
    reached = 0.0
    for code, share in enumerate(CALL_SHARES, start=1):
        reached += share
        if uniform < reached:
            return code
    return len(CALL_SHARES)


def _handoff(uniform: float) -> str:
    passed = 6 if uniform < 0.88 else 5 if uniform < 0.96 else 3
    return f',"handoff":{{"to":"human","target":"sales","context_required":6,"context_passed":{passed}}}'


def _action(at: int, number: int) -> str:
    digest = f"h{number * 2654435761 % 2**32:08x}"
    return (
        f',"action":{{"class":"write","consequential":true,"reversible":true,"decided_by":"rule","args_hash":"{digest}"'
        f',"approval":{{"status":"approved","id":"ap-{number}","args_hash":"{digest}","approver_role":"sales_ops"'
        f',"requested_at":{at - 45_000},"decided_at":{at - 20_000},"expires_at":{at + 3_600_000}}}}}'
    )
