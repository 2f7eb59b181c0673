"""Who is registered already, while a new person is typed in."""

from __future__ import annotations

from datetime import date

from households.actions.denials import deny_staff
from households.actions.former_names import FormerNameData, add_former_name
from households.actions.link_people import link_people
from households.actions.protection import protect_address
from households.enums import LinkState
from households.models import FormerName
from households.selectors_alike import Typed, people_alike
from households.selectors_same import candidates
from tests import factories as f

BORN = date(1950, 4, 1)


def make(worker, **fields):
    person = f.make_person(
        "髙橋", "みどり", family_kana="たかはし", given_kana="みどり", birth_on=BORN, **fields
    )
    return person, f.make_household("髙橋 世帯", person=person, agency=worker.agency)


def reasons(worker, **typed) -> list[str]:
    return [row.reason for row in people_alike(worker.actor, Typed(**typed))]


def test_every_way_in_which_somebody_is_alike_is_said(worker):
    person, _ = make(worker, phone="059-555-0101")
    add_former_name(person=person, data=FormerNameData(family_name="小笠原"), actor=worker.actor, at=f.NOW)
    assert reasons(worker, names=("髙橋 みどり",), born=BORN) == ["氏名が同じ・生年月日が同じ"]
    assert reasons(worker, names=("高橋みどり",), born=BORN) == ["氏名の字の違い（高/髙）・生年月日が同じ"]
    for text in ("takahashi midori", "Midori Takahashi", "TAKAHASI, Midori", "ﾀｶﾊｼﾐﾄﾞﾘ", "たかはし　みどり"):
        assert reasons(worker, names=(text,)) == ["読みが同じ"], text
    for text in ("鈴木 みどり（旧姓 小笠原）", "鈴木 みどり(小笠原)", "小笠原みどり様"):
        assert reasons(worker, names=(text,)) == ["旧姓が同じ"], text
    assert reasons(worker, names=("タカハシ ミドリ",)) == ["読みが同じ"]
    assert reasons(worker, names=("小笠原みどり",)) == ["旧姓が同じ"]
    assert reasons(worker, names=("鈴木みどり",), givens=("みどり",), born=BORN) == [
        "名が同じ（旧姓かもしれません）・生年月日が同じ"
    ]
    assert reasons(worker, names=("高橋みどり",), born=date(1980, 1, 1)) == [
        "氏名の字の違い（高/髙）・生年月日は違う"
    ]
    assert reasons(worker, phone="０５９（５５５）０１０１") == ["電話が同じ"]
    assert reasons(worker, names=("高橋",)) == reasons(worker, phone="0101") == reasons(worker) == []
    assert FormerName.objects.count() == 1


def test_an_alias_is_named_as_one(worker):
    f.make_person("朴", "美姫", alias="木下 美紀")
    assert reasons(worker, names=("木下美紀",)) == ["通称が同じ・生年月日は未記録"]


def test_the_likeliest_stands_first(worker):
    make(worker)
    for year in range(1960, 1970):
        f.make_person("髙橋", "みどり", birth_on=date(year, 1, 1))
    found = people_alike(worker.actor, Typed(names=("髙橋みどり",), born=BORN))
    assert (len(found), found[0].person.birth_on) == (5, BORN)


def test_a_protected_phone_and_a_denied_worker_find_nobody(worker, colleague):
    person, household = make(worker, phone="059-555-0101")
    protect_address(
        person=person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    assert reasons(worker, phone="059-555-0101") == []
    assert reasons(colleague, names=("髙橋みどり",)) != []
    deny_staff(
        household=household, staff=colleague.staff, reason="relative", note="", actor=worker.actor, at=f.NOW
    )
    assert reasons(colleague, names=("髙橋みどり",)) == []


def test_the_fragment_reads_both_forms_and_offers_a_choice_where_one_can_be_made(worker):
    person, _ = make(worker)
    own = worker.client.get("/households/people/alike/", {"family_name": "髙橋", "given_name": "みどり"}).text
    assert "氏名が同じ" in own
    assert "data-takes-for" not in own
    first = {"person_text": "髙橋 みどり", "new_birth_on": "S25.4.1", "pick": "1"}
    contact = worker.client.get("/households/people/alike/", first).text
    assert "氏名が同じ・生年月日が同じ" in contact
    assert f'data-value="{person.pk}"' in contact
    unfinished = worker.client.get("/households/people/alike/", {"new_birth_on": "S25.", "new_phone": "05"})
    assert (unfinished.status_code, unfinished.text.strip()) == (200, "")


def test_another_spelling_is_said_by_its_characters(worker):
    make(worker)
    assert reasons(worker, names=("髙橋みどり",)) == ["氏名が同じ"]
    assert reasons(worker, names=("高橋みどり", "たかはしみどり")) == ["氏名の字の違い（高/髙）・読みが同じ"]
    f.make_person("髙﨑", "竜也", family_kana="", given_kana="")
    assert reasons(worker, names=("高崎 龍也",)) == [
        "氏名の字の違い（高/髙・崎/﨑・龍/竜）・生年月日は未記録"
    ]


def test_the_page_of_same_people_finds_whom_the_reception_asks_about(worker, django_assert_max_num_queries):
    one = f.make_person("髙﨑", "竜也", family_kana="", given_kana="")
    other = f.make_person("高崎", "龍也", family_kana="", given_kana="", birth_on=date(1981, 5, 6))
    for person in (one, other):
        f.make_household(f"{person} 世帯", person=person, agency=worker.agency)
    with django_assert_max_num_queries(3):
        (row,) = candidates(one, worker.actor)
    assert (row.person, row.is_seen) == (other, True)
    assert row.reason == "氏名の字の違い（髙/高・﨑/崎・竜/龍）・一方の生年月日が未記録"
    (back,) = candidates(other, worker.actor)
    assert back.reason == "氏名の字の違い（高/髙・崎/﨑・龍/竜）・生年月日は未記録"


def test_an_unknown_day_of_birth_or_a_shared_phone_makes_nobody_the_same(worker):
    one = f.make_person("髙﨑", "竜也", phone="0595550101", birth_on=BORN)
    for given, born in (("りん", None), ("竜一", BORN)):
        f.make_person("髙﨑", given, family_kana="", given_kana="", phone="0595550101", birth_on=born)
    f.make_household("髙﨑 世帯", person=one, agency=worker.agency)
    assert candidates(one, worker.actor) == []


def test_who_was_linked_stands_there_though_nothing_else_is_alike(worker):
    one, other = (
        f.make_person("古川", "直樹", birth_on=BORN),
        f.make_person("石井", "登", family_kana="いしい", given_kana="のぼる"),
    )
    for person in (one, other):
        f.make_household(f"{person} 世帯", person=person, agency=worker.agency)
    for year in range(1960, 1975):
        f.make_person("古川", "直樹", birth_on=date(year, 1, 1))
    link_people(
        person=one, other=other, state=LinkState.POSSIBLE, reason="声が同じ", actor=worker.actor, at=f.NOW
    )
    first, second, *rest = candidates(one, worker.actor)
    assert (first.person, first.reason, first.link.reason) == (other, "", "声が同じ")
    assert second.reason == "氏名が同じ・生年月日は違う"
    assert len(rest) == 9


def test_a_former_name_of_the_one_is_the_name_of_the_other(worker):
    one, _ = make(worker)
    add_former_name(person=one, data=FormerNameData(family_name="小笠原"), actor=worker.actor, at=f.NOW)
    one.refresh_from_db()
    f.make_person("小笠原", "みどり", family_kana="", given_kana="")
    assert [row.reason for row in candidates(one, worker.actor)] == ["旧姓か通称が同じ・生年月日は未記録"]
