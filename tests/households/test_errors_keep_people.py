"""A form of a household that comes back with an error still holds the person that was picked."""

from __future__ import annotations

import re

from tests import factories as f


def picked(page: str, name: str) -> str:
    return re.search(rf'name="{name}" value="(\d*)" data-combobox-value', page).group(1)


def test_a_member_with_a_wrong_date(worker):
    home = f.make_household(agency=worker.agency)
    other = f.make_person("小松原", "フミ")
    post = {"person": other.pk, "person_text": "小松原 フミ", "relation": "child", "since": "R8.2.30"}
    answer = worker.client.post(f"/households/{home.pk}/members/", post)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert picked(page, "person") == str(other.pk)
    assert 'value="小松原 フミ"' in page


def test_the_other_side_of_a_protection_with_a_wrong_date(worker):
    case = f.make_case(worker.actor)
    person = case.household.members.get().person
    other = f.make_person("小松原", "修一")
    post = {
        "first_on": "R8.2.30",
        "last_on": "R9.11.22",
        "adversary": other.pk,
        "adversary_text": "小松原 修一",
    }
    answer = worker.client.post(f"/households/{case.household_id}/protection/{person.pk}/give/", post)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert picked(page, "adversary") == str(other.pk)
    assert 'value="小松原 修一"' in page
