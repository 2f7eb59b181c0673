"""What the shield strikes out of words: a place is told in many ways, and in more than one household's records."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from cases.actions.notes import NoteData, write_note
from cases.masters import load_codes
from common.errors import NotAllowed
from households.actions.members import add_member, end_membership
from households.actions.merge_people import MergeData, merge_people
from households.actions.persons import update_household
from households.actions.protection import protect_address, set_safe_contact
from households.contact import HIDDEN, shield_for
from households.models import Household, HouseholdMember, Person
from tests import factories as f

pytestmark = pytest.mark.django_db
ADDRESS = "三重県美旗野市若葉台4丁目2番地8 コーポ若葉201"


@pytest.fixture
def she(worker, center_worker):
    """A protected person at the desk, who once lived with him whom the centre supports."""
    her = f.make_person(phone="080-3319-6675", workplace="スーパーひまわり")
    him = f.make_person("森下", "剛", family_kana="もりした", given_kana="つよし")
    his = f.make_case(center_worker.actor, household=f.make_household("森下 剛 世帯", person=him))
    add_member(
        household=his.household, person=her, data=None, relation="spouse", lives_together=True, is_key_person=False,
        since=date(2015, 1, 1), actor=center_worker.actor, at=f.NOW,
    )  # fmt: skip
    end_membership(
        member=his.household.members.get(person=her),
        last_on=date(2020, 3, 30),
        actor=center_worker.actor,
        at=f.NOW,
    )
    hers = f.make_case(worker.actor, household=f.make_household("森下 和子 世帯", person=her))
    home = hers.household
    update_household(
        household=home, name=home.name, area=worker.agency.area, postal_code="518-0001", address=ADDRESS, phone="",
        version=home.version, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    her.case, her.his_case, her.him = hers, his, him
    return her


def protect(person, worker, **fields):
    return protect_address(
        person=person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
        **fields,
    )


@pytest.mark.parametrize(
    "said",
    [
        ADDRESS, "美旗野市若葉台4-2-8", "若葉台四丁目2番8号", "若葉台４ー２ー８", "若葉台のアパート", "コーポ若葉の2階",
        "080（3319）6675", "０８０３３１９６６７５", "スーパーひまわり", "518ー0001",
    ],
)  # fmt: skip
def test_a_place_is_struck_out_however_it_is_told(she, worker, center_worker, said):
    protect(she, worker)
    text = shield_for(center_worker.actor).text(f"いまは{said}にいる。", she.case.household_id)
    assert HIDDEN in text
    assert not any(word in text for word in ("若葉", "ひまわり", "3319", "３３１９", "0001"))
    assert shield_for(worker.actor).text(said, she.case.household_id) == said


def test_the_new_place_is_struck_out_of_the_records_of_the_former_home(she, worker, center_worker):
    protect(she, worker)
    assert "若葉台" not in shield_for(center_worker.actor).text(
        "転居先は若葉台4-2-8", she.his_case.household_id
    )


def test_and_out_of_those_of_whom_they_fled_from(she, worker, center_worker):
    apart = Household.objects.create(name="剛の実家", created_at=f.NOW)
    HouseholdMember.objects.create(
        household=apart, person=she.him, relation="child", lives_together=False, during=(None, None)
    )
    protect(she, worker, adversary=she.him)
    assert "若葉台" not in shield_for(center_worker.actor).text("妻は若葉台4-2-8にいる", apart.pk)


def test_that_they_moved_out_is_not_told_by_the_list_of_the_former_home(she, worker, center_worker):
    url = f"/households/{she.his_case.household_id}/"
    assert "is-muted" in center_worker.client.get(url).content.decode()
    protect(she, worker)
    page = center_worker.client.get(url).content.decode()
    assert "is-muted" not in page
    assert "R2.3.30" not in page
    assert "R2.3.31" not in page
    family = center_worker.client.get(f"/cases/{she.his_case.number}/?tab=family").content.decode()
    assert "森下 和子" in family


def test_the_rule_of_safe_contact_tells_no_protected_number(she, worker, center_worker):
    set_safe_contact(
        person=she, may_call=True, may_write=False, may_visit=False, when="", by_whom="",
        caution="080-3319-6675 には留守番電話を残さない", actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    protect(she, worker)
    page = center_worker.client.get(f"/households/{she.his_case.household_id}/").content.decode()
    assert "留守番電話を残さない" in page
    assert "3319" not in page


def test_a_page_keeps_its_tags(she, worker, center_worker):
    protect(she, worker)
    shield = shield_for(center_worker.actor)
    html = '<a class="若葉台" href="/x/若葉台/" title="若葉台4-2-8">若葉台</a><input value="080-3319-6675">'
    struck = shield.markup(html, she.case.household_id)
    assert struck == (
        f'<a class="若葉台" href="/x/若葉台/" title="{HIDDEN}">{HIDDEN}</a><input value="{HIDDEN}">'
    )
    assert shield_for(worker.actor).markup(html, she.case.household_id) == html


def test_who_cannot_read_a_text_whole_cannot_write_over_it(she, worker, center_worker):
    protect(she, worker)
    shield = shield_for(center_worker.actor)
    shield.check_readable(she.case.household_id, "電話で話した", "")
    with pytest.raises(NotAllowed, match="秘匿"):
        shield.check_readable(she.case.household_id, "電話で話した", "若葉台で会った")


@pytest.mark.parametrize("field", ["text", "counterpart", "next_text"])
def test_the_note_with_a_protected_word_in_any_field_is_closed(she, worker, center_worker, field):
    data = {"text": "電話した", "counterpart": "", "next_text": ""} | {field: "若葉台4-2-8の件"}
    load_codes()
    f.make_streams()
    note = write_note(
        case=she.his_case, actor=center_worker.actor, at=f.NOW, request_key=uuid4(),
        data=NoteData(started_at=f.NOW - timedelta(hours=1), minutes=10, way="phone", **data),
    )  # fmt: skip
    url = f"/cases/notes/{note.pk}/"
    assert center_worker.client.get(url).status_code == 200
    protect(she, worker)
    assert center_worker.client.get(url).status_code == 403


def test_a_record_merged_while_a_page_is_made_hides_no_less(she, worker, center_worker):
    """Whom and which homes is read first, what they say at the first text: in between the records become one."""
    protect(she, worker)
    other = f.make_person("森下", "和子")
    f.make_household("森下 和子 世帯（重複）", person=other, agency=worker.agency)
    shield = shield_for(center_worker.actor)
    kept, absorbed = (Person.objects.get(pk=p.pk) for p in (other, she))
    merge_people(
        kept=kept, absorbed=absorbed, versions=(kept.version, absorbed.version), request_key=uuid4(),
        data=MergeData(basis="本人に確かめた", home=she.case.household_id, choices={}), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    assert HouseholdMember.objects.filter(person=other, household=she.case.household_id).exists()
    for home in (she.case.household_id, she.his_case.household_id):
        assert "若葉台" not in shield.text("若葉台4-2-8に住む", home)
        assert "若葉台" not in shield_for(center_worker.actor).text("若葉台4-2-8に住む", home)


def test_details_are_asked_when_they_are_needed_and_the_third_home_asks_nothing(
    worker, center_worker, django_assert_num_queries
):
    homes = []
    for n in range(4):
        person = f.make_person(phone=f"080-3319-667{n}")
        homes.append(f.make_household(f"森下{n} 世帯", person=person, agency=worker.agency))
        protect(person, worker)
    with django_assert_num_queries(1):
        shield = shield_for(center_worker.actor)
        assert shield.text("080-3319-6670", 0) == "080-3319-6670"
    for home, queries in zip(homes, (1, 1, 0, 0), strict=True):
        with django_assert_num_queries(queries):
            assert HIDDEN in shield.text(f"080-3319-667{homes.index(home)}", home.pk)
