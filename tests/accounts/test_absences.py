"""不在: who enters it, for whom, with which deputy; the page; what is refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.actions.absences import end_absence, enter_absence
from accounts.models import Notice, StaffAbsence
from audit.models import ChangeRecord
from common.errors import NotAllowed, Overlap, RuleViolation
from tests import factories as f

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(f.NOW)


def enter(who, actor, first=0, last=4, deputy=None, key=None) -> StaffAbsence:
    return enter_absence(
        staff=who.staff, first_on=f.TODAY + first * DAY, last_on=None if last is None else f.TODAY + last * DAY,
        deputy=deputy and deputy.staff, actor=actor.actor, at=f.NOW, request_key=key or uuid4(),
    )  # fmt: skip


def test_oneself_and_the_head_enter_an_absence(worker, colleague, manager, center_worker):
    absence = enter(worker, worker, deputy=colleague)
    assert absence.last_on == f.TODAY + 4 * DAY
    assert Notice.objects.get().staff == colleague.staff
    assert ChangeRecord.objects.filter(action="absence.enter").count() == 1
    enter(colleague, manager, last=None)
    for who, actor in ((worker, colleague), (center_worker, manager)):
        with pytest.raises(NotAllowed):
            enter(who, actor, first=20, last=21)


def test_the_same_form_twice_is_one_absence(worker):
    key = uuid4()
    assert enter(worker, worker, key=key) == enter(worker, worker, key=key)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(3, 2, "last_on"), (-5, -1, "last_on"), (4, 9, "first_on"), (0, None, "first_on")],
)
def test_days_that_cannot_be(worker, first, last, field):
    enter(worker, worker)
    with pytest.raises(RuleViolation) as error:
        enter(worker, worker, first, last)
    assert error.value.field == field


def test_the_deputy_is_a_colleague_and_not_oneself(worker, center_worker):
    for deputy in (worker, center_worker):
        with pytest.raises(RuleViolation) as error:
            enter(worker, worker, deputy=deputy)
        assert error.value.field == "deputy"


def test_coming_back(worker, colleague):
    absence = enter(worker, worker, first=-3, last=None)
    assert (
        end_absence(absence=absence, last_on=f.TODAY - DAY, actor=worker.actor, at=f.NOW).last_on
        == f.TODAY - DAY
    )
    assert not StaffAbsence.objects.current(f.TODAY).exists()
    with pytest.raises(RuleViolation):
        end_absence(absence=absence, last_on=f.TODAY - 2 * DAY, actor=worker.actor, at=f.NOW)
    with pytest.raises(StaffAbsence.DoesNotExist):
        end_absence(absence=absence, last_on=f.TODAY, actor=colleague.actor, at=f.NOW)
    enter(worker, worker, first=5, last=9)
    with pytest.raises(Overlap):
        end_absence(absence=absence, last_on=f.TODAY + 6 * DAY, actor=worker.actor, at=f.NOW)


def test_the_page(worker, colleague, manager, center_worker, finance):
    post = {
        "staff": worker.staff.pk,
        "first_on": "R8.11.23",
        "deputy": colleague.staff.pk,
        "request_key": str(uuid4()),
    }
    url = "/staff/absences/"
    wrong = worker.client.post(url, post | {"first_on": "R8.13.1"})
    assert wrong.status_code == 422
    assert worker.client.post(url, post).url == url
    absence = StaffAbsence.objects.get()
    for who, sees in ((worker, True), (manager, True), (colleague, False), (center_worker, False)):
        page = who.client.get(url).content.decode()
        assert ("終わりは未定" in page) is sees
    end = f"{url}{absence.pk}/end/"
    assert center_worker.client.post(end, {"last_on": "R8.11.24"}).status_code == 404
    assert manager.client.post(end, {"last_on": "R8.11.24"}).url == url
    absence.refresh_from_db()
    assert absence.last_on == f.TODAY + DAY
    assert finance.client.get(url).status_code == 403
