"""Personas and the fixed moment of the tests."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client

from accounts.actor import Actor
from accounts.enums import AgencyKind, Role, Sector
from accounts.models import Agency, Staff
from budgets.actions import adjustments, run_apportionment
from tests import factories as f
from tests.clock import TestClock
from tests.template_database import ensure_template
from tests.two_paths import check_run


@dataclass(frozen=True)
class Persona:
    """A staff member, the agency, and a signed-in client."""

    staff: Staff
    agency: Agency
    actor: Actor

    @property
    def client(self) -> Client:
        client = Client()
        client.force_login(self.staff, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client


def persona(
    agency: Agency, role: str = Role.DESK_WORKER, name: str = "", sector: str = "", **kw: object
) -> Persona:
    staff = f.make_staff(agency, role=role, name=name, sector=sector, **kw)
    return Persona(staff, agency, f.actor_of(staff))


@pytest.fixture(autouse=True, scope="session")
def clock_of_the_tests():
    """Every test runs on 2026-11-23 (see tests/clock.py)."""
    clock = TestClock()
    clock.start()
    yield clock
    clock.stop()


@pytest.fixture(autouse=True)
def both_paths_agree_on_every_run(monkeypatch):
    """Whatever a test is about: each apportionment that it stores is computed a second time in SQL (tests/two_paths.py)."""
    real = run_apportionment.write_run

    def checked(**kwargs):
        run = real(**kwargs)
        check_run(run)
        return run

    for module in (run_apportionment, adjustments):
        monkeypatch.setattr(module, "write_run", checked)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """Each test process copies the migrated database instead of migrating its own."""
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = ensure_template(os.environ["DATABASE_URL"])


@pytest.fixture(scope="session")
def django_db_setup(clock_of_the_tests, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        clock_of_the_tests.move_database()


@pytest.fixture(autouse=True, scope="session")
def tables_of_the_trail_may_be_emptied_between_tests():
    """Tests with real transactions end with TRUNCATE, which the trail refuses everywhere else.

    A transaction that a test left behind fails it after a while, instead of holding up all that follow.
    """
    flush = DatabaseOperations.execute_sql_flush

    def without_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
        before = ["SET session_replication_role = replica", "SET lock_timeout = '60s'"]
        flush(self, [*before, *sql_list, "RESET session_replication_role", "RESET lock_timeout"])

    DatabaseOperations.execute_sql_flush = without_triggers
    yield
    DatabaseOperations.execute_sql_flush = flush


@pytest.fixture
def now():
    """The moment of most tests: 2026-11-23 10:00 in Tokyo (a holiday Monday)."""
    return f.NOW


@pytest.fixture
def desk(db) -> Agency:
    return f.make_agency("まちの保健室 つつじが丘", area=f.make_area())


@pytest.fixture
def care_center(db) -> Agency:
    return f.make_agency("地域包括支援センター", kind=AgencyKind.CENTER, sector=Sector.ELDERLY)


@pytest.fixture
def disability_section(db) -> Agency:
    return f.make_agency("障害福祉室", kind=AgencyKind.DEPARTMENT, sector=Sector.DISABILITY)


@pytest.fixture
def worker(desk) -> Persona:
    """A desk worker at まちの保健室."""
    return persona(desk, name="中川 千秋")


@pytest.fixture
def colleague(desk) -> Persona:
    return persona(desk, name="西尾 悠")


@pytest.fixture
def center_worker(care_center) -> Persona:
    """A worker at another agency (高齢)."""
    return persona(care_center, name="岡部 真理")


@pytest.fixture
def disability_worker(disability_section) -> Persona:
    return persona(disability_section, name="瀬川 亮")


@pytest.fixture
def manager(desk) -> Persona:
    return persona(desk, Role.AGENCY_MANAGER, name="大森 恵子")


@pytest.fixture
def elderly_director(db) -> Persona:
    office = f.make_agency(
        "エリアディレクター（高齢）", kind=AgencyKind.DIRECTOR_OFFICE, sector=Sector.ELDERLY, may_lead=False
    )
    return persona(office, Role.AREA_DIRECTOR, name="北村 誠", sector=Sector.ELDERLY)


@pytest.fixture
def disability_director(db) -> Persona:
    office = f.make_agency(
        "エリアディレクター（障害）",
        kind=AgencyKind.DIRECTOR_OFFICE,
        sector=Sector.DISABILITY,
        may_lead=False,
    )
    return persona(office, Role.AREA_DIRECTOR, name="相馬 律子", sector=Sector.DISABILITY)


@pytest.fixture
def finance(db) -> Persona:
    agency = f.make_agency("福祉総務室 経理係", kind=AgencyKind.FINANCE, may_lead=False)
    return persona(agency, Role.FINANCE_CLERK, name="長谷 昭")


@pytest.fixture
def auditor(db) -> Persona:
    agency = f.make_agency("監査委員事務局", kind=AgencyKind.OFFICE, may_lead=False)
    return persona(agency, Role.AUDITOR, name="戸田 光")


@pytest.fixture
def admin(db) -> Persona:
    agency = f.make_agency("情報政策室", kind=AgencyKind.OFFICE, may_lead=False)
    return persona(agency, Role.SYSTEM_ADMIN, name="上原 進")


@pytest.fixture
def stranger(db) -> Persona:
    """A worker of an agency that has nothing to do with anything."""
    return persona(
        f.make_agency("こども家庭室", kind=AgencyKind.DEPARTMENT, sector=Sector.CHILD), name="浜口 葵"
    )
