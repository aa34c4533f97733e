"""What the store says of an event as it arrives: columns that follow from the event and from what is declared.

They stay as they were told: what is declared later holds for what arrives later.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bellbuoy.monitor.store.adding.places import Ints, Places
from bellbuoy.monitor.store.adding.rules import CONFIDENT_BELOW, Pin, Rules, System

Flags = NDArray[np.bool_]

TYPES = {
    "confident": pa.bool_(),
    "declared": pa.bool_(),
    "knowledge_states": pa.list_(pa.string()),
    "integration_limit_ms": pa.float64(),
    "token_state": pa.string(),
    "action_state": pa.string(),
    "latency_limit_ms": pa.float64(),
    "required_steps": pa.list_(pa.string()),
    "missing_step": pa.bool_(),
    "missing_steps": pa.list_(pa.string()),
    "stated_outcome": pa.string(),
    "handed_off": pa.bool_(),
    "derived": pa.bool_(),
}
"""Arrow types of what the store says of an event as it arrives, the last four only once more is known of it."""
GRAVE = ("money", "delete", "deploy")
"""Classes of action that are consequential whatever the event says."""


def derived(table: pa.Table, places: Places, rules: Rules) -> dict[str, pa.Array | pa.ChunkedArray | None]:
    """Return the derived columns of events, by name; None where no event has a value.

    Args:
        table: events, with all columns that an event can have.
        places: where they count.
        rules: what is declared.
    """
    integration = table["integration"].combine_chunks()
    system = _system(integration, places, rules)
    required = _required(table, places, rules)
    return {
        "confident": _confident(table, places, rules),
        "declared": _declared(places, rules),
        "knowledge_states": _knowledge(table["knowledge"].combine_chunks(), places, rules),
        "integration_limit_ms": _limits(system),
        "token_state": _tokens(integration, system, places.ts_us),
        "action_state": _actions(table, places, rules),
        "required_steps": required,
        "missing_step": _missing(table, required),
    }


def _confident(table: pa.Table, places: Places, rules: Rules) -> pa.ChunkedArray:
    """Return whether the step was confident: as stated, else by its confidence."""
    stated, sure = table["confident"], table["confidence"]
    if sure.null_count == len(sure):
        return stated
    least = np.array([rules.confident_below.get(name, CONFIDENT_BELOW) for name in places.workflows])
    return pc.coalesce(stated, pc.greater_equal(sure, pa.array(least[places.workflow])))


def _declared(places: Places, rules: Rules) -> pa.Array:
    """Return whether the step is one of its workflow's; null where the workflow declares none."""
    known = np.full((len(places.workflows), len(places.steps)), -1, np.int8)
    for row, workflow in enumerate(places.workflows):
        if workflow in rules.steps:
            names = rules.steps[workflow]
            known[row] = [-1 if step is None else step in names for step in places.steps]
    found = known[places.workflow, places.step]
    return pa.array(found == 1, mask=found < 0)


def _required(table: pa.Table, places: Places, rules: Rules) -> pa.Array | None:
    """Return the steps without which the interaction that ends here does not end well; null for steps."""
    wanted = [rules.required.get(name) for name in places.workflows]
    if not any(wanted):
        return None
    ends = _is(table["type"].combine_chunks(), ("interaction",))
    return pa.array(wanted, pa.list_(pa.string())).take(pa.array(places.workflow, mask=~ends))


def _missing(table: pa.Table, required: pa.Array | None) -> pa.Array | None:
    """Return false for each end whose interaction may lack a step: the look at the whole of it says whether it does."""
    if required is None:
        return None
    well = _is(table["outcome"].combine_chunks(), ("success",)) & _flags(required.is_valid())
    return pa.array(np.zeros(len(well), np.bool_), mask=~well)


def _knowledge(knowledge: pa.ListArray, places: Places, rules: Rules) -> pa.Array | None:
    """Return the state of each source that an event stood on, a list an event.

    `undeclared`: the workflow declares others; `unpinned`: nothing that is declared can be compared with what was sent;
    `other_version` than the pinned one; `stale`: past its age; else `fresh`. Null where the workflow declares no source.
    """
    if knowledge.null_count == len(knowledge):
        return None
    entries, row = knowledge.flatten(), pc.list_parent_indices(knowledge).to_numpy()
    names, source = _coded(pc.struct_field(entries, "source"))
    version, as_of = pc.struct_field(entries, "version"), pc.struct_field(entries, "as_of")
    age_s = (places.ts_us[row] - _micros(as_of)) / 1e6
    dated = _flags(pc.is_valid(as_of))

    def state(own: Flags, workflow: int, which: int) -> None:
        declared = rules.sources.get(places.workflows[workflow])
        if declared is None:
            return
        if names[which] not in declared:
            states[own] = "undeclared"
            return
        pin: Pin = declared[names[which]]
        versioned = _flags(pc.is_valid(version)) if pin.version is not None else np.zeros(len(own), np.bool_)
        aged = dated if pin.max_age_s is not None else np.zeros(len(own), np.bool_)
        states[own] = "fresh"
        states[own & aged & (age_s > (pin.max_age_s or 0.0))] = "stale"
        if pin.version is not None:
            states[own & versioned & ~_flags(pc.equal(version, pin.version))] = "other_version"
        states[own & ~versioned & ~aged] = "unpinned"

    states = np.full(len(entries), None, object)
    _each(places.workflow[row], source, len(names), state)
    lengths = pc.list_value_length(knowledge).fill_null(0).to_numpy()
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(states, pa.string()), mask=knowledge.is_null())


def _system(integration: pa.StructArray, places: Places, rules: Rules) -> NDArray[np.float64] | None:
    """Return what is declared of the system that each event called, (2, rows): latency limit in ms, and warning in seconds."""
    if integration.null_count == len(integration):
        return None
    names, system = _coded(pc.struct_field(integration, "system"))
    found = np.full((2, len(integration)), np.nan)

    def of(own: Flags, workflow: int, which: int) -> None:
        entry = rules.systems.get((places.workflows[workflow], names[which]), System())
        found[0, own] = np.nan if entry.slow_after_ms is None else entry.slow_after_ms
        found[1, own] = entry.warning_s

    _each(places.workflow, system, len(names), of)
    return found


def _limits(system: NDArray[np.float64] | None) -> pa.Array | None:
    return None if system is None else pa.array(system[0], pa.float64(), mask=np.isnan(system[0]))


def _tokens(integration: pa.StructArray, system: NDArray[np.float64] | None, ts_us: Ints) -> pa.Array | None:
    """Return whether the token of a call is valid, expiring or expired; null where nobody says when it ends."""
    if system is None:
        return None
    ends = pc.struct_field(integration, "token_expires_at")
    if ends.null_count == len(ends):
        return None
    left_s = (_micros(ends) - ts_us) / 1e6
    states = np.where(left_s <= 0, "expired", np.where(left_s <= system[1], "expiring", "valid"))
    return pa.array(states, pa.string(), mask=~_flags(pc.is_valid(ends)))


def _actions(table: pa.Table, places: Places, rules: Rules) -> pa.Array | None:
    """Return how each consequential action passed its gate: `gated`, or what is wrong; null for all other events."""
    action = table["action"].combine_chunks()
    if action.null_count == len(action):
        return None
    kinds, approval = pc.struct_field(action, "class"), pc.struct_field(action, "approval")
    grave = _is(kinds, GRAVE) | _flags(pc.struct_field(action, "consequential"))
    gates = np.full((len(places.workflows), len(places.steps)), "human", object)
    for row, workflow in enumerate(places.workflows):
        for column, step in enumerate(places.steps):
            if step is not None:
                gates[row, column] = rules.gates.get((workflow, step), "human")
                if (workflow, step) in rules.consequential:
                    grave |= (places.workflow == row) & (places.step == column)
    grave &= _flags(action.is_valid()) & ~_is(table["outcome"].combine_chunks(), ("skipped", "cancelled"))
    ruled = gates[places.workflow, places.step] == "rule"
    decided = _is(pc.struct_field(action, "decided_by"), ("rule", "human"))
    status = pc.struct_field(approval, "status")
    since, until = pc.struct_field(approval, "decided_at"), pc.struct_field(approval, "expires_at")
    early = _flags(pc.is_valid(since)) & (_micros(since) > places.ts_us)
    late = _flags(pc.is_valid(until)) & (_micros(until) < places.ts_us)
    wanted, given = (pc.struct_field(one, "args_hash").fill_null("") for one in (action, approval))
    states = np.select(
        [
            ruled & decided,
            ruled,
            _is(status, ("rejected",)),
            _is(status, ("expired",)),
            ~_is(status, ("approved",)) | early,
            late,
            ~_flags(pc.equal(wanted, given)),
        ],
        ["gated", "model_decided", "rejected", "expired", "ungated", "expired", "args_mismatch"],
        "gated",
    )
    return pa.array(states, pa.string(), mask=~grave)


def _each(first: Ints, second: Ints, size: int, act: Callable[[Flags, int, int], None]) -> None:
    """Call `act` for each pair of codes that occurs, with the rows that have it; a second code of `size` is no value."""
    pairs, which = np.unique(first * (size + 1) + second, return_inverse=True)
    for place, pair in enumerate(pairs.tolist()):
        if pair % (size + 1) < size:
            act(which == place, pair // (size + 1), pair % (size + 1))


def _coded(column: pa.Array) -> tuple[list[str], Ints]:
    """Return the distinct values, and for each row the place of its own; null comes after all of them."""
    coded = column.dictionary_encode()
    names = coded.dictionary.to_pylist()
    return names, coded.indices.fill_null(len(names)).to_numpy().astype(np.int64)


def _is(column: pa.Array, values: Sequence[str]) -> Flags:
    return _flags(pc.is_in(column, pa.array(values)))


def _flags(column: pa.Array) -> Flags:
    """Return a boolean column as an array, null as false."""
    answer: Flags = column.fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003 -- the value that is filled in
    return answer


def _micros(column: pa.Array) -> Ints:
    """Return instants as microseconds, null as 0."""
    answer: Ints = column.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return answer
