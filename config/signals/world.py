"""Signals of what lies outside of the agent: the systems it calls, the sources it stands on, the actions it takes."""

from bellbuoy.config.signals.row import About, Signal, Words

_CLASSES = {
    "auth": "refused credentials",
    "rate_limit": "rate limits",
    "timeout": "timeouts",
    "schema": "answers or requests of the wrong form",
    "server": "errors of the server",
    "network": "connections that failed",
}
"""Classes of error that have a signal of their own, and what they are called."""


def _by_class(kind: str, bad: str) -> Signal:
    name = kind.replace("_", " ")
    return Signal(
        f"integration_{kind}",
        "integration",
        "integration IS NOT NULL",
        f"coalesce(integration.error_class, error_class, '') = '{kind}' AND integration.status <> 'ok'",
        Words(
            label=f"{name.capitalize()} errors",
            subject=f"{name} errors of {{step}}",
            bad=bad,
            thing=f"{name} errors of {{step}}",
            sentence=f"calls ended with an error of class {name}",
            judged=f"{name} errors of integrations",
        ),
        of=("integration",),
        detail="integration.operation",
        about=About(
            means=f"Calls of a system that end with {bad}.",
            log="`integration` with `system`, `status` and `error_class`",
            blind="a wrong answer with status ok",
        ),
    )


WORLD = (
    Signal(
        "integration_failure",
        "integration",
        "integration IS NOT NULL",
        "integration.status <> 'ok'",
        Words(
            label="Calls that work",
            subject="calls of {step} that work",
            bad="failed calls",
            thing="{step}",
            sentence="calls of the system failed",
            judged="failed calls of integrations",
            success=True,
        ),
        of=("integration",),
        detail="integration.error_class",
        about=About(
            means="APIs change, tokens expire, rate limits hit: the system that a step calls does not answer as it should.",
            log="`integration` with `system` and `status`; `error_class` says why",
            blind="a wrong answer with status ok",
        ),
    ),
    *(_by_class(kind, bad) for kind, bad in _CLASSES.items()),
    Signal(
        "integration_slow",
        "integration",
        "integration.latency_ms IS NOT NULL AND integration_limit_ms IS NOT NULL",
        "integration.latency_ms > integration_limit_ms",
        Words(
            label="Slow calls",
            subject="slow calls of {step}",
            bad="slow calls",
            thing="slowness of {step}",
            sentence="calls took longer than `slow_after`",
            judged="slow calls of integrations",
        ),
        of=("integration",),
        detail="integration.operation",
        about=About(
            means="A system answers later than its `slow_after`.",
            log="`integration.latency_ms`, and `slow_after` of the integration in the configuration",
            blind="systems whose `slow_after` is not configured",
        ),
    ),
    Signal(
        "token_expiry",
        "integration",
        "token_state IS NOT NULL",
        "token_state <> 'valid'",
        Words(
            label="Token runs out",
            subject="the token of {step}",
            bad="calls with a token that runs out",
            thing="the token of {step}",
            sentence="calls used a token that runs out soon",
            judged="tokens that run out",
        ),
        of=("integration",),
        judged="state",
        detail="integration.operation",
        about=About(
            means="A credential runs out within `token_expiry_warning` (7 days unless set): it can be renewed before anything fails.",
            log="`integration.token_expires_at`",
            blind="credentials whose expiry nobody logs",
        ),
    ),
    Signal(
        "token_expired",
        "integration",
        "token_state IS NOT NULL",
        "token_state = 'expired'",
        Words(
            label="Token expired",
            subject="the expired token of {step}",
            bad="calls with an expired token",
            thing="the expired token of {step}",
            sentence="calls used a token that has run out",
            judged="tokens that have run out",
        ),
        of=("integration",),
        judged="never",
        detail="integration.operation",
        about=About(
            means="A credential has run out and is still in use.",
            log="`integration.token_expires_at`",
            blind="credentials whose expiry nobody logs",
        ),
    ),
    Signal(
        "stale_source",
        "source",
        "knowledge.state IN ('fresh', 'stale', 'other_version')",
        "knowledge.state <> 'fresh'",
        Words(
            label="Stale source",
            subject="stale answers from {step}",
            bad="answers on stale content",
            thing="the source {step}",
            sentence="answers stood on content past its age, or of another version",
            judged="stale sources",
        ),
        of=("knowledge",),
        judged="state",
        detail="step",
        about=About(
            means="Guidance is inferred from an outdated wiki: the content is older than `max_age`, or not the pinned version.",
            log="`knowledge` with `source` and `as_of` or `version`, and the source in the workflow's `knowledge`",
            blind="content that is wrong although it is fresh",
        ),
    ),
    Signal(
        "unpinned_source",
        "source",
        "knowledge.state IS NOT NULL",
        "knowledge.state IN ('unpinned', 'undeclared')",
        Words(
            label="Unpinned source",
            subject="unpinned answers from {step}",
            bad="answers on sources that nobody pinned",
            thing="the unpinned source {step}",
            sentence="answers stood on a source that is not declared, or has neither version nor age",
            judged="sources that nobody pinned",
        ),
        of=("knowledge",),
        judged="state",
        detail="step",
        about=About(
            means="An answer stands on a source that the workflow does not declare, or whose version and age nobody can tell.",
            log="`knowledge`, and at least one source in the workflow's `knowledge`",
            blind="sources that are used and not logged",
        ),
    ),
    Signal(
        "ungated_action",
        "action",
        "action_state IS NOT NULL",
        "action_state <> 'gated'",
        Words(
            label="Ungated actions",
            subject="ungated {step} actions",
            bad="actions without their gate",
            thing="the gate of {step} actions",
            sentence="consequential actions went without their gate",
            judged="actions without their gate",
        ),
        of=("action",),
        judged="never",
        detail="action_state",
        about=About(
            means="Something that moves money, deletes data or ships to production went without its approval: one is too many.",
            log="`action` with `class`, `decided_by` and `approval`; `gate` of the step in the configuration",
            blind="actions that are not logged",
        ),
    ),
    Signal(
        "model_decided",
        "action",
        "action_state IS NOT NULL",
        "coalesce(action.decided_by, 'model') = 'model'",
        Words(
            label="Decided by the model",
            subject="{step} actions that the model decided",
            bad="actions that the model decided",
            thing="who decides {step} actions",
            sentence="consequential actions were decided by the model",
            judged="actions that the model decides",
        ),
        of=("action",),
        detail="step",
        about=About(
            means="Rule-based code should decide what matters; here the model does. Where the step says `gate: rule` one is an ungated action.",
            log="`action.decided_by`",
            blind="actions that are not logged",
        ),
    ),
)
