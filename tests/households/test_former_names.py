"""旧姓: noted with why and when, found by, taken back; and what a merge gives up stays findable."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from common.errors import RuleViolation
from households.actions.former_names import FormerNameData, add_former_name, remove_former_name
from households.actions.merge_people import MergeData, merge_people
from households.actions.undo_merge import undo_merge
from households.enums import FormerNameKind
from households.models import FormerName, Person
from households.selectors_people import search_people
from tests import factories as f


def found(worker, text: str) -> list[int]:
    return [hit.person.pk for hit in search_people(worker.actor, text, on=f.TODAY).hits]


@pytest.fixture
def person(worker) -> Person:
    person = f.make_person(
        "滝本", "冬美", family_kana="たきもと", given_kana="ふゆみ", birth_on=date(1970, 4, 1)
    )
    f.make_household("滝本 世帯", person=person, agency=worker.agency)
    return person


def add(person, worker, **fields) -> FormerName:
    return add_former_name(person=person, data=FormerNameData(**fields), actor=worker.actor, at=f.NOW)


def test_somebody_is_found_by_a_former_family_name_until_it_is_taken_back(person, worker):
    assert found(worker, "小笠原 冬美") == []
    former = add(person, worker, family_name="小笠原", family_kana="おがさわら", kind=FormerNameKind.MARRIAGE,
                 reason="戸籍で確認", from_on=date(1970, 4, 1), until_on=date(1995, 6, 1))  # fmt: skip
    for text in ("小笠原", "小笠原 冬美", "おがさわら ふゆみ", "ogasawara fuyumi", "オガサワラ"):
        assert found(worker, text) == [person.pk], text
    hit = search_people(worker.actor, "小笠原", on=f.TODAY).hits[0]
    assert (hit.reason, hit.former) == ("旧姓", "小笠原")
    remove_former_name(former=former, actor=worker.actor, at=f.NOW)
    assert found(worker, "小笠原") == []
    assert found(worker, "滝本 冬美") == [person.pk]


def test_a_given_name_that_changed_is_found_too(person, worker):
    add(person, worker, given_name="冬彦", given_kana="ふゆひこ", kind=FormerNameKind.CHANGED)
    assert found(worker, "滝本 冬彦") == found(worker, "たきもとふゆひこ") == [person.pk]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "family_name"), ({"family_name": " "}, "family_name"),
     ({"family_name": "小笠原", "until_on": date(2027, 1, 1)}, "until_on"),
     ({"family_name": "小笠原", "from_on": date(1960, 1, 1)}, "from_on"),
     ({"family_name": "小笠原", "from_on": date(1999, 1, 1), "until_on": date(1998, 1, 1)}, "until_on")],
)  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field(person, worker, fields, field):
    with pytest.raises(RuleViolation) as refused:
        add(person, worker, **fields)
    assert refused.value.field == field
    assert not FormerName.objects.exists()


def test_the_same_name_again_is_one(person, worker):
    assert add(person, worker, family_name="小笠原") == add(person, worker, family_name="小笠原 ")


def test_the_page_adds_keeps_what_was_typed_and_removes(person, worker):
    url = f"/households/people/{person.pk}/former-names/"
    refused = worker.client.post(url, {"family_name": "小笠原", "until_on": "R20.1.1", "kind": "marriage"})
    assert refused.status_code == 422
    assert "小笠原" in refused.text
    worker.client.post(
        url, {"family_name": "小笠原", "until_on": "H7.6.1", "kind": "marriage", "reason": "本人の話"}
    )
    page = worker.client.get(url).text
    for words in ("小笠原", "婚姻前の姓", "平成7年6月1日まで", "本人の話"):
        assert words in page, words
    former = FormerName.objects.get()
    assert worker.client.post(f"{url}{former.pk}/remove/").status_code == 302
    assert not FormerName.objects.exists()


def test_nobody_else_reads_or_writes_them(person, worker, center_worker):
    url = f"/households/people/{person.pk}/former-names/"
    assert center_worker.client.get(url).status_code == 404
    assert center_worker.client.post(url, {"family_name": "小笠原"}).status_code == 404
    assert not FormerName.objects.exists()


def test_after_a_merge_both_names_find_the_person_and_after_its_undo_each_its_own(person, worker):
    other = f.make_person("小笠原", "冬実", family_kana="おがさわら", given_kana="ふゆみ", alias="ふうちゃん")
    f.make_household("小笠原 世帯", person=other, agency=worker.agency)
    add(person, worker, family_name="春日井")
    add(other, worker, family_name="春日井")
    merge = merge_people(
        kept=Person.objects.get(pk=person.pk), absorbed=Person.objects.get(pk=other.pk), versions=(1, 1),
        data=MergeData(basis="本人に確かめた"), request_key=uuid4(), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    for text in ("滝本 冬美", "小笠原 冬実", "小笠原", "おがさわら ふゆみ", "春日井 冬美", "ふうちゃん"):
        assert found(worker, text) == [person.pk], text
    assert FormerName.objects.filter(person=person, family_name="小笠原").get().kind == FormerNameKind.MERGED
    undo_merge(merge=merge, reason="別の人", actor=worker.actor, at=f.NOW)
    assert found(worker, "小笠原 冬実") == [other.pk]
    assert found(worker, "滝本 冬美") == [person.pk]
    assert set(found(worker, "春日井")) == {person.pk, other.pk}
    assert FormerName.objects.count() == 2
