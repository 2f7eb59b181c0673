"""The pages of the queue, by axe and for the eye."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.actions.silent_risks import refresh_all
from cases.masters import load_codes
from cases.models import Case, SilentRisk
from households.models import Person
from tests import factories as f
from tests.browser.conftest import shoot
from tests.browser.test_axe import check


@pytest.fixture
def worried(db, worker) -> Case:
    load_codes()
    f.make_streams()
    at, today = timezone.now(), timezone.localdate()
    for n in range(6):
        case = f.make_case(worker.actor, sectors=("elderly", "child"))
        Case.objects.filter(pk=case.pk).update(last_contact_at=at - timedelta(days=9 + n * 15))
        birth = today.replace(year=today.year - 65, day=1) + timedelta(days=10 * n)
        Person.objects.filter(memberships__household=case.household).update(birth_on=birth)
    refresh_all(at=at)
    return case


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_of_the_queue_are_accessible(sign_in, live_server, worker, worried, width):
    page = sign_in(worker.staff, width=width)
    risk = SilentRisk.objects.filter(owner_staff=worker.staff).order_by("pk").first()
    paths = [
        "/worries/", "/worries/?kind=quiet", "/worries/?show=put_off", f"/worries/{risk.pk}/put-off/",
        f"/worries/case/{worried.number}/", "/staff/absences/", f"/cases/{worried.number}/",
    ]  # fmt: skip
    check(page, live_server.url, paths)
    page.goto(f"{live_server.url}/worries/")
    shoot(page, f"worries-list-{width}")
    page.goto(f"{live_server.url}/staff/absences/")
    shoot(page, f"absences-{width}")
