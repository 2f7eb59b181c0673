"""The access log says on which ground somebody saw a record: the same that the grant carries."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.enums import Ground
from audit.models import AccessRecord
from cases.actions.break_glass import break_glass
from households.models import Person
from tests import factories as f


@pytest.fixture
def case(worker):
    case = f.make_case(worker.actor)
    case.person = Person.objects.get()
    case.save()
    return case


def last(target: str) -> str:
    return AccessRecord.objects.filter(target_type=target, kind="view").order_by("-pk")[0].ground


@pytest.mark.parametrize("url", ["/cases/{n}/", "/households/{h}/", "/households/people/{p}/"])
def test_every_read_is_logged_with_its_ground(case, worker, center_worker, stranger, url):
    path = url.format(n=case.number, h=case.household_id, p=case.person_id)
    target = (
        {"c": "cases.case", "h": "households.household"}[path[1]]
        if "people" not in path
        else "households.person"
    )
    worker.client.get(path)
    assert last(target) == Ground.OWN_DUTY
    f.share_by_consent(case, worker.actor, center_worker.actor)
    center_worker.client.get(path)
    assert last(target) == Ground.CONSENT
    break_glass(
        person=case.person, reason="life", text="返事がないと通報があり、安否を確かめる。", actor=stranger.actor,
        at=timezone.now(), request_key=uuid4(),
    )  # fmt: skip
    stranger.client.get(path)
    assert last(target) == Ground.BREAK_GLASS


def test_the_row_says_who_what_when_from_where(case, worker):
    worker.client.get(f"/cases/{case.number}/", REMOTE_ADDR="10.20.30.40")
    row = AccessRecord.objects.order_by("-pk")[0]
    assert (row.staff_id_text, row.role, row.remote_addr) == (
        str(worker.staff.pk),
        "desk_worker",
        "10.20.30.40",
    )
    assert (row.target_id, row.path) == (str(case.pk), f"/cases/{case.number}/")
