"""支援措置 and safe contact: giving, renewing, ending; and the stop on linking a person with whom they fled from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency
from audit.actions import record
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from common.models import check_version, period
from households.actions.naming import clear_names
from households.models import AddressProtection, Person, ProtectionUnit, SafeContact
from households.permissions import check_can_protect

# the same sentence for every reader: it names neither a protection nor whom it is from
NOT_TOGETHER = "この組み合わせでは登録できません。所属の長に相談してください。"


def _refill_search(person: Person, *, hidden: bool) -> None:
    person.fill_search(hides_contact=hidden)
    person.save(update_fields=["name_folded", "kana_folded", "search_text", "search_terms"])


def _seen_person(person: Person, actor: Actor) -> Person:
    """By the office's own grants: an emergency opens nothing to be changed here."""
    return Person.objects.visible_to(actor.by_office()).select_for_update(of=("self",)).get(pk=person.pk)


@transaction.atomic
def protect_address(
    *, person: Person, units: Iterable[Agency], first_on: date, last_on: date, actor: Actor, at: datetime,
    adversary: Person | None = None, adversary_name: str = "", decided_where: str = "", note: str = "",
) -> AddressProtection:  # fmt: skip
    """From now on only ``units`` (the actor's agency always among them) see where the person can be found.

    Raises RuleViolation when a protection stands already, or the person shares a household with ``adversary`` today:
    then one of them has to be taken out of it first. A household whose name tells a detail gets a plain one.
    """
    person = _seen_person(person, actor)
    check_can_protect(actor)
    agency, staff = actor.office()
    if AddressProtection.objects.in_force().filter(person=person).exists():
        raise RuleViolation(
            "この人には、すでに支援措置が登録されています。更新するか、終了を記録してください。"
        )
    if last_on < first_on:
        raise RuleViolation("期間の終わりが、始まりより前です。", field="last_on")
    if first_on > timezone.localdate(at):
        raise RuleViolation("期間の始まりが今日より後です。", field="first_on")
    if adversary is not None and adversary.pk == person.pk:
        raise RuleViolation("本人を相手方にはできません。", field="adversary")
    if adversary is not None and _share_household(person, adversary, timezone.localdate(at)):
        raise RuleViolation(
            "本人と相手方が、いま同じ世帯に登録されています。先に、どちらかの世帯を分けてください。",
            field="adversary",
        )
    protection = AddressProtection.objects.create(
        person=person, during=period(first_on, last_on), adversary=adversary, adversary_name=adversary_name.strip(),
        decided_where=decided_where.strip(), note=note.strip(), given_by=staff, given_at=at,
    )  # fmt: skip
    _set_units(protection, [agency, *units])
    _refill_search(person, hidden=True)
    clear_names(people=[person.pk], actor=actor, at=at)
    record(actor=actor, action="protection.give", target=protection, at=at, person=person.pk)
    return protection


def carry_protection(*, kept: Person, parted: Person, since: datetime, actor: Actor, at: datetime) -> None:
    """Two records are two people again: a protection given since ``since``, while they were one, holds for both of them
    until a unit ends one. In the caller's transaction.
    """
    standing = AddressProtection.objects.in_force()
    given = standing.filter(person=kept, given_at__gte=since).first()
    if given is None or standing.filter(person=parted).exists():
        return
    carried = AddressProtection.objects.create(
        person=parted, during=given.during, adversary=given.adversary, adversary_name=given.adversary_name,
        decided_where=given.decided_where, note=given.note, given_by=given.given_by, given_at=given.given_at,
    )  # fmt: skip
    _set_units(carried, given.units.all())
    _refill_search(parted, hidden=True)
    clear_names(people=[parted.pk], actor=actor, at=at)


def _set_units(protection: AddressProtection, units: Iterable[Agency]) -> None:
    ProtectionUnit.objects.bulk_create(
        (ProtectionUnit(protection=protection, agency=unit) for unit in dict.fromkeys(units)),
        ignore_conflicts=True,
    )


def _locked(protection: AddressProtection, actor: Actor) -> AddressProtection:
    protection = (
        AddressProtection.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=protection.pk)
    )
    check_can_protect(actor)
    if protection.ended_at is not None:
        raise InvalidTransition("この支援措置は、終了が記録されています。")
    return protection


@transaction.atomic
def renew_protection(
    *, protection: AddressProtection, last_on: date, units: Iterable[Agency], version: int, actor: Actor, at: datetime
) -> AddressProtection:  # fmt: skip
    """A further period, and more units that may see. A unit is not taken away here: end the protection and give it anew."""
    protection = _locked(protection, actor)
    check_version(protection, version)
    if protection.last_on and last_on < protection.last_on:
        raise RuleViolation("更新後の終わりの日が、いまの終わりより前です。", field="last_on")
    protection.during = period(protection.during.lower, last_on)
    protection.save()
    _set_units(protection, units)
    record(actor=actor, action="protection.renew", target=protection, at=at, last_on=last_on.isoformat())
    return protection


@transaction.atomic
def end_protection(
    *, protection: AddressProtection, note: str, version: int, actor: Actor, at: datetime
) -> AddressProtection:
    """The unit records that the danger is over; only this opens the address."""
    protection = _locked(protection, actor)
    check_version(protection, version)
    if not note.strip():
        raise RuleViolation("終了の理由（本人に確かめたことなど）を入力してください。", field="end_note")
    _, staff = actor.office()
    protection.ended_at, protection.ended_by, protection.end_note = at, staff, note.strip()
    protection.save()
    _refill_search(Person.objects.select_for_update(of=("self",)).get(pk=protection.person_id), hidden=False)
    record(actor=actor, action="protection.end", target=protection, at=at, person=protection.person_id)
    return protection


def _share_household(one: Person, other: Person, on: date) -> bool:
    mine = one.memberships.filter(during__contains=on).values("household_id")
    return other.memberships.filter(during__contains=on, household_id__in=mine).exists()


def check_not_together(people: Iterable[int], others: Iterable[int]) -> None:
    """Stop whatever would put a protected person and the one they are protected from side by side.

    ``people`` and ``others`` are ids of persons that an act would bring into one household, kinship or conference.
    The sentence tells nothing, since the reader may be the one from whom it has to be kept.
    """
    one, two = set(people), set(others)
    if (
        AddressProtection.objects.in_force()
        .filter(Q(person__in=one, adversary__in=two) | Q(person__in=two, adversary__in=one))
        .exists()
    ):
        raise RuleViolation(NOT_TOGETHER, field="person")


@transaction.atomic
def set_safe_contact(
    *, person: Person, may_call: bool, may_write: bool, may_visit: bool, when: str, by_whom: str, caution: str,
    actor: Actor, at: datetime,
) -> SafeContact:  # fmt: skip
    """The standing rule is replaced; the former one stays with its end."""
    person = _seen_person(person, actor)
    if not actor.has_casework:
        raise NotAllowed("安全な連絡の決まりを記録する権限がありません。")
    _, staff = actor.office()
    end_safe_contact(person=person, actor=actor, at=at)
    rule = SafeContact(
        person=person, may_call=may_call, may_write=may_write, may_visit=may_visit, when=when.strip(),
        by_whom=by_whom.strip(), caution=caution.strip(), written_by=staff, written_at=at,
    )  # fmt: skip
    if not rule.lines:
        raise RuleViolation("連絡してよい時間、名乗り方、してはいけないことの、どれかを入力してください。")
    rule.save()
    record(actor=actor, action="safe_contact.set", target=rule, at=at, person=person.pk)
    return rule


@transaction.atomic
def end_safe_contact(*, person: Person, actor: Actor, at: datetime) -> None:
    """The rule is no longer needed."""
    person = _seen_person(person, actor)
    for rule in SafeContact.objects.standing().select_for_update(of=("self",)).filter(person=person):
        rule.ended_at, rule.ended_by = at, actor.staff
        rule.save(update_fields=["ended_at", "ended_by"])
        record(actor=actor, action="safe_contact.end", target=rule, at=at, person=person.pk)
