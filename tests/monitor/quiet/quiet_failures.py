"""The failures that are planted: each is nothing but a change of some habits, and gives no error that anyone would see."""

from dataclasses import dataclass

from quiet_fleet import Habits, worse


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure, and what has to be found of it.

    Attributes:
        text: what happens.
        habits: of the workflow while it lasts.
        signal, step: of the series that has to lead the incident; the step is a system, a source, a class for some.
        within: days in which an incident has to be open.
        says: what the page has to say of the cause.
        beside: workflow that has it in the run in which all happen at once; None: others would have nothing to happen in.
    """

    text: str
    habits: Habits
    signal: str
    step: str | None
    within: int
    says: tuple[str, ...] = ()
    beside: str | None = "lead"


FAILURES = {
    "step": Failure(
        "`qualify` fails more often, by errors of the model",
        worse(qualify_fails=0.12),
        "step_failure",
        "qualify",
        2,
        ("Of what kind: model ",),
    ),
    "prompt": Failure(
        "half of the calls get a prompt that asks again",
        worse(new_prompt=0.5, reasks_new=0.25),
        "reask",
        "qualify",
        2,
        ("prompt_version=p8 holds ",),
    ),
    "slots": Failure(
        "`close` asks for what was given at the start; no flag says so",
        worse(asks_filled=0.2),
        "reask",
        "close",
        2,
        beside="care",
    ),
    "forgotten": Failure(
        "`hold_state` contradicts what was agreed",
        worse(forgets=0.15),
        "context_lost",
        "hold_state",
        2,
    ),
    "state": Failure(
        "state is not written, and the step goes on",
        worse(loses_state=0.15),
        "state_lost",
        "hold_state",
        2,
    ),
    "context": Failure(
        "calls grow longer than the context window",
        worse(context=0.75),
        "context_pressure",
        "close",
        2,
    ),
    "guess": Failure(
        "`identify_intent` goes on when it is not sure, and asks nobody",
        worse(guesses=0.6),
        "guess",
        "identify_intent",
        2,
    ),
    "handoff-context": Failure(
        "people take over without what was said",
        worse(passes_all=0.5),
        "handoff_incomplete",
        "qualify",
        2,
    ),
    "handoffs-fall": Failure(
        "the agent hands off hardly any more, and says that it is sure",
        worse(hands_off=0.08),
        "handoff",
        None,
        3,
        beside="care",
    ),
    "misroute": Failure(
        "leads land in the wrong bucket; people say so two days later",
        worse(demotes=0.25),
        "misroute",
        "route",
        5,
    ),
    "false-success": Failure(
        "calls say success; people find two days later that they were none",
        worse(false_success=0.25),
        "false_success",
        None,
        6,
    ),
    "callback": Failure(
        "callbacks that were promised are not kept",
        worse(kept=0.6),
        "branch_failure",
        "off_script",
        3,
    ),
    "auth": Failure(
        "the CRM refuses the credentials of a third of the calls",
        worse(errors=0.35, error_class="auth"),
        "integration_failure",
        "crm.write",
        2,
        ("Of what kind: auth ",),
    ),
    "timeout": Failure(
        "the calendar times out, and the step goes on without it",
        worse(errors=0.2, error_system="calendar.book", error_class="timeout", goes_on=True),
        "integration_failure",
        "calendar.book",
        2,
        ("Of what kind: timeout ",),
        beside="care",
    ),
    "slow-calls": Failure(
        "the calendar answers late, and correctly",
        worse(call_ms=850.0),
        "integration_slow",
        "calendar.book",
        3,
    ),
    "slow-step": Failure(
        "`route` takes twice as long",
        worse(route_ms=1000.0),
        "slow",
        "route",
        2,
        beside="care",
    ),
    "token-ends": Failure(
        "the token of the CRM ends in five days",
        worse(token_days=5.0),
        "token_expiry",
        "crm.write",
        1,
    ),
    "token-ended": Failure(
        "the token of the CRM has ended and is still used",
        worse(token_days=-1.0),
        "token_expired",
        "crm.write",
        1,
        beside="care",
    ),
    "stale": Failure(
        "the wiki is no longer brought up to date",
        worse(wiki_days=45.0),
        "stale_source",
        "pricing-wiki",
        1,
        ("In step: qualify ",),
    ),
    "hearsay": Failure(
        "answers stand on a source that nobody declared, one in fifty",
        worse(hearsay=0.02),
        "unpinned_source",
        "old-intranet",
        1,
        ("In step: qualify ",),
        beside="care",
    ),
    "ungated": Failure(
        "one deposit is taken without its approval",
        worse(ungated=1),
        "ungated_action",
        "money",
        1,
        ("Of what kind: ungated ",),
    ),
    "model-decides": Failure(
        "the model writes where a rule has to decide, one in thirty",
        worse(model_decides=0.03),
        "ungated_action",
        "write",
        1,
        ("Of what kind: model_decided ",),
        beside="care",
    ),
    "unknown-step": Failure(
        "the agent runs a step that nobody declared",
        worse(upsells=0.1),
        "unknown_step",
        "upsell",
        1,
        beside="care",
    ),
    "vanished-step": Failure(
        "`hold_state` is not run any more; nothing fails",
        worse(holds=0.0),
        "steps",
        "hold_state",
        1,
        beside="care",
    ),
    "unknown-end": Failure(
        "calls do not say any more how they ended",
        worse(known=0.5),
        "outcome_unknown",
        None,
        2,
        beside="care",
    ),
    "retries": Failure(
        "calls work only the second time; the final success stays",
        worse(retries=0.25),
        "retry",
        "execute_action",
        2,
    ),
    "edge": Failure(
        "calls off the script end badly, those on it do not",
        worse(edge_fails=0.5),
        "edge_failure",
        None,
        3,
        beside="care",
    ),
    "abandoned": Failure(
        "callers hang up",
        worse(abandons=0.2),
        "abandoned",
        None,
        3,
    ),
    "hangs": Failure(
        "calls stop in the middle, and no event says that they ended",
        worse(hangs=0.2),
        "abandoned",
        None,
        3,
        beside="care",
    ),
    "left-out": Failure(
        "calls end well without `route` having run",
        worse(leaves_out=0.1),
        "missing_step",
        None,
        3,
        ("Missing: route ",),
    ),
    "vanished": Failure(
        "`route` runs in no call any more, and they end well",
        worse(leaves_out=1.0),
        "missing_step",
        None,
        1,
        ("Missing: route ",),
        beside=None,
    ),
    "silence": Failure(
        "nothing comes of the workflow any more",
        worse(volume=0.0),
        "interactions",
        None,
        1,
        beside="care",
    ),
}
