"""住民異動の取り込み: rows of the register's file become the same movements that a worker writes by hand.

Only people whom the reader sees and whose whereabouts are open to the reader are touched; of everybody else in the
file nothing is kept. The preview makes all movements and takes them back, so that what it says of a row is what the
rules say. Taking a file in again changes nothing: a movement has the key of its row, and a fact that stands is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.actor import Actor
from audit.actions import record
from common.errors import RuleViolation
from households.actions.join import join_household
from households.actions.lives import record_birth, record_death
from households.actions.movements import Moved, keep_movement, known_movement, open_movement, stay_behind
from households.actions.moves import Place, move_household, move_out
from households.actions.persons import PersonData
from households.actions.search_index import refill_search
from households.actions.split import NewHome, split_household
from households.contact import Shield
from households.enums import MovementKind as K
from households.enums import MovementSource, Relation
from households.models import FormerName, Household, HouseholdMember, HouseholdMovement, Person
from households.permissions import check_can_edit_household
from households.register_file import RegisterRow, name_key
from households.selectors_same import standing_id

_KEY: Final = UUID("b2f4d7a8-7d6e-4a52-9d13-6f0a5f5f4a31")
_TOGETHER: Final = (K.MOVE, K.MOVE_IN, K.MOVE_OUT, K.SPLIT, K.JOIN)
# 転居・転入 of some people is kept as their 世帯分離
_WRITTEN_AS: Final = {K.MOVE: (K.MOVE, K.SPLIT), K.MOVE_IN: (K.MOVE_IN, K.SPLIT)}
NEW, STANDS, BROKEN, CHOOSE = "new", "stands", "broken", "choose"


@dataclass(slots=True)
class Step:
    """One movement that rows of the file make. ``state``: NEW, STANDS (nothing to do), BROKEN (``said``), CHOOSE."""

    kind: K
    rows: list[RegisterRow]
    people: list[Person]
    household: Household | None = None
    target: Household | None = None
    head: Person | None = None
    state: str = NEW
    said: str = ""
    candidates: list[Person] = field(default_factory=list)

    @property
    def row(self) -> RegisterRow:
        return self.rows[0]

    @property
    def names(self) -> str:
        return "、".join([p.display_name for p in self.people] or [self.row.name])

    @property
    def lines(self) -> str:
        return "、".join(str(row.line) for row in self.rows)

    @property
    def becomes(self) -> str:
        """What will be, in the words of the file; the page passes it through the shield."""
        row = self.row
        said = {
            K.DEATH: "死亡日を記録し、世帯を離れる",
            K.BIRTH: f"{row.name}が加わる",
            K.CORRECTION: row.new_name,
            K.JOIN: self.target.name if self.target else "",
        }
        return said.get(self.kind, row.address)

    def request_key(self) -> UUID:
        people = sorted(p.pk for p in self.people)
        home = self.household.pk if self.household else 0
        return uuid5(
            _KEY, f"{self.row.number}|{self.kind}|{self.row.on}|{home}|{people}|{name_key(self.row.name)}"
        )


@dataclass(slots=True)
class Plan:
    """What a file would change here. ``others``: rows about people who are not known here, or not open to the reader."""

    steps: list[Step]
    others: int

    def kept_rows(self) -> list[RegisterRow]:
        return [row for step in self.steps for row in step.rows]


def plan_import(
    *,
    rows: Sequence[RegisterRow],
    actor: Actor,
    shield: Shield,
    at: datetime,
    picks: Mapping[int, int] | None = None,
) -> Plan:
    """The movements of a file and what would come of each; nothing is written."""
    check_can_edit_household(actor)
    steps = _steps(rows, actor, shield, picks or {})
    with transaction.atomic():
        for step in steps:
            _try(step, actor, at)
        transaction.set_rollback(True)
    return Plan(steps, len(rows) - sum(len(step.rows) for step in steps))


@transaction.atomic
def take_in(
    *,
    rows: Sequence[RegisterRow],
    actor: Actor,
    shield: Shield,
    at: datetime,
    picks: Mapping[int, int] | None = None,
) -> Plan:
    """Write what can be written, in one transaction; what a rule forbids is left with its sentence."""
    check_can_edit_household(actor)
    steps = _steps(rows, actor, shield, picks or {})
    for step in steps:
        _try(step, actor, at)
    done = [step for step in steps if step.state == NEW]
    for step in done:
        _learn_numbers(step)
    if done:
        assert done[0].household is not None
        record(
            actor=actor, action="household.take_in_register", target=done[0].household, at=at,
            movements=len(done), left=sum(step.state == BROKEN for step in steps),
        )  # fmt: skip
    return Plan(steps, 0)


# ── Whom a row means ────────────────────────────────────────────────────────────────────────────────────────


class _Known:
    """The people and households of the rows, as far as the actor sees them and nobody hides them. Three queries."""

    def __init__(self, rows: Sequence[RegisterRow], actor: Actor, shield: Shield) -> None:
        days = {row.birth_on for row in rows} | {row.head_birth_on for row in rows}
        numbers = {row.register_no for row in rows} | {row.head_no for row in rows}
        held = Person.objects.filter(register_no__in=[n for n in numbers if n], merged_into__isnull=False)
        merged = {number: standing_id(pk) for number, pk in held.values_list("register_no", "pk")}
        people = Person.objects.visible_to(actor).filter(
            Q(birth_on__in=[day for day in days if day])
            | Q(register_no__in=[n for n in numbers if n])
            | Q(pk__in=list(merged.values())),
            merged_into__isnull=True,
        )
        self.by_number: dict[str, Person] = {}
        self.by_name: dict[tuple[str, object], list[Person]] = defaultdict(list)
        for person in people.order_by("pk"):
            if person.pk in shield.people:
                continue
            if person.register_no:
                self.by_number[person.register_no] = person
            self.by_name[name_key(f"{person.family_name}{person.given_name}"), person.birth_on].append(person)
        read = {person.pk: person for same in self.by_name.values() for person in same}
        self.by_number |= {number: read[pk] for number, pk in merged.items() if pk in read}
        self.homes: dict[int, list[HouseholdMember]] = defaultdict(list)
        found = {p.pk for rows_ in self.by_name.values() for p in rows_} | {
            p.pk for p in self.by_number.values()
        }
        members = HouseholdMember.objects.filter(
            person__in=found, by_identity=False, household__in=Household.objects.visible_to(actor)
        ).select_related("household")
        for member in members.order_by("pk"):
            if not shield.hides(member.household_id):
                self.homes[member.person_id].append(member)

    def people(self, number: str, name: str, born: object, kana: str = "") -> list[Person]:
        if number and number in self.by_number:
            return [self.by_number[number]]
        same = [p for p in self.by_name.get((name_key(name), born), []) if not (number and p.register_no)]
        read = (
            [p for p in same if name_key(f"{p.family_kana}{p.given_kana}") == name_key(kana)] if kana else []
        )
        return read or same

    def home(self, person: Person, row: RegisterRow) -> Household | None:
        """Where the person belongs on the day of the movement; else where they belonged last."""
        rows = self.homes.get(person.pk, [])
        on_day = [m for m in rows if row.on in m.during and m.lives_together] or [
            m for m in rows if row.on in m.during
        ]
        chosen = on_day or rows[-1:]
        return chosen[0].household if chosen else None


def _steps(rows: Sequence[RegisterRow], actor: Actor, shield: Shield, picks: Mapping[int, int]) -> list[Step]:
    known = _Known(rows, actor, shield)
    steps: list[Step] = []
    together: dict[tuple[object, ...], Step] = {}
    for row in rows:
        kind = K(row.kind)
        if kind == K.BIRTH:
            heads = known.people(row.head_no, row.head_name, row.head_birth_on)
            home = known.home(heads[0], row) if len(heads) == 1 else None
            if home is not None:
                steps.append(Step(kind, [row], [], home, head=heads[0]))
            continue
        people = known.people(row.register_no, row.name, row.birth_on, row.kana)
        if len(people) > 1 and (picked := [p for p in people if p.pk == picks.get(row.line)]):
            people = picked
        if len(people) > 1:
            steps.append(Step(kind, [row], [], None, state=CHOOSE, candidates=people))
            continue
        home = known.home(people[0], row) if people else None
        if not people or home is None:
            continue
        step = Step(kind, [row], people, home)
        if kind == K.JOIN:
            heads = known.people(row.head_no, row.head_name, row.head_birth_on)
            step.target = known.home(heads[0], row) if len(heads) == 1 else None
        if kind in _TOGETHER:
            key = (kind, home.pk, row.on, row.address, step.target.pk if step.target else None)
            if (first := together.setdefault(key, step)) is not step:
                first.rows.append(row)
                first.people += [p for p in people if p not in first.people]
                continue
        steps.append(step)
    return steps


# ── What becomes of it ──────────────────────────────────────────────────────────────────────────────────────


def _try(step: Step, actor: Actor, at: datetime) -> None:
    if step.state == CHOOSE:
        return
    if known_movement(step.request_key(), _household(step)) is not None or _stands(step, actor):
        step.state = STANDS
        return
    try:
        with transaction.atomic():
            _WRITE[step.kind](step, actor, at)
    except RuleViolation as violation:
        step.state, step.said = BROKEN, violation.message


def _stands(step: Step, actor: Actor) -> bool:
    """Whether the record says so already, by whichever hand, or said so until somebody corrected it."""
    row = step.row
    if _written_before(step, actor):
        return True
    if step.kind == K.BIRTH:
        homes = _homes_of_head(step, actor)
        born = Person.objects.filter(memberships__household__in=homes, birth_on=row.on)
        return any(name_key(f"{p.family_name}{p.given_name}") == name_key(row.name) for p in born)
    if step.kind == K.DEATH:
        return step.people[0].died_on == row.on
    if step.kind == K.CORRECTION:
        return name_key(f"{step.people[0].family_name}{step.people[0].given_name}") == name_key(row.new_name)
    return step.kind in (K.MOVE, K.MOVE_IN) and name_key(_household(step).address) == name_key(row.address)


def _homes_of_head(step: Step, actor: Actor) -> QuerySet[Household]:
    """Every household in which the head of a newborn was ever a member: a split since then hides no child."""
    return Household.objects.visible_to(actor).filter(members__person=step.head)


def _written_before(step: Step, actor: Actor) -> bool:
    """Whether a movement wrote what the row says, wherever its people belong today.

    One from the register counts after it was withdrawn, too: the worker who took it back knew better than the file.
    """
    seen = Household.objects.visible_to(actor)
    rows = HouseholdMovement.objects.filter(
        Q(withdrawn_at__isnull=True) | Q(source=MovementSource.REGISTER),
        Q(household__in=seen) | Q(other_household__in=seen),
        on=step.row.on,
        kind__in=_WRITTEN_AS.get(step.kind, (step.kind,)),
    )
    if step.kind == K.BIRTH:
        return any(_wrote(m, step) for m in rows.filter(household__in=_homes_of_head(step, actor)))
    named = {
        person
        for movement in rows.filter(people__in=step.people).distinct().prefetch_related("named")
        if _wrote(movement, step)
        for person in (row.person_id for row in movement.named.all())
    }
    return {p.pk for p in step.people} <= named


def _wrote(movement: HouseholdMovement, step: Step) -> bool:
    """Whether the movement wrote the address or the name of the row; of the other kinds, people and day say all."""
    row, moves = step.row, step.kind in (K.MOVE, K.MOVE_IN)
    if not moves and step.kind not in (K.BIRTH, K.CORRECTION):
        return True
    model = (Household if moves else Person)._meta.label_lower
    after = [change["after"] for change in movement.changes if change["model"] == model and change["after"]]
    names = ("address",) if moves else ("family_name", "given_name")
    said = ["".join(values.get(name, "") for name in names) for values in after]
    wanted = row.address if moves else (row.name if step.kind == K.BIRTH else row.new_name)
    return name_key(wanted) in {name_key(text) for text in said}


def _moved(step: Step, people: Iterable[Person] | None = None) -> Moved:
    ids = tuple(p.pk for p in (step.people if people is None else people))
    return Moved(step.row.on, ids, "", step.request_key(), MovementSource.REGISTER)


def _household(step: Step) -> Household:
    assert step.household is not None
    return step.household


def _names(name: str, kana: str) -> dict[str, str]:
    family, _, given = name.partition(" ")
    family_kana, _, given_kana = kana.partition(" ")
    return {"family_name": family, "given_name": given, "family_kana": family_kana, "given_kana": given_kana}


def _person(step: Step) -> PersonData:
    names = _names(step.row.name, step.row.kana)
    return PersonData(
        names["family_name"],
        names["given_name"],
        names["family_kana"],
        names["given_kana"],
        birth_on=step.row.on,
    )


def _birth(step: Step, actor: Actor, at: datetime) -> None:
    record_birth(
        household=_household(step), moved=_moved(step, ()), relation=Relation.UNKNOWN, actor=actor, at=at,
        child=_person(step),
    )  # fmt: skip


def _death(step: Step, actor: Actor, at: datetime) -> None:
    record_death(household=_household(step), moved=_moved(step), actor=actor, at=at)


def _move(step: Step, actor: Actor, at: datetime) -> None:
    """転居・転入 of everybody moves the household; of some, they are a household of their own from that day."""
    row, home = step.row, _household(step)
    if stay_behind(home, [p.pk for p in step.people], row.on):
        _split(step, actor, at)
        return
    place = Place(postal_code=row.postal_code, address=row.address)
    move_household(household=home, moved=_moved(step), place=place, kind=step.kind, actor=actor, at=at)


def _move_out(step: Step, actor: Actor, at: datetime) -> None:
    place = Place(postal_code=step.row.postal_code, address=step.row.address)
    move_out(household=_household(step), moved=_moved(step), place=place, actor=actor, at=at)


def _split(step: Step, actor: Actor, at: datetime) -> None:
    home = NewHome(head=step.people[0].pk, postal_code=step.row.postal_code, address=step.row.address)
    split_household(household=_household(step), moved=_moved(step), home=home, actor=actor, at=at)


def _join(step: Step, actor: Actor, at: datetime) -> None:
    if step.target is None:
        raise RuleViolation("移る先の世帯が、ここでは見つかりません。")
    join_household(household=_household(step), into=step.target, moved=_moved(step), actor=actor, at=at)


def _rename(step: Step, actor: Actor, at: datetime) -> None:
    """The name of today; the one until then stays findable as a former name."""
    opened = open_movement(
        household=_household(step), moved=_moved(step), actor=actor, at=at, hides_move=False
    )
    person = Person.objects.select_for_update(of=("self",)).get(pk=step.people[0].pk)
    old = {name: getattr(person, name) for name in ("family_name", "given_name", "family_kana", "given_kana")}
    new = _names(step.row.new_name, step.row.new_kana)
    if not new["family_kana"]:
        new["family_kana"], new["given_kana"] = old["family_kana"], old["given_kana"]
    if any(old.values()) and not FormerName.objects.filter(person=person, **old).exists():
        opened.changes.add(
            FormerName(person=person, **old, until_on=step.row.on, reason="住民基本台帳の異動")
        )
    opened.changes.change(person, **new)
    refill_search(person)
    keep_movement(opened, K.CORRECTION, actor=actor, at=at)


_WRITE: Final[dict[K, Callable[[Step, Actor, datetime], None]]] = {
    K.BIRTH: _birth, K.DEATH: _death, K.MOVE: _move, K.MOVE_IN: _move, K.MOVE_OUT: _move_out, K.SPLIT: _split, K.JOIN: _join,
    K.CORRECTION: _rename,
}  # fmt: skip


def _learn_numbers(step: Step) -> None:
    """The number of a person who was found by name, so that next month's file needs no guess."""
    if len(step.rows) != len(step.people):
        return
    for row, person in zip(step.rows, step.people, strict=True):
        if (
            row.register_no
            and not person.register_no
            and not Person.objects.filter(register_no=row.register_no).exists()
        ):
            fresh = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
            fresh.register_no = row.register_no
            fresh.save(update_fields=["register_no"])
