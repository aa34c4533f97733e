"""A workflow with which many things are wrong, for what people read."""

from contextlib import contextmanager

from walked import BEGAN, DAY, configured, stored, walk
from worlds import STEPS, UNTIL, incident, interactions, normal, watch

LIVED = """
workflows:
  - name: calls
    title: Inbound calls
    objective: 85%
    steps:
      - greet
      - { name: qualify, branches: [clarify, callback] }
      - { name: close, gate: human }
      - { name: survey, optional: true }
    knowledge: [{ source: wiki, max_age: 30d }, { source: handbook, version: "2" }]
    integrations: [{ system: crm }]
"""


def edit(number, steps):
    """Let prompt 41 fail, qualify be unsure, the wiki be stale, two actions go without a gate, and the second half know no channel."""
    at = BEGAN + number * (28 * DAY - 3600) // 900
    qualify, close = steps["qualify"], steps["close"]
    if number % 10 == 3:
        qualify |= {"confident": False, "failure_branch": "clarify"}
    else:
        qualify["confident"] = True
    prompt = "41" if number % 5 == 4 else "40"
    qualify |= {"prompt_version": prompt, "knowledge": [{"source": "wiki", "as_of": 1000 * (at - 45 * DAY)}]}
    if prompt == "41" and number > 300:
        qualify["outcome"] = "failure"
    qualify |= {"elapsed_s": 30 * (number % 50), "reask": number % 40 == 9}
    approval = {
        "status": "approved",
        "approver_role": "lead",
        "requested_at": 1000 * at,
        "decided_at": 1000 * at + 95_000,
    }
    if number in (71, 340):
        approval = {"status": "missing"}
    close["action"] = {"class": "money", "decided_by": "human", "approval": approval}
    close["integration"] = {"system": "crm", "status": "ok"}
    if number % 60 == 7:
        close |= {"outcome": "failure", "integration": {"system": "crm", "status": "error", "error_class": "timeout"}}


def events():
    """Return its events: 900 interactions in production, and 40 staged ones."""
    made = interactions(900, edit=edit)
    for number in range(40):
        made += [
            {**event, "demo": True}
            for event in walk(f"demo{number}", ["greet", "qualify", "close"], at=UNTIL - 2 * DAY + 600 * number)
        ]
    return made


@contextmanager
def lived():
    """Give its store, judged, and its configuration."""
    config = configured(LIVED)
    with stored(events(), config) as store:
        watch(store, STEPS, at=UNTIL - 9 * DAY)
        watch(store)
        watch(store, ["qualify"], state="worse", at=UNTIL - 1800, onset=UNTIL - 5 * DAY, was=0.01, now=0.1)
        normal(store, "qualify", 0.01)
        normal(store, "close", 0.02, name="default")
        incident(store, "inc_7", "qualify", at=UNTIL - 4 * DAY)
        yield store, config
