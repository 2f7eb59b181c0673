"""家族図: the family around a household on a day, as its reader may know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accounts.actor import Actor
from common.japan.age import age_on
from households.contact import Shield
from households.enums import RECIPROCAL, KinshipKind, MovementKind, Relation, Sex
from households.genogram.drawing import Drawing, draw
from households.genogram.figures import Bond, Figure, Tie
from households.models import Household, HouseholdMember, HouseholdMovement, Kinship, Person, without_search

# 続柄 that tells a tie to 本人 where no kinship of the two is recorded
BY_RELATION = {
    Relation.SPOUSE: Tie.SPOUSE, Relation.PARTNER: Tie.PARTNER, Relation.PARENT: Tie.PARENT, Relation.CHILD: Tie.PARENT,
    Relation.SIBLING: Tie.SIBLING, Relation.GRANDPARENT: Tie.GRANDPARENT, Relation.GRANDCHILD: Tie.GRANDPARENT,
}  # fmt: skip
FROM_CENTER = (Relation.CHILD, Relation.GRANDCHILD)
HIDDEN_LIVING = "住まいは秘匿"


@dataclass(frozen=True, slots=True)
class Relative:
    """One person of the family. ``member`` is their membership of this household; ``home`` another household on that day
    that the reader sees too; ``ties`` says in words what the picture says in lines.
    """

    figure: Figure
    person: Person
    member: HouseholdMember | None
    living: str
    ties: tuple[str, ...] = ()
    home: Household | None = None

    @property
    def sex(self) -> str:
        """In the words of the picture's shape."""
        return {"male": "男性", "female": "女性", "other": "その他"}.get(self.figure.shape, "性別不明")

    @property
    def role(self) -> str:
        return str(self.member.get_relation_display()) if self.member else ""


@dataclass(frozen=True, slots=True)
class Family:
    relatives: list[Relative]
    drawing: Drawing


def family_on(household: Household, on: date, shield: Shield, actor: Actor) -> Family:
    """Members of the day and their kin; six queries.

    Of kin whose record the reader does not see there is the name alone, as in the list of kinship. A protected person
    stands in it on every day, outside the outline of who lives together, so that no day tells of their leaving.
    """
    members = _members(household, on, shield)
    kinships = _kinships(actor, members)
    people = {member.person_id: member.person for member in members.values()}
    for kinship in kinships:
        for person in (kinship.person, kinship.relative):
            if person.birth_on is None or person.birth_on <= on:
                people.setdefault(person.pk, person)
    kinships = [k for k in kinships if k.person_id in people and k.relative_id in people]
    kinds = _kinds_on(household, actor, kinships, on)
    seen = set(Person.objects.visible_to(actor).filter(pk__in=people).values_list("pk", flat=True))
    homes = _other_homes(household, actor, shield, [pk for pk in people if pk in seen], on)
    center = next((pk for pk, m in members.items() if m.relation == Relation.SELF), None)
    figures = {
        pk: _figure(person, members.get(pk), on, shield, is_seen=pk in seen, is_center=pk == center)
        for pk, person in people.items()
    }
    bonds = [Bond(Tie(kind), k.person_id, k.relative_id) for k, kind in kinds]
    bonds += _by_relation(members, center, bonds)
    ties = _words(kinds)
    order = sorted(
        people,
        key=lambda pk: (
            pk not in members,
            pk != center,
            not figures[pk].lives_here,
            figures[pk].birth_on or date.max,
            pk,
        ),
    )
    relatives = [
        Relative(
            figures[pk], people[pk], members.get(pk), _living(members.get(pk), pk, on, shield),
            tuple(ties.get(pk, ())), homes.get(pk),
        )
        for pk in order
    ]  # fmt: skip
    return Family(relatives, draw([figures[pk] for pk in order], bonds))


def _members(household: Household, on: date, shield: Shield) -> dict[int, HouseholdMember]:
    """Members of the day, protected ones of any day, and family who left or died before; the newest row of each."""
    found: dict[int, HouseholdMember] = {}
    for member in (
        HouseholdMember.objects.filter(household=household)
        .select_related("person")
        .defer(*without_search("person"))
        .order_by("during", "pk")
    ):
        hidden = member.person_id in shield.people
        begun = member.during.lower is None or member.during.lower <= on
        family = member.relation in BY_RELATION or member.relation == Relation.SELF
        born = member.person.birth_on is None or member.person.birth_on <= on
        if hidden or (born and (on in member.during or (begun and family))):
            found[member.person_id] = member
    return found


def _kinships(actor: Actor, members: Iterable[int]) -> list[Kinship]:
    """Around the members, and then among all who are found so: brings no more people, but what ties them to each other."""
    rows: dict[int, Kinship] = {}
    people = set(members)
    for _ in range(2):
        more = (
            Kinship.objects.visible_to(actor)
            .filter(Q(person__in=people) | Q(relative__in=people))
            .exclude(pk__in=rows)
            .select_related("person", "relative")
            .defer(*without_search("person"), *without_search("relative"))
            .order_by("pk")
        )
        rows |= {k.pk: k for k in more if not rows or {k.person_id, k.relative_id} <= people}
        people |= {pk for k in rows.values() for pk in (k.person_id, k.relative_id)}
    return [rows[pk] for pk in sorted(rows)]


def _kinds_on(
    household: Household, actor: Actor, kinships: list[Kinship], on: date
) -> list[tuple[Kinship, KinshipKind]]:
    """Kinship as it was on the day: before a divorce a couple, before a marriage none."""
    later: dict[frozenset[int], str] = {}
    married: dict[int, set[int]] = {}
    rows = HouseholdMovement.objects.visible_to(actor).standing().filter(household=household, on__gt=on)
    for pk, kind, person in (
        rows.filter(kind__in=(MovementKind.MARRIAGE, MovementKind.DIVORCE))
        .order_by("-on", "-pk")
        .values_list("pk", "kind", "named__person")
    ):
        pair = married.setdefault(pk, set())
        pair.add(person)
        if len(pair) == 2:
            later[frozenset(pair)] = kind
    found = []
    for kinship in kinships:
        kind = KinshipKind(kinship.kind)
        after = later.get(frozenset((kinship.person_id, kinship.relative_id)))
        if after == MovementKind.MARRIAGE and kind in (KinshipKind.SPOUSE, KinshipKind.FORMER_SPOUSE):
            continue
        if after == MovementKind.DIVORCE and kind == KinshipKind.FORMER_SPOUSE:
            kind = KinshipKind.SPOUSE
        found.append((kinship, kind))
    return found


def _other_homes(
    household: Household, actor: Actor, shield: Shield, people: list[int], on: date
) -> dict[int, Household]:
    """Where kin lived on the day, as far as the reader sees that household; of the protected it is not told."""
    rows = (
        HouseholdMember.objects.filter(
            person__in=people, during__contains=on, lives_together=True,
            household__in=Household.objects.visible_to(actor).exclude(pk=household.pk),
        )
        .exclude(person__in=shield.people)
        .select_related("household")
        .defer("household__search_terms", "household__search_text")
        .order_by("pk")
    )  # fmt: skip
    return {row.person_id: row.household for row in rows}


def _figure(
    person: Person,
    member: HouseholdMember | None,
    on: date,
    shield: Shield,
    *,
    is_seen: bool,
    is_center: bool,
) -> Figure:
    is_member = member is not None
    is_dead = is_seen and person.died_on is not None and person.died_on <= on
    until = person.died_on if is_dead and person.died_on else on
    born = person.birth_on if is_seen or is_member else None
    hidden = person.pk in shield.people
    living = _living(member, person.pk, on, shield)
    here = is_member and not hidden and not is_dead and living == "同居"
    lines = [] if member is None else [str(member.get_relation_display())]
    if member is not None and member.is_key_person and not is_dead:
        lines.append("キーパーソン")
    age = age_on(born, until) if born is not None and born <= until else None
    if is_dead:
        lines.append("死亡" if age is None else f"{age}歳で死亡")
    elif hidden or (is_member and not here):
        lines.append(living)
    return Figure(
        key=person.pk, name=person.display_name,
        shape={Sex.MALE: "male", Sex.FEMALE: "female", Sex.OTHER: "other"}.get(Sex(person.sex), "unknown")
        if is_seen else "unknown",
        age=age,
        birth_on=born, is_dead=is_dead, is_center=is_center, lives_here=here, lines=tuple(lines),
    )  # fmt: skip


def _living(member: HouseholdMember | None, person: int, on: date, shield: Shield) -> str:
    if person in shield.people:
        return HIDDEN_LIVING
    if member is None:
        return "ほかの世帯"
    if on not in member.during:
        return "この世帯を離れた"
    return "同居" if member.lives_together else "別居・入所"


def _by_relation(members: dict[int, HouseholdMember], center: int | None, bonds: list[Bond]) -> list[Bond]:
    """Ties that only the 続柄 tells."""
    if center is None:
        return []
    recorded = {frozenset((b.one, b.other)) for b in bonds}
    parents = [b.other for b in bonds if b.kind == Tie.PARENT]
    found = []
    for pk, member in members.items():
        kind = BY_RELATION.get(Relation(member.relation))
        if kind is None or pk == center or frozenset((pk, center)) in recorded:
            continue
        one, other = (center, pk) if member.relation in FROM_CENTER else (pk, center)
        if kind == Tie.PARENT and parents.count(other) >= 2:
            continue
        parents += [other] if kind == Tie.PARENT else []
        found.append(Bond(kind, one, other))
    return found


def _words(kinds: list[tuple[Kinship, KinshipKind]]) -> dict[int, list[str]]:
    """「山田 花子の親」 for each of the two."""
    ties: dict[int, list[str]] = {}
    for kinship, kind in kinds:
        back = RECIPROCAL.get(kind, str(kind.label))
        note = f"（{kinship.note}）" if kinship.note else ""
        ties.setdefault(kinship.person_id, []).append(f"{kinship.relative.display_name}の{kind.label}{note}")
        ties.setdefault(kinship.relative_id, []).append(f"{kinship.person.display_name}の{back}{note}")
    return ties
