"""Workers' names and typed words (reasons, remarks), as a reader of minutes and money may have them.

A reason may name a worker or somebody of a family. The auditor reads numbers: who decided, when, what moved. Of a
clerk's words the auditor has the length and the SHA-256, as an audit pack has them, of a desk's the length alone (a
short sentence about a person can be guessed from its hash), and is told who can show them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

from accounts.actor import Actor
from accounts.models import Staff
from accounts.roles import Permission


class Readers(Enum):
    """Whose words they are: who reads them, and how that is said to the others."""

    CLERKS = "経理担当"  # what finance clerks wrote about money
    DESK = "本人と機関の長"  # what a worker wrote about the own work: it may name whom the work was for
    BOTH = "本人と機関の長、経理担当"  # what either wrote to the other

    def include(self, actor: Actor) -> bool:
        """Rows are scoped before: of the desk only the worker and the manager see the entry at all."""
        clerk, desk = actor.has(Permission.COST_EDIT), actor.has(Permission.WORK_RECORD)
        return {Readers.CLERKS: clerk, Readers.DESK: desk, Readers.BOTH: clerk or desk}[self]


def sealed(words: str) -> tuple[int, str]:
    """Length and SHA-256 of typed words; whoever may read them can show that they are still the same."""
    return (len(words), hashlib.sha256(words.encode()).hexdigest()) if words else (0, "")


@dataclass(frozen=True, slots=True)
class Words:
    """Typed words for one reader: ``text`` is empty where they are held back from the reader."""

    text: str
    length: int
    sha256: str
    readers: str

    def __bool__(self) -> bool:
        return self.length > 0

    @property
    def is_held(self) -> bool:
        return self.length > 0 and not self.text


def words_for(actor: Actor, typed: str, readers: Readers = Readers.CLERKS) -> Words:
    """What ``actor`` may have of ``typed``."""
    length, sha256 = sealed(typed)
    return Words(
        typed if readers.include(actor) else "",
        length,
        sha256 if readers is Readers.CLERKS else "",
        readers.value,
    )


def reads_names(actor: Actor) -> bool:
    """Whoever enters the costs or works in the desks; everybody else who reads money reads the workers' numbers."""
    return actor.has(Permission.COST_EDIT) or actor.has(Permission.WORK_RECORD)


def shown_name(actor: Actor, staff: Staff) -> str:
    """The worker's name, or 「職員 012345」."""
    return staff.name if reads_names(actor) else f"職員 {staff.username}"
