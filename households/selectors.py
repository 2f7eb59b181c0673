"""Reads of the household's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Area
from common.errors import RuleViolation
from common.japan.age import age_on
from common.japan.wareki import format_wareki_short
from common.kept_sql import kept, kept_of_day
from households.contact import NOTHING_HIDDEN, Shield, shield_for
from households.models import Household, HouseholdMember, Kinship, Person, without_search


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member with the age on a day (or at death)."""

    member: HouseholdMember
    age: int | None
    is_current: bool
    hides_move: bool = False

    @property
    def died_here(self) -> bool:
        """Belonged until they died: the page names them, or a household of one would look as if nobody had lived there."""
        died_on, until = self.member.person.died_on, self.member.during.upper
        return died_on is not None and until is not None and until > died_on

    @property
    def role_today(self) -> str:
        """The role, and for who has died the day: what the head of the page says."""
        died_on = self.member.person.died_on
        return f"{self.role}・{format_wareki_short(died_on)} 死亡" if died_on else self.role

    @property
    def role(self) -> str:
        """「長男・キーパーソン」 in the words of the list."""
        words = [self.member.get_relation_display()]
        if not self.member.lives_together:
            words.append("別居")
        if self.member.is_key_person:
            words.append("キーパーソン")
        return "・".join(words)


def member_rows(household: Household, on: date, shield: Shield = NOTHING_HIDDEN) -> list[MemberRow]:
    """Everybody who belongs or belonged, present ones first; one query. That a protected person moved is not told."""
    rows: dict[int, MemberRow] = {}
    for member in kept_of_day(_memberships, on=timezone.localdate(), household=household.pk):
        until = member.during.upper
        person = member.person
        age = age_on(person.birth_on, person.died_on or on) if person.birth_on else None
        hidden = person.pk in shield.people
        current = hidden or until is None or until > on
        known = rows.get(person.pk)
        # somebody who left and came back, or lives apart since a day, stands once: as they are now
        if (
            known is None
            or (current and not known.is_current)
            or (current == known.is_current and not hidden)
        ):
            rows[person.pk] = MemberRow(member, age, current, hides_move=hidden)
    return sorted(
        rows.values(), key=lambda row: (not row.is_current, row.member.relation != "self", row.member.pk)
    )


def _memberships(day: date, household: int) -> QuerySet[HouseholdMember]:
    rows = HouseholdMember.objects.filter(household=household).select_related("person")
    return rows.defer(*without_search("person")).order_by("pk")


def kinship_rows(actor: Actor, people: list[Person]) -> list[Kinship]:
    """Kinship among and around some people, as far as the actor sees it; one query."""
    return kept(_kinships, actor, on=timezone.localdate(), ids=[p.pk for p in people])


def _kinships(actor: Actor, ids: list[int]) -> QuerySet[Kinship]:
    return (
        Kinship.objects.visible_to(actor)
        .filter(Q(person__in=ids) | Q(relative__in=ids))
        .select_related("person", "relative")
        .defer(*without_search("person"), *without_search("relative"))
        .order_by("pk")
    )


def find_relative(actor: Actor, pk: int | None) -> Person:
    """Somebody of another household whose record the actor sees."""
    person = Person.objects.visible_to(actor).filter(pk=pk).first() if pk is not None else None
    if person is None:
        raise RuleViolation(
            "その人は見つかりません。自分の機関が記録を見られる人を選んでください。", field="relative"
        )
    return person


def filter_households(actor: Actor, *, q: str = "", area: Area | None = None) -> QuerySet[Household]:
    """Households that the actor sees, by a member's name, by their own name, by area."""
    rows = Household.objects.visible_to(actor).select_related("area")
    if area:
        rows = rows.filter(area=area).exclude(pk__in=shield_for(actor).households)
    if q:
        people = Person.objects.visible_to(actor).matching(q).values("pk")
        rows = rows.filter(
            Q(name__contains=q)
            | Q(pk__in=HouseholdMember.objects.filter(person__in=people).values("household_id"))
        )
    return rows
