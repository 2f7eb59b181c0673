"""支援措置: who sees where a person can be found, what search finds, and who may not be put side by side."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cases.actions.notes import NoteData, write_note
from cases.models import Case
from cases.selectors.intake import find_people
from cases.selectors.shared import shared_parts
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.actions.kinship import add_kinship
from households.actions.members import add_member
from households.actions.persons import PersonData, update_household, update_person
from households.actions.protection import (
    NOT_TOGETHER,
    end_protection,
    end_safe_contact,
    protect_address,
    renew_protection,
    set_safe_contact,
)
from households.contact import HIDDEN, HIDDEN_DESK, shield_for, shield_for_agency, shield_for_everybody
from households.models import AddressProtection, Household, Person, SafeContact
from households.selectors_protection import home_rows
from tests import factories as f

ADDRESS = "美旗野市若葉台4丁目2番地8"
PHONE = "080-3319-6675"
SCHOOL = "若葉台小学校"


@pytest.fixture
def case(worker, center_worker):
    """A case of the desk that the care centre shares by consent."""
    person = f.make_person(phone=PHONE, workplace=SCHOOL)
    case = f.make_case(worker.actor, household=f.make_household(person=person))
    case.person = person
    case.save()
    household = case.household
    update_household(
        household=household, name=household.name, area=worker.agency.area, postal_code="518-0001", address=ADDRESS,
        phone="0595-63-5521", version=household.version, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    f.share_by_consent(case, worker.actor, center_worker.actor)
    return case


def protect(case, worker, **fields):
    data = {"units": [], "first_on": f.TODAY, "last_on": date(2027, 11, 22), **fields}
    return protect_address(person=case.person, actor=worker.actor, at=f.NOW, **data)


def test_only_the_units_see_the_contact_details(case, worker, center_worker):
    protect(case, worker)
    case.household.refresh_from_db()
    inside, outside = shield_for(worker.actor), shield_for(center_worker.actor)
    assert inside.household(case.household).address == ADDRESS
    assert inside.person(case.person).phone == PHONE
    seen = outside.household(case.household)
    assert (seen.is_hidden, seen.address, seen.phone, seen.area, seen.postal_code) == (
        True,
        HIDDEN,
        HIDDEN,
        HIDDEN,
        "",
    )
    assert outside.person(case.person).phone == outside.person(case.person).workplace == HIDDEN
    assert outside.desk(worker.agency, case.household) == HIDDEN_DESK
    assert inside.desk(worker.agency, case.household) == worker.agency.short_name


def test_a_named_unit_sees_them_and_jobs_and_other_roles_do_not(case, worker, center_worker, finance, admin):
    protect(case, worker, units=[center_worker.agency])
    assert not shield_for(center_worker.actor).people
    assert not shield_for_agency(center_worker.agency).people
    for actor in (finance.actor, admin.actor):
        assert case.person_id in shield_for(actor).people
    assert case.person_id in shield_for_everybody().people


@pytest.mark.parametrize(
    "typed",
    [
        "美旗野市若葉台4丁目2番地8",
        "０８０－３３１９－６６７５",
        "08033196675",
        "080 3319 6675",
        "若葉台小学校",
    ],
)
def test_details_typed_into_a_text_are_struck_out(case, worker, center_worker, typed):
    protect(case, worker)
    text = f"母子で{typed}へ移った。"
    assert typed not in shield_for(center_worker.actor).text(text, case.household_id)
    assert shield_for(worker.actor).text(text, case.household_id) == text
    assert shield_for(center_worker.actor).text(text, 10**9) == text


def test_a_search_by_the_protected_phone_finds_nothing(case, worker, center_worker):
    assert find_people(actor=center_worker.actor, query=PHONE)
    protection = protect(case, worker)
    for reader in (worker, center_worker):
        assert not find_people(actor=reader.actor, query=PHONE)
        assert find_people(actor=reader.actor, query="森下")
    end_protection(protection=protection, note="本人に確かめた", version=1, actor=worker.actor, at=f.NOW)
    assert find_people(actor=center_worker.actor, query=PHONE)


def test_the_found_person_tells_no_household_and_no_desk(case, worker, center_worker):
    protect(case, worker)
    (found,) = find_people(actor=center_worker.actor, query="森下")
    assert (found.household_name, found.lead) == ("", "")


def test_saving_what_one_cannot_see_changes_nothing(case, worker, center_worker):
    protect(case, worker)
    case.household.refresh_from_db()
    person = Person.objects.get(pk=case.person_id)
    update_household(
        household=case.household, name="新しい名", area=None, postal_code="", address="", phone="",
        version=case.household.version, actor=center_worker.actor, at=f.NOW,
    )  # fmt: skip
    update_person(
        person=person, data=PersonData(family_name="森下", given_name="和子", phone="090-0000-0000"),
        version=person.version, actor=center_worker.actor, at=f.NOW,
    )  # fmt: skip
    case.household.refresh_from_db()
    person.refresh_from_db()
    assert (case.household.name, case.household.address, person.phone) == ("新しい名", ADDRESS, PHONE)
    assert "08033196675" not in person.search_text


def test_the_period_alone_opens_nothing(case, worker, center_worker):
    protect(case, worker, first_on=date(2025, 11, 1), last_on=date(2026, 10, 31))
    assert case.person_id in shield_for(center_worker.actor).people
    assert [row.kind for row in home_rows(worker.actor, f.NOW)] == ["支援措置"]
    assert home_rows(center_worker.actor, f.NOW) == []


@pytest.mark.parametrize(("days", "told"), [(31, False), (30, True), (0, True), (-3, True)])
def test_the_unit_hears_of_the_end_from_thirty_days_before(case, worker, days, told):
    protect(case, worker, first_on=date(2026, 1, 1), last_on=f.TODAY + timedelta(days=days))
    assert bool(home_rows(worker.actor, f.NOW)) is told


def test_renewing_and_ending(case, worker, center_worker, stranger):
    protection = protect(case, worker)
    renewed = renew_protection(
        protection=protection, last_on=date(2028, 11, 22), units=[center_worker.agency], version=1,
        actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    assert renewed.last_on == date(2028, 11, 22)
    assert not shield_for(center_worker.actor).people
    with pytest.raises(AddressProtection.DoesNotExist):
        end_protection(protection=renewed, note="x", version=2, actor=stranger.actor, at=f.NOW)
    with pytest.raises(RuleViolation, match="終了の理由"):
        end_protection(protection=renewed, note=" ", version=renewed.version, actor=worker.actor, at=f.NOW)
    end_protection(protection=renewed, note="転居", version=renewed.version, actor=worker.actor, at=f.NOW)
    with pytest.raises(InvalidTransition):
        end_protection(protection=renewed, note="転居", version=renewed.version, actor=worker.actor, at=f.NOW)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"last_on": date(2026, 11, 1)}, "last_on"), ({"first_on": date(2026, 12, 1)}, "first_on")],
)
def test_impossible_periods(case, worker, fields, field):
    with pytest.raises(RuleViolation) as error:
        protect(case, worker, **fields)
    assert error.value.field == field


def test_twice_and_by_those_who_may_not(case, worker, elderly_director):
    protect(case, worker)
    with pytest.raises(RuleViolation, match="すでに"):
        protect(case, worker)
    other = f.make_case(worker.actor)
    with pytest.raises((NotAllowed, Person.DoesNotExist)):
        protect(other, elderly_director)


# ── Not together ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_one_they_fled_from_does_not_join_the_household(case, worker, center_worker):
    him = f.make_person("森下", "剛", family_kana="もりした", given_kana="つよし")
    his = f.make_case(center_worker.actor, household=f.make_household("森下 剛 世帯", person=him))
    protect(case, worker, adversary=him)
    for household, person, actor in (
        (case.household, him, worker.actor),
        (his.household, case.person, center_worker.actor),
    ):
        with pytest.raises(RuleViolation, match=NOT_TOGETHER):
            add_member(
                household=household, person=person, data=None, relation="spouse", lives_together=True,
                is_key_person=False, since=None, actor=actor, at=f.NOW,
            )  # fmt: skip
    his.person = him
    his.save()
    f.share_by_consent(his, center_worker.actor, worker.actor)
    with pytest.raises(RuleViolation, match=NOT_TOGETHER):
        add_kinship(
            household=case.household, person=case.person, relative=him, kind="spouse", note="", actor=worker.actor,
            at=f.NOW,
        )  # fmt: skip


def test_a_protection_from_a_member_of_the_same_household_asks_to_part_them_first(case, worker):
    him = f.make_person("森下", "剛", family_kana="もりした", given_kana="つよし")
    add_member(
        household=case.household, person=him, data=None, relation="spouse", lives_together=True,
        is_key_person=False, since=None, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    with pytest.raises(RuleViolation, match="同じ世帯"):
        protect(case, worker, adversary=him)


# ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_pages_of_a_partner_hold_no_protected_detail(case, worker, center_worker):
    note = NoteData(
        started_at=f.NOW - timedelta(hours=2),
        minutes=10,
        way="phone",
        text=f"{ADDRESS}を訪ねた。学校は{SCHOOL}。",
    )
    write_note(case=case, data=note, actor=worker.actor, at=f.NOW, request_key=f.uuid4())
    protect(case, worker)
    urls = [
        f"/cases/{case.number}/", f"/cases/{case.number}/?tab=family", f"/households/{case.household_id}/",
        f"/households/{case.household_id}/edit/", f"/households/people/{case.person_id}/", "/households/",
        f"/households/{case.household_id}/protection/", "/cases/", f"/api/v1/cases/{case.number}/notes/",
        f"/api/v1/cases/{case.number}/",
    ]  # fmt: skip
    client = center_worker.client
    for url in urls:
        response = client.get(url)
        assert response.status_code == 200, url
        text = response.content.decode()
        for secret in (ADDRESS, PHONE, SCHOOL, "0595-63-5521", "518-0001", worker.agency.short_name):
            assert secret not in text, (url, secret)
    own = worker.client.get(f"/cases/{case.number}/?tab=family").content.decode()
    assert PHONE in own
    assert SCHOOL in own


def test_the_page_gives_and_ends_a_protection(case, worker):
    base = f"/households/{case.household_id}/protection/"
    client = worker.client
    wrong = client.post(f"{base}{case.person_id}/give/", {"first_on": "R8.11.31", "last_on": "R9.11.1"})
    assert wrong.status_code == 422
    right = client.post(f"{base}{case.person_id}/give/", {"first_on": "R8.11.23", "last_on": "R9.11.22"})
    assert right.status_code == 302
    protection = AddressProtection.objects.get()
    assert "支援措置中" in client.get(base).content.decode()
    client.post(f"{base}{case.person_id}/end/", {"version": protection.version, "end_note": "本人に確かめた"})
    protection.refresh_from_db()
    assert protection.ended_at is not None


# ── Safe contact ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_rule_stands_where_a_contact_detail_stands(case, worker, center_worker):
    set_safe_contact(
        person=case.person, may_call=False, may_write=True, may_visit=True, when="平日10時〜14時", by_whom="中川から",
        caution="留守番電話に残さない", actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    for url in (f"/cases/{case.number}/?tab=family", f"/households/{case.household_id}/"):
        for who in (worker, center_worker):
            text = who.client.get(url).content.decode()
            assert "電話しない" in text
            assert "留守番電話に残さない" in text


def test_the_rule_goes_along_with_every_contact_detail(case, worker, center_worker):
    """The list of households, the day asked for, what a つなぎ shows, and the API."""
    Household.objects.filter(pk=case.household_id).update(address="桜木1-2-3", phone="0595-11-2222")
    set_safe_contact(
        person=case.person, may_call=False, may_write=True, may_visit=True, when="", by_whom="",
        caution="留守番電話に残さない", actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    home, person = case.household_id, case.person_id
    for url in (
        "/households/", f"/households/{home}/history/?on=R8.11.1", f"/api/v1/households/{home}/", "/api/v1/households/",
        f"/api/v1/people/{person}/",
    ):  # fmt: skip
        text = worker.client.get(url).content.decode()
        assert "電話しない" in text, url
        assert "留守番電話に残さない" in text, url
    told = shared_parts(Case.objects.get(pk=case.pk), ("contact", "basic"), shield_for(center_worker.actor))[
        "contact"
    ]
    assert "電話：0595-11-2222" in told
    assert "連絡の決まり（本人）：電話しない、留守番電話に残さない" in told
    assert "連絡の決まり" not in "".join(
        shared_parts(case, ("basic",), shield_for(center_worker.actor))["basic"]
    )


def test_one_rule_stands_and_the_former_stays(case, worker):
    for when in ("午前", "午後"):
        set_safe_contact(
            person=case.person, may_call=True, may_write=True, may_visit=True, when=when, by_whom="", caution="",
            actor=worker.actor, at=f.NOW,
        )  # fmt: skip
    assert [r.when for r in SafeContact.objects.standing()] == ["午後"]
    assert SafeContact.objects.count() == 2
    with pytest.raises(RuleViolation):
        set_safe_contact(
            person=case.person, may_call=True, may_write=True, may_visit=True, when="", by_whom="", caution="",
            actor=worker.actor, at=f.NOW,
        )  # fmt: skip
    end_safe_contact(person=case.person, actor=worker.actor, at=f.NOW)
    assert not SafeContact.objects.standing().exists()


def test_the_timeline_does_not_tell_the_hidden_desk_by_its_filter(case, worker, center_worker):
    note = NoteData(started_at=f.NOW - timedelta(hours=2), minutes=10, way="phone", text="電話した。")
    write_note(case=case, data=note, actor=worker.actor, at=f.NOW, request_key=f.uuid4())
    other = f.make_agency("無関係の窓口")
    url = f"/cases/{case.number}/?agency="
    assert "電話した" not in center_worker.client.get(f"{url}{other.pk}").content.decode()
    protect(case, worker)
    for agency in (worker.agency, other):
        assert "電話した" in center_worker.client.get(f"{url}{agency.pk}").content.decode()
