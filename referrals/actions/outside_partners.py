"""The directory of partners without an account."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Area
from accounts.roles import Permission
from audit.actions import record
from common.errors import NotAllowed, RuleViolation
from referrals.models import OutsidePartner


@dataclass(frozen=True, slots=True)
class PartnerData:
    name: str
    kind: str
    organisation: str
    area: Area | None
    phone: str
    email: str
    note: str
    is_current: bool = True


def check_can_keep_directory(actor: Actor) -> None:
    if not actor.has(Permission.REFERRAL_SEND) or actor.staff is None:
        raise NotAllowed("協力者を登録する権限がありません。")


@transaction.atomic
def add_partner(*, data: PartnerData, actor: Actor, at: datetime) -> OutsidePartner:
    check_can_keep_directory(actor)
    _check(data)
    staff = actor.office()[1]
    partner = OutsidePartner.objects.create(added_by=staff, added_at=at, **_values(data))
    record(actor=actor, action="outside_partner.add", target=partner, at=at, kind=data.kind)
    return partner


@transaction.atomic
def edit_partner(*, partner: OutsidePartner, data: PartnerData, actor: Actor, at: datetime) -> OutsidePartner:
    """A new phone or mail address is used from the next code on; what was sent stays as it was."""
    check_can_keep_directory(actor)
    locked = OutsidePartner.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=partner.pk)
    _check(data, locked.pk)
    values = _values(data)
    changed = [name for name, value in values.items() if getattr(locked, name) != value]
    if changed:
        for name in changed:
            setattr(locked, name, values[name])
        locked.save(update_fields=changed)
        record(actor=actor, action="outside_partner.edit", target=locked, at=at, fields=changed)
    return locked


def _values(data: PartnerData) -> dict[str, object]:
    return {**asdict(data), "area": data.area}


def _check(data: PartnerData, but: int = 0) -> None:
    if not data.name.strip():
        raise RuleViolation("名前を入れてください。", field="name")
    if not (data.phone or data.email):
        raise RuleViolation(
            "電話かメールのどちらかを入れてください。コードを伝えるのに使います。", field="phone"
        )
    same = OutsidePartner.objects.filter(name=data.name, kind=data.kind, organisation=data.organisation)
    if same.exclude(pk=but).exists():
        raise RuleViolation("同じ名前・種別・所属の協力者が登録されています。", field="name")
