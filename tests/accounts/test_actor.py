"""The Actor follows the appointments of the day."""

from datetime import date

from accounts.enums import Role
from accounts.roles import Permission
from tests import factories as f


def test_actor_without_appointment_has_no_permission(db):
    assert f.actor_of(f.make_staff()).permissions == frozenset()


def test_appointment_ends_rights_on_its_day(desk):
    staff = f.make_staff(desk, until=date(2026, 11, 23))
    assert f.actor_of(staff, on=date(2026, 11, 22)).has(Permission.CONSULTATION_RECEIVE)
    assert not f.actor_of(staff, on=date(2026, 11, 23)).has(Permission.CONSULTATION_RECEIVE)


def test_finance_clerk_sees_no_case(finance, worker):
    f.make_case(worker.actor)
    from cases.models import Case

    assert Case.objects.visible_to(worker.actor).count() == 1
    assert not Case.objects.visible_to(finance.actor).exists()
    assert finance.actor.role == Role.FINANCE_CLERK


def test_multi_sector_case_reaches_both_directors(worker, elderly_director, disability_director):
    from cases.models import Case

    case = f.make_case(worker.actor, sectors=("elderly", "disability"))
    for director in (elderly_director, disability_director):
        assert list(Case.objects.visible_to(director.actor)) == [case]
    f.make_case(worker.actor, sectors=("elderly",))
    assert Case.objects.visible_to(elderly_director.actor).count() == 1
