"""Person, dated membership of a household, kinship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Deferrable, Exists, F, OuterRef, Q, QuerySet

from accounts.models import Int8Range
from accounts.roles import Permission
from common.models import Versioned, bigram_field, bigram_index
from households.enums import RECIPROCAL, KinshipKind, Relation, Sex
from households.matching import has_digits, matches
from households.models.descent import no_circle
from households.models.follow import follows_merge
from households.models.household import Household, denied_households
from households.person_search import Former, Names, parse_query, person_columns

if TYPE_CHECKING:
    from accounts.actor import Actor

SEARCH_COLUMNS = ("search_terms", "search_text", "kana_folded", "name_folded")


def without_search(path: str = "") -> tuple[str, ...]:
    """The search columns of the person at ``path``, for ``defer``: a page shows none of them, and they are long."""
    return tuple(f"{path}__{name}" if path else name for name in SEARCH_COLUMNS)


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor) -> PersonQuerySet:
        """A person is seen through a visible household that they belong, or once belonged, to. A membership written by
        somebody who knew no more than who it is (``by_identity``) opens nothing: or anybody could open the record of
        anybody by adding them to a household of their own.
        """
        return self.filter(
            Exists(
                HouseholdMember.objects.filter(
                    person=OuterRef("pk"),
                    by_identity=False,
                    household__in=Household.objects.visible_to(actor),
                )
            )
        )

    def findable_by(self, actor: Actor) -> PersonQuerySet:
        """Identity only (name, kana, birth date): so that nobody is registered twice (domain.md 8, point 7).

        Pages that use it show no address, no phone and nothing of a case. A worker on a deny list does not find
        the people of that household.
        """
        if not actor.has(Permission.PERSON_FIND):
            return self.none()
        return self.findable().exclude(pk__in=people_of(denied_households(actor)))

    def findable(self) -> PersonQuerySet:
        """What ``findable_by`` leaves to a reader with its permission whom no deny list names: the same for all of them."""
        return self.filter(merged_into__isnull=True)

    def with_access_ground(self, actor: Actor) -> PersonQuerySet:
        """Adds ``access_ground``: that of the newest household through which the actor sees the person."""
        homes = (
            Household.objects.visible_to(actor)
            .with_access_ground(actor)
            .filter(members__person=OuterRef("pk"))
            .order_by("-pk")
            .values("access_ground")[:1]  # type: ignore[misc]
        )
        return self.annotate(access_ground=models.Subquery(homes))

    def matching(self, query: str) -> PersonQuerySet:
        """People whose name, former name, kana, birth date or phone holds every word of ``query``, in no order: for
        narrowing a list. ``households.selectors_people`` ranks them.
        """
        asked = parse_query(query)
        return self.filter(matches(asked)) if asked else self.none()

    def told_by(self, query: str, actor: Actor) -> PersonQuerySet:
        """``matching``, where not all of the people are seen by the actor: a part of a phone finds those alone who are."""
        asked = parse_query(query)
        if not any(word.digits for word in asked.words):
            return self.matching(query)
        seen = matches(asked) & Q(pk__in=Person.objects.visible_to(actor).values("pk"))
        return self.filter(seen | matches(asked, digits=has_digits))


@pghistory.track(exclude=["search_terms", "search_text", "kana_folded", "name_folded"])
class Person(Versioned):
    """本人・家族: nothing about a person is required, not even a name (匿名・氏名不明)."""

    family_name = models.CharField("姓", max_length=60, blank=True)
    given_name = models.CharField("名", max_length=60, blank=True)
    family_kana = models.CharField("せい", max_length=60, blank=True)
    given_kana = models.CharField("めい", max_length=60, blank=True)
    alias = models.CharField("通称・仮名", max_length=60, blank=True)
    birth_on = models.DateField("生年月日", null=True, blank=True)
    birth_note = models.CharField(
        "生年月日の補足", max_length=60, blank=True, help_text="不詳・80歳くらい など"
    )
    died_on = models.DateField("死亡日", null=True, blank=True)
    sex = models.CharField("性別", max_length=10, choices=Sex, blank=True)
    phone = models.CharField("電話", max_length=30, blank=True)
    workplace = models.CharField("職場・学校", max_length=100, blank=True)
    note = models.TextField("備考", blank=True)
    register_no = models.CharField("宛名番号", max_length=20, blank=True, editable=False)
    created_at = models.DateTimeField("登録日時")
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="統合先"
    )
    # households.person_search; collation C keeps prefixes together and a family name before all that begin with it
    name_folded = models.CharField(max_length=130, editable=False, default="", db_collation="C")
    kana_folded = models.CharField(max_length=130, editable=False, default="", db_collation="C")
    search_text = models.TextField(editable=False, default="")
    search_terms = bigram_field()

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = "人"
        constraints = [
            models.CheckConstraint(
                name="person_died_after_birth",
                condition=Q(died_on__isnull=True) | Q(birth_on__isnull=True) | Q(died_on__gte=F("birth_on")),
                violation_error_message="死亡日が生年月日より前です。",
            ),
            models.CheckConstraint(name="person_not_merged_into_self", condition=~Q(merged_into=F("pk"))),
            models.UniqueConstraint(
                fields=["register_no"], condition=~Q(register_no=""), name="person_register_no"
            ),
        ]
        indexes = [
            bigram_index("person_search"),
            models.Index(fields=["name_folded", "id"], name="person_name"),
            models.Index(fields=["kana_folded", "id"], name="person_kana"),
            models.Index(fields=["birth_on"], name="person_birth"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        name = f"{self.family_name} {self.given_name}".strip()
        return name or self.alias or "氏名不明"

    @property
    def display_kana(self) -> str:
        return f"{self.family_kana} {self.given_kana}".strip()

    def fill_search(self, *, hides_contact: bool = False) -> None:
        """Set the search columns from the rest and the former names (actions call it before saving).

        ``hides_contact``: the person's address is protected (支援措置), so the phone finds nobody.
        """
        former = (
            self.former_names.order_by("pk").values_list(
                "family_name", "family_kana", "given_name", "given_kana"
            )
            if self.pk
            else ()
        )
        names = Names(
            self.family_name, self.given_name, self.family_kana, self.given_kana, self.alias,
            tuple(Former(*row) for row in former),
        )  # fmt: skip
        for column, value in person_columns(names, "" if hides_contact else self.phone).items():
            setattr(self, column, value)


@pghistory.track()
class HouseholdMember(models.Model):
    """世帯員: a person belongs to a household from a day to a day; the start may be unknown."""

    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="members", verbose_name="世帯"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="memberships", verbose_name="人"
    )
    relation = models.CharField("続柄", max_length=20, choices=Relation, default=Relation.UNKNOWN)
    lives_together = models.BooleanField("同居", default=True)
    is_key_person = models.BooleanField("キーパーソン", default=False)
    during = DateRangeField("期間")
    by_identity = models.BooleanField("名寄せだけで加えた", default=False)

    # what its writes change (common.tags)
    tag_fields: ClassVar = ("relation", "lives_together", "is_key_person", "during", "by_identity")

    class Meta:
        verbose_name = "世帯員"
        constraints = [
            ExclusionConstraint(
                name="member_once_at_a_time",
                expressions=[
                    (Int8Range("household_id"), RangeOperators.OVERLAPS),
                    (Int8Range("person_id"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message="この人は同じ期間にすでに世帯員です。",
            ),
            # 別居・入所中 may stand in a second household; living together is in one place on one day. Who adds somebody
            # whose record they do not see is not told of the other household, so that claim (by_identity) may overlap.
            ExclusionConstraint(
                name="member_lives_in_one_household",
                expressions=[
                    (Int8Range("person_id"), RangeOperators.OVERLAPS),
                    ("during", RangeOperators.OVERLAPS),
                ],
                condition=Q(lives_together=True, by_identity=False),
                deferrable=Deferrable.IMMEDIATE,
                violation_error_message="この人は同じ期間に別の世帯で同居しています。",
            ),
        ]
        triggers = [follows_merge("person")]

    def __str__(self) -> str:
        return f"{self.person}（{self.get_relation_display()}）"


def people_of(households: QuerySet[Any, Any]) -> QuerySet[HouseholdMember, int]:
    """Ids of the people who belong, or once belonged, to some households (given as a queryset of ids)."""
    return HouseholdMember.objects.filter(household_id__in=households).values_list("person_id", flat=True)


class KinshipQuerySet(models.QuerySet["Kinship"]):
    def visible_to(self, actor: Actor) -> KinshipQuerySet:
        """A kinship is seen by whoever sees one of the two people, unless a deny list hides one of them."""
        people = Person.objects.visible_to(actor).values("pk")
        hidden = people_of(denied_households(actor))
        return self.filter(Q(person__in=people) | Q(relative__in=people)).exclude(
            Q(person__in=hidden) | Q(relative__in=hidden)
        )


@pghistory.track()
class Kinship(models.Model):
    """親族関係: ``person`` is the ``kind`` of ``relative``; holds inside and across households."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="kin_of", verbose_name="人")
    relative = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="kin", verbose_name="相手")
    kind = models.CharField("関係", max_length=20, choices=KinshipKind)
    note = models.CharField("補足", max_length=100, blank=True)

    # what its writes change (common.tags)
    tag_fields: ClassVar = ("person_id", "relative_id", "kind", "note")

    objects = KinshipQuerySet.as_manager()

    class Meta:
        verbose_name = "親族関係"
        constraints = [
            models.CheckConstraint(
                name="kinship_not_self",
                condition=~Q(person=F("relative")),
                violation_error_message="本人自身を親族にはできません。",
            ),
            models.UniqueConstraint(fields=["person", "relative", "kind"], name="kinship_once"),
        ]
        triggers = [follows_merge("person"), follows_merge("relative"), no_circle()]

    def __str__(self) -> str:
        return f"{self.person} は {self.relative} の{self.get_kind_display()}"

    @property
    def seen_from_relative(self) -> str:
        """The same kinship the other way: 「子」 for a parent, the word itself for a symmetric kind."""
        return RECIPROCAL.get(KinshipKind(self.kind), str(self.get_kind_display()))
