"""Small workflows made so that one thing is wrong with them and nothing else, in a real store that was judged."""

from contextlib import contextmanager

from walked import BEGAN, DAY, configured, stored, walk

from bellbuoy.detectors.base import BLOCKS
from bellbuoy.monitor.auditing.auditing import audits

SPAN = 28 * DAY
UNTIL = BEGAN + SPAN
STEPS = ("greet", "qualify", "close")
OBJECTIVE = 0.85


def workflow(*, objective=OBJECTIVE, more=(), rest="", **steps):
    """Return the YAML of a workflow of three steps.

    Args:
        objective: its own; None: none.
        more: names of further steps.
        rest: further keys of the workflow.
        steps: keys of a step in YAML, by its name.
    """
    told = [f"{{ name: {name}{', ' + steps[name] if name in steps else ''} }}" for name in (*STEPS, *more)]
    wanted = "" if objective is None else f"    objective: {100 * objective:g}%\n"
    return f"workflows:\n  - name: calls\n{wanted}    steps: [{', '.join(told)}]\n{rest}"


def interactions(number=600, *, days=28, edit=None, ended=None, begins=BEGAN):
    """Return the events of so many interactions, spread over some days; each step fails in one of 150, as does the whole then.

    Args:
        number: of interactions.
        days: over which they are spread.
        edit: called with a number and its steps; it may change them.
        ended: called with a number and whether a step failed; gives the outcome.
        begins: when the first of them begins.
    """
    events = []
    for one in range(number):
        steps = {name: {} for name in STEPS}
        for place, name in enumerate(STEPS):
            if (one + 50 * place) % 150 == 7:
                steps[name] = {"outcome": "failure"}
        if edit is not None:
            edit(one, steps)
        failed = any(more.get("outcome") == "failure" for more in steps.values())
        outcome = ("failure" if failed else "success") if ended is None else ended(one, failed)
        at = begins + one * (days * DAY - 3600) // number
        events += walk(one, list(steps.items()), outcome, at=at)
    return events


def watch(store, steps=STEPS, *, state="steady", signal="step_failure", at=UNTIL - 3600, **more):
    """Write verdicts on steps as the judging does."""
    names = {"detector": "step-success", "onset": None, "was": None, "now": None, **more}
    with store.transaction() as tx:
        for step in steps:
            tx.cursor.execute(
                "INSERT INTO verdicts_raw (judged_at, detector, signal, workflow, step, direction, state, onset, baseline_rate, "
                "current_rate, why) VALUES (make_timestamp(CAST(? AS BIGINT) * 1000000), ?, ?, 'calls', ?, 1, ?, make_timestamp(CAST(? AS BIGINT) * 1000000), ?, ?, '')",
                [at, names["detector"], signal, step, state, names["onset"], names["was"], names["now"]],
            )


def normal(store, step, mean, trials=4000, *, signal="step_failure", name="anchor", at=BEGAN - DAY):
    """Write what is normal for a step as the learning does."""
    with store.transaction() as tx:
        tx.cursor.execute(
            "INSERT INTO baselines VALUES (?, ?, 'calls', ?, NULL, make_timestamp(CAST(? AS BIGINT) * 1000000), [?], [1.0], ?, ?, ?, 1.0, "
            "?, list_value(1.0), ?, ?, 1.0, 0.0)",
            [name, signal, step, at, mean, mean, trials, mean * trials, [1.0] * len(BLOCKS), at - SPAN, at],
        )


def incident(store, key, step, *, signal="step_failure", at=UNTIL - DAY, resolved=None):
    """Write an incident about a step."""
    ended = "make_timestamp(CAST(? AS BIGINT) * 1000000)"
    state = "open" if resolved is None else "resolved"
    with store.transaction() as tx:
        tx.cursor.execute(
            f"INSERT INTO incidents_raw VALUES (?, 'agents', 'calls', ?, 'page', make_timestamp(CAST(? AS BIGINT) * 1000000), NULL, NULL, NULL, {ended}, 1)",
            [key, state, at, resolved],
        )
        tx.cursor.execute(
            "INSERT INTO incident_members VALUES (?, 0, 'step-success', ?, 'calls', ?, NULL, 1, make_timestamp(CAST(? AS BIGINT) * 1000000), "
            f"{ended}, '{{}}')",
            [key, signal, step, at, resolved],
        )
        told = [(1, at, "opened", "open"), (2, resolved, "resolved", "resolved")]
        for number, when, change, now in told[: 1 if resolved is None else 2]:
            tx.cursor.execute(
                "INSERT INTO changes_raw VALUES (?, ?, make_timestamp(CAST(? AS BIGINT) * 1000000), ?, NULL, ?, NULL, 'page', false, 'why', '{}')",
                [key, number, when, change, now],
            )


@contextmanager
def world(events, workflows, *, watched=STEPS):
    """Give a store with events, of which some steps are judged steady, and its configuration."""
    config = configured(workflows)
    with stored(events, config) as store:
        watch(store, watched)
        yield store, config


def audited(store, config, *, since=BEGAN, until=UNTIL, back=0):
    """Return the audit of `calls`."""
    (found,) = audits(store, config, "calls", since, until, back)
    return found


def verdicts(audit):
    """Return the verdict of each line, and the rules that hold for it."""
    return {line.name: (line.verdict, tuple(one.rule for one in line.findings)) for line in audit.lines}


KEPT = dict.fromkeys(STEPS, ("keep", ()))


def one(verdict, rule, name="qualify"):
    """Return what is expected where one rule holds for one step."""
    return {**KEPT, name: (verdict, (rule,))}


def told(found, name="qualify"):
    """Return what is said of the one finding of a line, what is to be done, and its figures."""
    (line,) = (line for line in found.lines if line.name == name)
    (finding,) = line.findings
    return finding.says, finding.do, finding.figures


def stands(days):
    """Let qualify stand on a wiki whose content is so many days old."""

    def edit(number, steps):
        at = BEGAN + number * (28 * DAY - 3600) // 600
        steps["qualify"]["knowledge"] = [{"source": "wiki", "as_of": 1000 * (at - days * DAY)}]

    return edit


WIKI = "    knowledge: [{ source: wiki, max_age: 30d }]\n"
