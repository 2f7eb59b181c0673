"""While a name is typed, the people of one's own agency's households stand first; nobody is shown who was not before."""

from __future__ import annotations

import pytest

from cases.actions.closing import close_case
from cases.masters import load_codes
from cases.models import CasePartner
from cases.selectors.intake import find_people
from common import kept_where
from households.actions.denials import deny_staff
from households.enums import DenialReason
from tests import factories as f
from tests.cases.test_watch import closing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def others():
    kept_where._compiled.cache_clear()
    for n in range(30):
        f.make_household(
            person=f.make_person("真鍋", f"あい{n}", family_kana="まなべ", given_kana=f"あい{n}")
        )


@pytest.fixture
def client():
    return f.make_person("真鍋", "よしの", family_kana="まなべ", given_kana="よしの")


def names(actor, query):
    return [row.person.given_name for row in find_people(actor=actor, query=query)]


def test_the_agencys_own_stand_first_then_the_others(worker, stranger, client):
    f.make_case(worker.actor, household=f.make_household(person=client, agency=worker.agency))
    for query in ("まな", "mana", "真", "manabe"):
        assert names(worker.actor, query)[0] == "よしの", query
        assert len(names(worker.actor, query)) == 20
        assert "よしの" not in names(stranger.actor, query)
    assert names(worker.actor, "真鍋 よしの") == ["よしの"]
    assert names(worker.actor, "あい3")[0] == "あい3"


def test_a_partner_and_a_closed_case_are_the_agencys_own_too(worker, center_worker, client):
    case = f.make_case(worker.actor, household=f.make_household(person=client, agency=worker.agency))
    assert "よしの" not in names(center_worker.actor, "まな")
    partner = CasePartner.objects.create(case=case, agency=center_worker.agency, since=f.NOW)
    assert names(center_worker.actor, "まな")[0] == "よしの"
    partner.ended_at = f.NOW
    partner.save()
    assert "よしの" not in names(center_worker.actor, "まな")
    load_codes()
    f.make_streams()
    close_case(case=case, data=closing(), actor=worker.actor, at=f.NOW)
    assert names(worker.actor, "まな")[0] == "よしの"


def test_half_of_the_list_is_left_to_the_others(worker):
    for n in range(15):
        person = f.make_person("真鍋", f"のり{n}", family_kana="まなべ", given_kana=f"のり{n}")
        f.make_case(worker.actor, household=f.make_household(person=person, agency=worker.agency))
    found = names(worker.actor, "まな")
    assert all(name.startswith("のり") for name in found[:10])
    assert len(found) == len(set(found)) == 20
    assert sum(name.startswith("あい") for name in found[10:]) == 10


def test_the_deny_list_goes_before(worker, colleague, client):
    case = f.make_case(worker.actor, household=f.make_household(person=client, agency=worker.agency))
    deny_staff(
        household=case.household, staff=colleague.staff, reason=DenialReason.RELATIVE, note="", actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    assert names(worker.actor, "まな")[0] == "よしの"
    assert "よしの" not in names(colleague.actor, "真鍋 よしの")
