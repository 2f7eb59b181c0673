"""A merge and the 宛名番号: the register's file finds the one person by every number, and the undo gives each back."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from households.actions.merge_people import MergeData, merge_people
from households.actions.register_import import NEW, plan_import, take_in
from households.actions.undo_merge import undo_merge
from households.contact import shield_for
from households.models import Person, PersonMerge
from tests import factories as f
from tests.households.test_merge import differing, fingerprint
from tests.households.test_register_import import live, read, row

pytestmark = pytest.mark.django_db
BORN = date(1958, 2, 3)


@pytest.fixture
def pair(worker) -> tuple[Person, Person]:
    return live(worker, "髙橋", "翠", BORN), live(worker, "髙橋", "みどり", BORN)


def number(person: Person, text: str) -> None:
    Person.objects.filter(pk=person.pk).update(register_no=text)


def merge(pair, worker, choices=None) -> PersonMerge:
    kept, absorbed = (Person.objects.get(pk=p.pk) for p in pair)
    home = kept.memberships.get().pk
    return merge_people(
        kept=kept, absorbed=absorbed, versions=(kept.version, absorbed.version), request_key=uuid4(),
        data=MergeData("本人に確かめた", choices or {}, home), actor=worker.actor, at=f.NOW,
    )  # fmt: skip


def found(worker, register_no: str) -> list[int]:
    """Whom a death under another name and this number means."""
    rows = read(row("死亡", "まったく 別名", "S21.3.1", register_no=register_no))
    steps = plan_import(rows=rows, actor=worker.actor, shield=shield_for(worker.actor), at=f.NOW).steps
    return [p.pk for step in steps if step.state == NEW for p in step.people]


@pytest.mark.parametrize(
    ("numbers", "choice"),
    [(("", "0002"), None), (("0001", ""), None), (("0001", "0002"), "kept"), (("0001", "0002"), "absorbed")],
)
def test_every_number_finds_the_one_person_and_comes_back(pair, worker, numbers, choice):
    for person, text in zip(pair, numbers, strict=True):
        number(person, text)
    before = fingerprint()
    done = merge(pair, worker, {"register_no": choice} if choice else {})
    kept = Person.objects.get(pk=pair[0].pk)
    assert kept.register_no == (numbers[1] if choice == "absorbed" or not numbers[0] else numbers[0])
    assert [found(worker, text) for text in numbers if text] == [[kept.pk] for text in numbers if text]
    undo_merge(merge=done, reason="別の人とわかった", actor=worker.actor, at=f.NOW)
    assert tuple(Person.objects.get(pk=p.pk).register_no for p in pair) == numbers
    assert differing(before, fingerprint()) <= {"households_personmerge"}


def test_the_file_of_next_month_writes_to_the_one_person(pair, worker):
    number(pair[1], "0002")
    merge(pair, worker)
    rows = read(row("死亡", "まったく 別名", "S21.3.1", register_no="0002"))
    take_in(rows=rows, actor=worker.actor, shield=shield_for(worker.actor), at=f.NOW)
    assert Person.objects.get(pk=pair[0].pk).died_on == date(2026, 10, 10)


def test_both_have_one_and_the_page_asks(pair, worker):
    number(pair[0], "0001")
    url = f"/households/people/{pair[0].pk}/merge/{pair[1].pk}/"
    assert "take_register_no" not in worker.client.get(url).context["form"].fields
    number(pair[1], "0002")
    page = worker.client.get(url)
    assert [label for _, label in page.context["form"].fields["take_register_no"].choices] == ["0001", "0002"]
