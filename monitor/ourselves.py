"""What is wrong with Bellbuoy itself, told in the same way as what is wrong with what it watches."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now; it is over when it is told no more.

    Attributes:
        key: stable name of the cause: `source:kafka:agent.interactions:3`.
        severity: how loudly it is told.
        headline: what is wrong, in one sentence.
        reason: what happened, with its numbers.
        remedy: what a person can do, with the command where there is one.
    """

    key: str
    severity: Literal["page", "ticket", "watch"]
    headline: str
    reason: str
    remedy: str
