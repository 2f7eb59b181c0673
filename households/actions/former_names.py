"""旧姓: noting and taking back a former family name, so that search finds the person by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import NotAllowed, RuleViolation
from common.tags import check_tag
from households.actions.search_index import refill_search
from households.enums import FormerNameKind
from households.models import FormerName, Person
from households.permissions import READ_ONLY, check_can_edit_household


def _locked(person: Person, actor: Actor) -> Person:
    person = Person.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=person.pk)
    check_can_edit_household(actor)
    if not Person.objects.visible_to(actor.by_office()).filter(pk=person.pk).exists():
        raise NotAllowed(READ_ONLY)
    return person


@dataclass(frozen=True, slots=True)
class FormerNameData:
    """``given_name`` only where it changed too; the period may be unknown."""

    family_name: str = ""
    family_kana: str = ""
    given_name: str = ""
    given_kana: str = ""
    kind: str = FormerNameKind.OTHER
    reason: str = ""
    from_on: date | None = None
    until_on: date | None = None

    @property
    def name(self) -> dict[str, str]:
        written = {n: getattr(self, n) for n in ("family_name", "family_kana", "given_name", "given_kana")}
        return {name: value.strip() for name, value in written.items()}


@transaction.atomic
def add_former_name(*, person: Person, data: FormerNameData, actor: Actor, at: datetime) -> FormerName:
    """Written down once: the same name again returns the one that stands."""
    person = _locked(person, actor)
    if not any(data.name.values()):
        raise RuleViolation("以前の姓か、そのふりがなを入力してください。", field="family_name")
    _check_period(person, data, timezone.localdate(at))
    former, made = FormerName.objects.get_or_create(
        person=person, **data.name,
        defaults={
            "kind": data.kind, "reason": data.reason.strip(), "from_on": data.from_on, "until_on": data.until_on
        },
    )  # fmt: skip
    if made:
        refill_search(person)
        record(actor=actor, action="person.add_former_name", target=former, at=at, person=person.pk)
    return former


def _check_period(person: Person, data: FormerNameData, today: date) -> None:
    for name, day in (("from_on", data.from_on), ("until_on", data.until_on)):
        if day and day > today:
            raise RuleViolation("今日までの日を入力してください。", field=name)
        if day and person.birth_on and day < person.birth_on:
            raise RuleViolation("生年月日より前の日です。", field=name)
    if data.from_on and data.until_on and data.until_on < data.from_on:
        raise RuleViolation("「いつまで」が「いつから」より前です。", field="until_on")


@transaction.atomic
def remove_former_name(*, former: FormerName, actor: Actor, at: datetime, tag: str | None = None) -> None:
    """Take back a name that was noted by mistake (the history keeps it). ``tag``: the name as it was read."""
    person = _locked(former.person, actor)
    former = FormerName.objects.visible_to(actor).get(pk=former.pk, person=person)
    check_tag(former, tag)
    record(actor=actor, action="person.remove_former_name", target=former, at=at, person=person.pk)
    former.delete()
    refill_search(person)
