"""What budgets does when casework writes a record with minutes; connected in apps.py."""

from __future__ import annotations

from datetime import datetime

from accounts.actor import Actor
from budgets.actions.derive_entry import Contact, derive_from_record


def derive_from_contact(
    sender: object, *, record: Contact, actor: Actor, at: datetime, **kwargs: object
) -> None:
    """The week fills itself; a collision or a locked month stops the record, with the sentence beside its minutes."""
    derive_from_record(contact=record, actor=actor, at=at)
