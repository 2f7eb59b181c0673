"""Writing the trail. ``record`` belongs inside the transaction of the action that it describes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from django.db import models

from audit.models import AccessKind, AccessRecord, ChangeRecord
from audit.signals import change_recorded


class ActorLike(Protocol):
    """What the trail needs to know of an actor (accounts is above audit, so it is only described here)."""

    @property
    def label(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def staff_id(self) -> int | None: ...
    @property
    def agency_id(self) -> int | None: ...


def _who(actor: ActorLike) -> dict[str, str]:
    return {
        "actor_label": actor.label[:200],
        "staff_id_text": "" if actor.staff_id is None else str(actor.staff_id),
        "agency_id_text": "" if actor.agency_id is None else str(actor.agency_id),
        "role": actor.role,
    }


def record(
    *, actor: ActorLike, action: str, target: models.Model, at: datetime, also: Any = None,
    **detail: Any,
) -> ChangeRecord:  # fmt: skip
    """One change record: ``action`` is ``noun.verb``; ``detail`` holds ids and codes, never text about a person.

    ``also``: a row (a model instance) that names whom else the change concerns; receivers of ``change_recorded`` hear of it too.
    """
    row = ChangeRecord.objects.create(
        at=at, action=action, target_type=target._meta.label_lower, target_id=str(target.pk), detail=detail,
        **_who(actor),
    )  # fmt: skip
    for changed in (target, also):
        if changed is not None:
            change_recorded.send(type(changed), target=changed, at=at)
    return row


def record_access(
    *, actor: ActorLike, kind: AccessKind, target_type: str, target_id: str, at: datetime,
    ground: str = "", path: str = "", remote_addr: str = "",
) -> None:  # fmt: skip
    """One line of the access log."""
    AccessRecord.objects.create(
        at=at, kind=kind, target_type=target_type, target_id=target_id, ground=ground, path=path,
        remote_addr=remote_addr, **_who(actor),
    )  # fmt: skip
