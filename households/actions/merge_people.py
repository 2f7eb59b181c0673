"""統合: two records become one person, field by field; every row of both stays, and the whole can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from audit.actions import record
from common.errors import RuleViolation
from common.models import check_version
from households.actions.movements import SENT_BEFORE
from households.actions.persons import PersonData, check_dates
from households.actions.protection import check_not_together
from households.enums import LinkState, MergeChange, Relation
from households.lifetimes import check_births_in_order, check_lives_in_order
from households.merging import (
    FIELDS,
    family_circle,
    hull,
    kinship_key,
    name_key,
    names_given_up,
    overlap,
    person_references,
    row_values,
)
from households.models import (
    AddressProtection,
    FormerName,
    HouseholdMember,
    Kinship,
    MergedRow,
    Person,
    PersonLink,
    PersonMerge,
    SafeContact,
)
from households.permissions import check_can_merge
from households.signals import people_merged

# a form that was opened before or during the merge never meets this version again
VERSION_STEP: Final = 1000
KEPT, ABSORBED, BOTH = "kept", "absorbed", "both"
PROTECTED = "連絡先が秘匿されている人を含むため、支援措置の「見てよい機関」だけが統合できます。"


@dataclass(frozen=True, slots=True)
class MergeData:
    """``choices``: per field which record it is taken from (``both`` for the notes); ``home``: id of the membership in
    which the person lives today, where the two live in different households; ``rule``: whose rule of safe contact stands.
    """

    basis: str
    choices: Mapping[str, str] = field(default_factory=dict)
    home: int | None = None
    rule: str = KEPT


def merged_values(kept: Person, absorbed: Person, choices: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the person after the merge: the chosen ones, else what one of the two knows."""
    values: dict[str, Any] = {}
    for name in FIELDS:
        mine, theirs = getattr(kept, name), getattr(absorbed, name)
        choice = choices.get(name) or (KEPT if mine else ABSORBED)
        if choice == BOTH and name == "note":
            values[name] = "\n".join(part for part in dict.fromkeys([mine, theirs]) if part)
        else:
            values[name] = theirs if choice == ABSORBED else mine
    return values


@transaction.atomic
def merge_people(
    *, kept: Person, absorbed: Person, versions: tuple[int, int], data: MergeData, request_key: UUID, actor: Actor,
    at: datetime,
) -> PersonMerge:  # fmt: skip
    """``absorbed`` becomes ``kept``: both are people whom the actor sees by their office.

    Raises StaleRecord when one of them was saved since the form was opened, RuleViolation for people who cannot be one
    (kin of each other, found to be different, a protected person and whom they fled from) and for a protected person
    unless the actor's agency is a unit of the protection.
    """
    if (known := PersonMerge.objects.filter(request_key=request_key).first()) is not None:
        is_seen = PersonMerge.objects.visible_to(actor).filter(pk=known.pk).exists()
        if not is_seen or (known.kept_id, known.absorbed_id) != (kept.pk, absorbed.pk):
            raise RuleViolation(SENT_BEFORE)
        return known
    check_can_merge(actor)
    _lock_references(absorbed)
    kept, absorbed = _locked_pair(kept, absorbed, actor)
    check_version(kept, versions[0])
    check_version(absorbed, versions[1])
    if not data.basis.strip():
        raise RuleViolation("同じ人であることを、どう確かめたかを書いてください。", field="basis")
    _check_may_be_one(kept, absorbed, actor)
    values = merged_values(kept, absorbed, data.choices)
    check_dates(PersonData(**{n: v for n, v in values.items() if n != "register_no"}), timezone.localdate(at))
    _, staff = actor.office()
    merge = PersonMerge.objects.create(
        request_key=request_key, kept=kept, absorbed=absorbed, choices=dict(data.choices), basis=data.basis.strip(),
        merged_by=staff, merged_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            _Rows(merge).move(data, actor, at)
    except IntegrityError:
        raise RuleViolation(
            "二人の記録に両立しないものがあるため統合できません。世帯員の期間や関係を確かめてください。"
        ) from None
    _join(merge, kept, absorbed, values)
    check_lives_in_order(kept, field="take_birth_on")
    check_births_in_order(kept, field="take_birth_on")
    record(actor=actor, action="person.merge", target=kept, at=at, absorbed=absorbed.pk, merge=merge.pk)
    people_merged.send(PersonMerge, merge=merge, actor=actor, at=at)
    return merge


def _lock_references(person: Person) -> None:
    """Rows before people: whoever writes a note holds its case and waits for the person, so we must not do it the
    other way round.
    """
    for model, column in person_references():
        rows = model._default_manager.filter(**{column: person}).order_by("pk")
        list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _locked_pair(kept: Person, absorbed: Person, actor: Actor) -> tuple[Person, Person]:
    if kept.pk == absorbed.pk:
        raise RuleViolation("同じ記録どうしは統合できません。", field="other")
    seen = Person.objects.visible_to(actor.by_office()).filter(pk__in=[kept.pk, absorbed.pk])
    rows = {p.pk: p for p in seen.select_for_update(of=("self",)).order_by("pk")}
    # the deny list too: whoever sees one of them through a second household does not join what is kept from them
    found = Person.objects.findable_by(actor).filter(pk__in=list(rows)).count()
    if len(rows) != 2 or found != 2:
        raise RuleViolation("統合する二人の記録が見つかりません。一方がすでに統合されたかもしれません。")
    return rows[kept.pk], rows[absorbed.pk]


def _check_may_be_one(kept: Person, absorbed: Person, actor: Actor) -> None:
    pair = [kept.pk, absorbed.pk]
    if AddressProtection.objects.closed_to(actor).filter(person__in=pair).exists():
        raise RuleViolation(PROTECTED)
    homes = HouseholdMember.objects.filter(person__in=pair).values("household_id")
    around = HouseholdMember.objects.filter(household__in=homes).values_list("person_id", flat=True)
    check_not_together(pair, [*pair, *around])
    if AddressProtection.objects.in_force().filter(person__in=pair).count() > 1:
        raise RuleViolation("二人とも支援措置の対象です。先に、どちらかの措置の終了を記録してください。")
    if Kinship.objects.filter(person__in=pair, relative__in=pair).exists():
        raise RuleViolation("二人は親族として登録されています。関係が誤りなら、先に取り消してください。")
    different = PersonLink.objects.of(kept).filter(Q(person=absorbed) | Q(other=absorbed))
    if different.filter(state=LinkState.DIFFERENT).exists():
        raise RuleViolation("「別の人と確認した」と記録されています。先に、その判断を改めてください。")
    if family_circle(kept, absorbed):
        raise RuleViolation(
            "統合すると、だれかが自分自身の先祖になってしまいます。親子の関係を確かめてください。"
        )


def _join(merge: PersonMerge, kept: Person, absorbed: Person, values: dict[str, Any]) -> None:
    before, records, given_up = row_values(kept), [copy(kept), absorbed], kept.register_no
    gives = values["register_no"] == absorbed.register_no != ""
    was = row_values(absorbed)
    if gives:  # a 宛名番号 stands once: the absorbed record lets go before the other takes it
        Person.objects.filter(pk=absorbed.pk).update(register_no="")
    for name, value in values.items():
        setattr(kept, name, value)
    kept.version += VERSION_STEP
    _keep_names(merge, kept, records)
    kept.fill_search(hides_contact=AddressProtection.objects.in_force().filter(person=kept).exists())
    kept.save()
    kept.refresh_from_db()
    MergedRow.objects.create(
        merge=merge, change=MergeChange.CHANGED, model=Person._meta.label_lower, row_id=kept.pk, before=before,
        after=row_values(kept),
    )  # fmt: skip
    if gives:  # after the row of the kept record: the undo goes in this order, too
        MergedRow.objects.create(
            merge=merge, change=MergeChange.CHANGED, model=Person._meta.label_lower, row_id=absorbed.pk, before=was,
            after=was | {"register_no": ""},
        )  # fmt: skip
    # the number that was not chosen stays with the absorbed record, by which the register's file finds the person
    number = given_up if gives else absorbed.register_no
    Person.objects.filter(pk=absorbed.pk).update(merged_into=kept, register_no=number)


def _keep_names(merge: PersonMerge, kept: Person, records: list[Person]) -> None:
    """What the two records were called and the person is not any more stays findable."""
    for former in names_given_up(kept, records):
        former.save()
        MergedRow.objects.create(
            merge=merge, change=MergeChange.ADDED, model=FormerName._meta.label_lower, row_id=former.pk,
            after=row_values(former),
        )  # fmt: skip


class _Rows:
    """Moves the rows of the absorbed person, and remembers each as it was."""

    def __init__(self, merge: PersonMerge) -> None:
        self.merge, self.kept, self.absorbed = merge, merge.kept, merge.absorbed
        self.touched: dict[tuple[str, int], MergedRow] = {}
        self.moved: list[MergedRow] = []

    def move(self, data: MergeData, actor: Actor, at: datetime) -> None:
        self._memberships(data.home)
        self._kinships()
        self._former_names()
        self._rules(data.rule, actor, at)
        for model, column in person_references():
            self._move(model, column)
        MergedRow.objects.bulk_create([*self.touched.values(), *self.moved], batch_size=1000)

    def _remember(self, row: models.Model, before: dict[str, Any], after: dict[str, Any]) -> None:
        """A row that the merge touches twice was before what it was before the first time."""
        key = (row._meta.label_lower, row.pk)
        if key in self.touched:
            before = self.touched[key].before
        change = MergeChange.CHANGED if after else MergeChange.REMOVED
        self.touched[key] = MergedRow(
            merge=self.merge, change=change, model=key[0], row_id=row.pk, before=before, after=after
        )

    def _remove(self, row: models.Model) -> None:
        self._remember(row, row_values(row), {})
        row_id = row.pk
        row.delete()
        row.pk = row_id

    def _change(self, row: models.Model, **values: Any) -> None:
        before = row_values(row)
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        row.refresh_from_db()
        self._remember(row, before, row_values(row))

    def _move(self, model: type[models.Model], column: str) -> None:
        rows = model._default_manager.filter(**{column: self.absorbed})
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        if ids:
            model._default_manager.filter(pk__in=ids).update(**{column: self.kept})
        label = model._meta.label_lower
        self.moved += [
            MergedRow(merge=self.merge, change=MergeChange.MOVED, model=label, column=column, row_id=pk)
            for pk in ids
        ]

    def _memberships(self, home: int | None) -> None:
        """Two memberships in one household at one time become one that covers both."""
        mine = list(HouseholdMember.objects.filter(person=self.kept).order_by("pk"))
        theirs = list(HouseholdMember.objects.filter(person=self.absorbed).order_by("pk"))
        for row in theirs[:]:
            same = [m for m in mine if m.household_id == row.household_id and overlap(m.during, row.during)]
            if not same:
                continue
            first, rest = same[0], [*same[1:], row]
            during = hull([m.during for m in [first, *rest]])
            known = [m.relation for m in [first, *rest] if m.relation != Relation.UNKNOWN]
            for gone in rest:
                self._remove(gone)
                (theirs if gone is row else mine).remove(gone)
            self._change(
                first, during=during, relation=known[0] if known else first.relation,
                is_key_person=first.is_key_person or row.is_key_person,
                by_identity=first.by_identity and row.by_identity,
            )  # fmt: skip
        self._one_home(mine, theirs, home)

    def _one_home(self, mine: list[HouseholdMember], theirs: list[HouseholdMember], home: int | None) -> None:
        """Nobody lives in two households on one day: where the two do, the chosen home stays."""
        for one in mine:
            for two in theirs:
                both = one.lives_together and two.lives_together and one.household_id != two.household_id
                if both and overlap(one.during, two.during):
                    self._change(one if home == two.pk else two, lives_together=False)

    def _kinships(self) -> None:
        kept, absorbed = self.kept.pk, self.absorbed.pk
        rows = list(Kinship.objects.filter(Q(person=absorbed) | Q(relative=absorbed)).order_by("pk"))
        standing = {
            kinship_key(*key)
            for key in Kinship.objects.filter(Q(person=kept) | Q(relative=kept)).values_list(
                "person_id", "relative_id", "kind"
            )
        }
        for row in rows:
            person, relative = (kept if pk == absorbed else pk for pk in (row.person_id, row.relative_id))
            key = kinship_key(person, relative, row.kind)
            if key in standing:
                self._remove(row)
                continue
            standing.add(key)
            self._change(row, person_id=key[0], relative_id=key[1])

    def _former_names(self) -> None:
        """A former name that both records have stands once."""
        standing = {name_key(row) for row in FormerName.objects.filter(person=self.kept).order_by("pk")}
        for row in FormerName.objects.filter(person=self.absorbed).order_by("pk"):
            if name_key(row) in standing:
                self._remove(row)

    def _rules(self, chosen: str, actor: Actor, at: datetime) -> None:
        """One standing rule of safe contact for one person; the other ends and stays readable."""
        rules = {
            rule.person_id: rule
            for rule in SafeContact.objects.standing().filter(person__in=[self.kept, self.absorbed])
        }
        if len(rules) == 2:
            ended = rules[self.kept.pk if chosen == ABSORBED else self.absorbed.pk]
            self._change(ended, ended_at=at, ended_by=actor.staff)
