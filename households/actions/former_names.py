"""旧姓: noting and taking back a former family name, so that search finds the person by it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import NotAllowed, RuleViolation
from households.models import AddressProtection, FormerName, Person
from households.permissions import READ_ONLY, check_can_edit_household


def _locked(person: Person, actor: Actor) -> Person:
    person = Person.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=person.pk)
    check_can_edit_household(actor)
    if not Person.objects.visible_to(actor.by_office()).filter(pk=person.pk).exists():
        raise NotAllowed(READ_ONLY)
    return person


def refill_search(person: Person) -> None:
    """Make the search columns anew from what stands in the database; no field of the record changes."""
    hidden = AddressProtection.objects.in_force().filter(person=person).exists()
    person.fill_search(hides_contact=hidden)
    Person.objects.filter(pk=person.pk).update(
        **{name: getattr(person, name) for name in ("name_folded", "kana_folded", "search_text", "search_terms")}
    )


@transaction.atomic
def add_former_name(
    *, person: Person, family_name: str, family_kana: str, until_on: date | None, actor: Actor, at: datetime
) -> FormerName:
    """Written down once: the same name again returns the one that stands."""
    person = _locked(person, actor)
    family_name, family_kana = family_name.strip(), family_kana.strip()
    if not family_name and not family_kana:
        raise RuleViolation("旧姓か、そのふりがなを入力してください。", field="family_name")
    if until_on and until_on > timezone.localdate(at):
        raise RuleViolation("いつまでの姓かは、今日までの日で入力してください。", field="until_on")
    if until_on and person.birth_on and until_on < person.birth_on:
        raise RuleViolation("生年月日より前の日です。", field="until_on")
    former, made = FormerName.objects.get_or_create(
        person=person, family_name=family_name, family_kana=family_kana, defaults={"until_on": until_on}
    )
    if made:
        refill_search(person)
        record(actor=actor, action="person.add_former_name", target=former, at=at, person=person.pk)
    return former


@transaction.atomic
def remove_former_name(*, former: FormerName, actor: Actor, at: datetime) -> None:
    """Take back a name that was noted by mistake (the history keeps it)."""
    person = _locked(former.person, actor)
    former = FormerName.objects.visible_to(actor).get(pk=former.pk, person=person)
    record(actor=actor, action="person.remove_former_name", target=former, at=at, person=person.pk)
    former.delete()
    refill_search(person)
