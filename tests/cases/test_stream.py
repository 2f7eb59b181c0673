"""経過: everything once and in order, paging without gaps, filters, what is only told to be there, and what is not told."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from accounts.enums import Ground
from accounts.models import Agency
from cases.actions.grants import grant_case
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.masters import load_codes
from cases.models import Case, ProgressNote
from cases.stream import compiled
from cases.stream.read import Wanted
from cases.stream.registry import all_sources
from households.actions.denials import deny_staff
from households.actions.grants import grant_household
from households.actions.members import add_member, end_membership
from households.actions.protection import protect_address
from households.models import HouseholdMember
from tests import factories as f
from tests.cases import stream as st
from tests.conftest import Persona, persona

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def test_every_kind_stands_in_the_stream_once_and_in_order(worker, center_worker):
    case = st.everything(worker, center_worker)
    lines, more = st.read_as(worker, case)
    assert {line.kind for line in lines} == st.EVERY_KIND
    assert more == ""
    assert len({(line.kind, line.pk) for line in lines}) == len(lines)
    assert [(-line.at.timestamp(), line.kind, -line.pk) for line in lines] == sorted(
        (-line.at.timestamp(), line.kind, -line.pk) for line in lines
    )
    assert len([line for line in lines if line.kind == "c"]) == 1


def test_no_kind_is_left_out_of_the_test():
    kinds = [source.kind for source in all_sources()]
    assert len(set(kinds)) == len(kinds)  # a kind of two sources would be one of them only
    # e, ea: tests/referrals/test_outside_page.py; gi: tests/referrals/test_issues.py
    assert set(kinds) == st.EVERY_KIND | {"xk", "xc", "e", "ea", "gi"}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_paging_has_no_gaps_and_no_doubles(worker, center_worker, size):
    """Rows of one moment among them: everything that the fixture does happens at few moments."""
    case = st.everything(worker, center_worker)
    for n in range(5):
        st.note(case, worker.actor, f.NOW - timedelta(hours=3 + n))
    ProgressNote.objects.update(started_at=f.NOW)
    whole, _ = st.read_as(worker, case)
    paged, cursor = st.read_as(worker, case, size=size)
    while cursor:
        lines, cursor = st.read_as(worker, case, size=size, cursor=cursor)
        assert lines
        paged += lines
    assert [(line.kind, line.pk) for line in paged] == [(line.kind, line.pk) for line in whole]


@pytest.mark.parametrize("size", [2, 5, 200])
def test_compiled_parts_give_what_the_orm_gives(worker, center_worker, size):
    case = st.everything(worker, center_worker)
    other = f.make_case(worker.actor)  # another household, of which nothing may come
    st.note(other, worker.actor, f.NOW - timedelta(days=5))
    long_ago = Wanted(since=date(1900, 1, 1))  # a narrowed stream is built by the ORM each time
    for reader in (worker, center_worker):
        plain, compiled, place, other = [], [], "", ""
        while True:
            lines, place = st.read_as(reader, case, cursor=place, size=size)
            compiled += lines
            lines, other = st.read_as(reader, case, wanted=long_ago, cursor=other, size=size)
            plain += lines
            assert place == other
            if not place:
                break
        assert compiled == plain


def test_the_first_page_is_one_statement_for_every_household(worker):
    """Where every kind follows from the ids: written once, each household's own rows, planned once per connection."""
    cases = [f.make_case(worker.actor) for _ in range(2)]
    for n, case in enumerate(cases):
        st.note(case, worker.actor, f.NOW - timedelta(days=n), text=f"{n}番目の世帯")
    compiled._statement.cache_clear()
    for case in (*cases, *cases, *cases):
        lines, _ = st.read_as(worker, case)
        assert lines == st.read_as(worker, case, wanted=Wanted(since=date(1900, 1, 1)))[0]
        assert {line.kind for line in lines} >= {"n", "m", "hj"}
        marks, _ = st.read_as(worker, case, wanted=Wanted(is_marks_only=True))
        assert marks == [line for line in lines if line.is_mark]
    assert compiled._statement.cache_info().misses == 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%lines (at, kind, pk, said)%'"
        )
        prepared = [sql for (sql,) in cursor.fetchall()]
    assert len(prepared) == 2


@pytest.mark.parametrize("cursor", ["x", "2026|n|1", "2026-11-23T10:00:00+09:00|n|" + "9" * 30, "||"])
def test_a_cursor_that_makes_no_sense_is_the_first_page(worker, cursor):
    case = f.make_case(worker.actor)
    assert st.read_as(worker, case, cursor=cursor) == st.read_as(worker, case)


def test_a_row_says_what_happened(worker, center_worker):
    case = st.everything(worker, center_worker)
    said = {line.kind: line for line in st.read_as(worker, case)[0]}
    assert said["n"].text == "電話で様子を聞いた"
    assert "また訪ねる" in said["n"].next
    assert said["n"].about == "森下 和子"
    assert said["n"].who == "まちの保健室 つつじが丘 中川 千秋"
    assert said["r"].title == "地域包括支援センターへつなぎを送付"
    assert said["ra"].title == "つなぎの返事：一緒に支える"
    assert said["p"].title == "プランを決定（1回目）（支援調整会議）"
    assert said["pe"].title == "プランを評価（1回目）：達成・終結"
    assert said["w"].title == "見守り 1回目の結果：安定"
    assert (said["w"].text, said["wa"].text) == ("", "元気そう")  # told once
    assert said["hl"].at.date() == date(2026, 3, 31)  # the last day, not the day after
    assert said["hb"].about == "森下 陽"
    assert said["hd"].about == "森下 和子"


def test_milestones_only(worker, center_worker):
    case = st.everything(worker, center_worker)
    lines, _ = st.read_as(worker, case, wanted=Wanted(is_marks_only=True))
    assert {line.kind for line in lines} == {"m", "z", "p", "hj", "hl", "hm", "hb", "hd"}
    assert all(line.is_mark for line in lines)
    words = [line.title for line in lines]
    for said in ("ケースを開始", "協働機関が参加", "終結", "再相談（再開）"):
        assert any(word.startswith(said) for word in words), said


@pytest.mark.parametrize("group", ["c", "n", "a", "p", "r", "g", "w", "s", "h", "m"])
def test_filter_by_kind(worker, center_worker, group):
    case = st.everything(worker, center_worker)
    lines, _ = st.read_as(worker, case, wanted=Wanted(group=group))
    kinds = {source.kind for source in all_sources() if source.group == group}
    assert lines
    assert {line.kind for line in lines} <= kinds


def test_filter_by_agency_person_sector_and_days(worker, center_worker):
    case = st.everything(worker, center_worker)
    theirs, _ = st.read_as(worker, case, wanted=Wanted(agency=center_worker.agency.pk))
    # the referral stands at both ends, and joining was their act
    assert {line.kind for line in theirs} == {"r", "ra", "m"}
    person, _ = st.read_as(worker, case, wanted=Wanted(person=case.person_id))
    assert {line.kind for line in person} >= {"c", "n", "a", "hd"}
    assert all(line.about == "森下 和子" for line in person)
    assert st.read_as(worker, case, wanted=Wanted(sector="child"))[0] == []
    elderly, _ = st.read_as(worker, case, wanted=Wanted(sector="elderly"))
    # a desk has no sector: what it writes is about the sectors of its case
    assert {"c", "n", "a", "w", "wa", "p", "r", "m"} <= {line.kind for line in elderly}
    day = f.TODAY - timedelta(days=2)
    old, _ = st.read_as(worker, case, wanted=Wanted(since=day, until=day))
    assert old
    assert {line.at.date() for line in old} == {day}


def test_a_sector_shows_what_its_agencies_wrote_and_what_the_desk_wrote_on_its_cases(
    worker, disability_worker
):
    case = f.make_case(worker.actor, sectors=("elderly",))
    f.share_by_consent(case, worker.actor, disability_worker.actor)
    st.note(case, worker.actor, f.NOW - timedelta(hours=5), "デイサービスの話")
    st.note(case, disability_worker.actor, f.NOW - timedelta(hours=4), "手帳の話")
    close(case, worker)
    other = f.make_case(worker.actor, household=case.household, sectors=("child",))
    assert other != case
    st.note(other, worker.actor, f.NOW - timedelta(hours=3), "学校の話")

    def notes(sector: str) -> list[str]:
        lines, _ = st.read_as(worker, case, wanted=Wanted(group="n", sector=sector))
        return [line.text for line in lines]

    assert notes("elderly") == ["デイサービスの話"]
    assert notes("disability") == ["手帳の話"]
    assert notes("child") == ["学校の話"]
    assert notes("poverty") == []


def test_the_case_page_shows_the_same_rows_of_its_case(worker, center_worker):
    case = st.everything(worker, center_worker)
    whole = [(line.kind, line.pk) for line in st.read_as(worker, case)[0]]
    page = worker.client.get(f"/cases/{case.number}/").context["stream"]["lines"]
    own = [key for key in whole if key[0][0] not in "hs"]
    assert [(line.kind, line.pk) for line in page] == own[:30]


@pytest.fixture
def outside(worker, two_agencies) -> Persona:
    """An office that sees the desk's case, and is no unit of any protection."""
    who = persona(f.make_agency("福祉事務所", kind="department"), name="別室 一")
    see(two_agencies, who, worker)
    return who


def close(case: Case, who: Persona) -> None:
    Case.objects.filter(pk=case.pk).update(
        state="closed", closed_at=f.NOW, closed_by=who.staff, no_follow_up_reason="なし",
        closing_reason=f.make_code("closing_reason", "z01", "課題の解消"),
    )  # fmt: skip


def see(case: Case, who: Persona, giver: Persona) -> None:
    grant_case(
        case=case, agency=who.agency, ground=Ground.COORDINATION, basis=case, actor=giver.actor, at=f.NOW
    )


# ── What is there, but not for this reader ──────────────────────────────────────────────────────────────────


@pytest.fixture
def two_agencies(worker, center_worker) -> Case:
    """The centre's closed case of years ago, and the desk's case of today: the desk does not see the old one."""
    home = f.make_household(agency=worker.agency, actor=worker.actor)
    old = f.make_case(center_worker.actor, household=home)
    st.note(old, center_worker.actor, f.NOW - timedelta(hours=9), "若い頃の病気のこと")
    close(old, center_worker)
    return f.make_case(worker.actor, household=home)


def test_a_record_that_is_not_open_is_told_to_be_there_with_whom_to_ask(worker, two_agencies):
    closed = [line for line in st.read_as(worker, two_agencies)[0] if line.is_closed]
    assert len(closed) == 1
    assert closed[0].title == "地域包括支援センターの支援の記録があります（閲覧できません）"
    assert closed[0].ask == "地域包括支援センター"
    assert closed[0].text == closed[0].url == closed[0].number == ""
    page = worker.client.get(f"/households/{two_agencies.household_id}/").content.decode()
    assert "地域包括支援センターの支援の記録があります（閲覧できません）" in page
    assert "若い頃の病気" not in page


def test_a_contact_of_another_agency_without_a_case_is_told_too(worker, center_worker):
    case = f.make_case(worker.actor)
    close(case, worker)
    receive_consultation(
        data=ContactData(started_at=f.NOW - timedelta(hours=1), minutes=9, way="phone", text="息子の声を聞いた", outcome="information"),
        person_id=case.person_id, actor=center_worker.actor, at=f.NOW, request_key=uuid4(),
    )  # fmt: skip
    closed = [line for line in st.read_as(worker, case)[0] if line.is_closed]
    assert [line.title for line in closed] == ["地域包括支援センターの相談の記録があります（閲覧できません）"]
    assert "息子の声" not in worker.client.get(f"/households/{case.household_id}/").content.decode()


def test_who_works_on_no_case_of_the_household_is_not_told_whose_it_is(
    worker, center_worker, disability_worker
):
    case = f.make_case(center_worker.actor)
    grant_household(
        household=case.household, agency=disability_worker.agency, ground=Ground.OWN_DUTY, basis=case.household,
        actor=center_worker.actor, at=f.NOW,
    )  # fmt: skip
    closed = [line for line in st.read_as(disability_worker, case)[0] if line.is_closed]
    assert [line.title for line in closed] == ["支援の記録があります（閲覧できません）"]
    assert closed[0].who == "ほかの機関"
    page = disability_worker.client.get(f"/households/{case.household_id}/").content.decode()
    assert center_worker.agency.short_name not in page
    # nor by asking agency after agency, or sector after sector
    for agency in Agency.objects.all():
        asked, _ = st.read_as(disability_worker, case, wanted=Wanted(agency=agency.pk))
        assert not [line for line in asked if line.is_closed]
    assert st.read_as(disability_worker, case, wanted=Wanted(sector="elderly"))[0] == []


def test_a_case_page_and_an_emergency_tell_nothing_of_it(worker, two_agencies):
    page = worker.client.get(f"/cases/{two_agencies.number}/").content.decode()
    assert "閲覧できません" not in page


def test_nothing_is_told_where_somebody_is_protected_from_the_reader(worker, outside, two_agencies):
    assert [line for line in st.read_as(outside, two_agencies)[0] if line.is_closed]
    protect_address(
        person=HouseholdMember.objects.get(household=two_agencies.household_id).person, units=[], first_on=f.TODAY,
        last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    lines, _ = st.read_as(outside, two_agencies)
    assert lines
    assert not [line for line in lines if line.is_closed]
    # nor that the protected person came or went, nor by any name at which desk
    assert not [line for line in lines if line.kind in ("hj", "hl")]
    assert all("つつじが丘" not in line.who + line.title for line in lines)
    assert all("中川" not in line.who + line.title for line in lines)


def test_the_filter_by_sector_does_not_tell_a_hidden_desk(worker, outside, two_agencies):
    Agency.objects.filter(pk=worker.agency.pk).update(sector="child")
    Case.objects.filter(pk=two_agencies.pk).update(sectors=["elderly"])
    st.note(two_agencies, worker.actor, f.NOW - timedelta(hours=1), "買い物に同行した")

    def notes(sector: str) -> list[str]:
        lines, _ = st.read_as(outside, two_agencies, wanted=Wanted(sector=sector))
        return [line.text for line in lines if line.kind == "n"]

    assert (notes("child"), notes("elderly")) == (["買い物に同行した"], [])
    protect_address(
        person=HouseholdMember.objects.get(household=two_agencies.household_id).person, units=[], first_on=f.TODAY,
        last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    assert (notes("child"), notes("elderly")) == ([], ["買い物に同行した"])


def test_a_denied_worker_has_no_stream_at_all(worker, colleague, two_agencies):
    deny_staff(
        household=two_agencies.household,
        staff=colleague.staff,
        reason="relative",
        note="",
        actor=worker.actor,
        at=f.NOW,
    )
    base = f"/cases/households/{two_agencies.household_id}/stream/"
    for url in (base, f"{base}print/", f"{base}pdf/", f"/households/{two_agencies.household_id}/"):
        assert colleague.client.get(url).status_code == 404, url


def test_a_place_typed_into_any_row_is_struck_out(worker, center_worker):
    """A phone cut in two by the short view would be a phone that the shield no longer knows."""
    her = f.make_person(phone="080-3319-6675")
    case = f.make_case(worker.actor, household=f.make_household(person=her))
    st.note(case, worker.actor, f.NOW - timedelta(hours=1), "あ" * 74 + "080-3319-6675")
    protect_address(
        person=her, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    see(case, center_worker, worker)
    for query in ("", "?view=short"):
        page = center_worker.client.get(f"/households/{case.household_id}/{query}").content.decode()
        assert "あああ" in page
        words = re.sub(r"<[^>]*>", " ", page)  # tokens and years of the forms are no words
        assert "080" not in words, query
        assert "080-" not in page, query


def test_who_left_is_told_and_who_is_named_only_has_no_birthday(worker):
    case = f.make_case(worker.actor)
    aunt = f.make_person("森下", "菊", birth_on=date(1950, 1, 1))
    add_member(
        household=case.household, person=aunt, data=None, relation="relative", lives_together=True, is_key_person=False,
        since=date(2022, 4, 1), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    end_membership(
        member=case.household.members.get(person=aunt),
        last_on=date(2026, 5, 31),
        actor=worker.actor,
        at=f.NOW,
    )
    case.household.members.filter(person=aunt).update(by_identity=True)
    kinds = [(line.kind, line.at.date()) for line in st.read_as(worker, case)[0] if line.about == "森下 菊"]
    assert kinds == [("hl", date(2026, 5, 31)), ("hj", date(2022, 4, 1))]


def test_a_note_of_100_kB_does_not_swell_the_page(worker):
    case = f.make_case(worker.actor)
    st.note(case, worker.actor, f.NOW - timedelta(hours=1), "長" * 30_000)
    page = worker.client.get(f"/households/{case.household_id}/").content
    assert len(page) < 150_000
    paper = worker.client.get(f"/cases/households/{case.household_id}/stream/print/").content.decode()
    assert paper.count("長") >= 30_000
    assert ProgressNote.objects.count() == 1
