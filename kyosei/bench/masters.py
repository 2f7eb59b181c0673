"""Agencies and workers of the generated city: desks, sections, directors, finance; more of them at a larger scale."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.contrib.auth.models import Group
from django.contrib.auth.models import Permission as AuthPermission
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.enums import AgencyKind, Role, Sector
from accounts.models import Agency, Appointment, Area, Staff
from budgets.enums import Account, CategoryKind
from budgets.models import FundingStream, WorkCategory
from cases.enums import CodeList
from cases.models import Code
from cases.models.case import VIEW_CASE
from households.models import VIEW_HOUSEHOLD
from kyosei.bench.scales import Scale
from kyosei.bench.texts import TOWNS
from kyosei.demo.masters import load_lists
from kyosei.demo.names import FAMILY_NAMES, GIVEN_NAMES

SINCE: Final = date(2020, 4, 1)
SECTIONS: Final = (
    ("center", "地域包括支援センター", AgencyKind.CENTER, Sector.ELDERLY, 5),
    ("disability", "障害福祉室", AgencyKind.DEPARTMENT, Sector.DISABILITY, 4),
    ("child", "子ども家庭室", AgencyKind.DEPARTMENT, Sector.CHILD, 4),
    ("poverty", "生活支援室", AgencyKind.SELF_RELIANCE, Sector.POVERTY, 4),
    ("school", "学校教育室", AgencyKind.SCHOOL_BOARD, Sector.EDUCATION, 2),
    ("council", "社会福祉協議会", AgencyKind.COUNCIL, "", 5),
)
PREFIX: Final = "bench-"


@dataclass(frozen=True, slots=True)
class Office:
    """What the generator needs of an agency."""

    pk: int
    group: int
    sector: str
    area: int
    staff: tuple[int, ...]


@dataclass(slots=True)
class City:
    """Everything that the rows refer to, small enough to be handed to every process."""

    desks: list[Office] = field(default_factory=list)
    sections: dict[str, list[Office]] = field(default_factory=dict)
    directors: dict[str, Office] = field(default_factory=dict)
    workers: list[tuple[int, int]] = field(default_factory=list)
    concerns: list[tuple[int, list[str]]] = field(default_factory=list)
    codes: dict[str, list[int]] = field(default_factory=dict)
    categories: list[int] = field(default_factory=list)
    shared: list[int] = field(default_factory=list)
    case_permission: int = 0
    household_permission: int = 0

    @property
    def offices(self) -> list[Office]:
        return [*self.desks, *(office for many in self.sections.values() for office in many)]


def _staff(n: int, username: str) -> Staff:
    family, family_kana = FAMILY_NAMES[(n * 7) % len(FAMILY_NAMES)]
    given, given_kana = GIVEN_NAMES["mid", "female" if n % 2 else "male"][n % 33]
    return Staff(
        username=username,
        name=f"{family} {given}",
        kana=f"{family_kana} {given_kana}",
        password="!bench",  # noqa: S106 - unusable
    )


def _agency(
    code: str, name: str, kind: AgencyKind, area: Area, *, sector: str = "", may_lead: bool = True
) -> Agency:
    group = Group.objects.create(name=f"agency-{PREFIX}{code}")
    return Agency.objects.create(
        code=f"{PREFIX}{code}", name=name, short_name=name[:30], kind=kind, sector=sector, area=area, may_lead=may_lead,
        group=group, phone="0595-60-0000",
    )  # fmt: skip


def _people(agency: Agency, count: int, role: Role, first: int, sector: str = "") -> tuple[int, ...]:
    staff = Staff.objects.bulk_create(
        _staff(first + n, f"{agency.code.removeprefix(PREFIX)}-{n + 1}") for n in range(count)
    )
    Appointment.objects.bulk_create(
        Appointment(staff=person, agency=agency, role=role, sector=sector, during=DateRange(SINCE, None))
        for person in staff
    )
    return tuple(person.pk for person in staff)


def _office(agency: Agency, staff: tuple[int, ...]) -> Office:
    return Office(agency.pk, agency.group_id, agency.sector, agency.area_id or 0, staff)


def make_city(scale: Scale) -> City:
    """Write the agencies and their staff; returns what the generator refers to."""
    load_lists()
    city = City()
    plans: list[tuple[Agency, int]] = []
    for n in range(scale.desks):
        town = TOWNS[n % len(TOWNS)] + (str(n // len(TOWNS) + 1) if n >= len(TOWNS) else "")
        area = Area.objects.create(code=f"{PREFIX}{n + 1}", name=town)
        plans.append((_agency(f"desk{n + 1}", f"まちの保健室 {town}", AgencyKind.DESK, area), 2))
    whole = Area.objects.create(code=f"{PREFIX}all", name="全域")
    for n in range(scale.offices):
        for code, name, kind, sector, weight in SECTIONS:
            title = name if scale.offices == 1 else f"{name} 第{n + 1}"
            plans.append((_agency(f"{code}{n + 1}", title, kind, whole, sector=sector), weight))
    total = sum(weight for _, weight in plans)
    made = done = 0
    for agency, weight in plans:
        done += weight
        count = max(scale.workers * done // total - made, 1)
        office = _office(agency, _people(agency, count, Role.DESK_WORKER, made))
        made += count
        if agency.kind == AgencyKind.DESK:
            city.desks.append(office)
        else:
            city.sections.setdefault(agency.sector, []).append(office)
        city.workers += [(staff, agency.pk) for staff in office.staff]
    _make_offices(city, whole)
    _find_lists(city)
    return city


def _make_offices(city: City, whole: Area) -> None:
    """Directors, finance and audit: they lead no case and record no time here."""
    for sector in (s for s in Sector if s != Sector.GAP):
        agency = _agency(
            f"director-{sector}", f"エリアディレクター（{sector.label}）", AgencyKind.DIRECTOR_OFFICE, whole,
            sector=sector, may_lead=False,
        )  # fmt: skip
        city.directors[sector] = _office(agency, _people(agency, 1, Role.AREA_DIRECTOR, 900, sector))
    finance = _agency("finance", "福祉総務室 経理係", AgencyKind.FINANCE, whole, may_lead=False)
    _people(finance, 1, Role.FINANCE_CLERK, 950)
    audit = _agency("audit", "監査委員事務局", AgencyKind.OFFICE, whole, may_lead=False)
    _people(audit, 1, Role.AUDITOR, 960)


def _find_lists(city: City) -> None:
    city.concerns = [
        (code.pk, list(code.sectors))
        for code in Code.objects.filter(code_list=CodeList.CONCERN).order_by("position")
    ]
    for code in Code.objects.order_by("position"):
        city.codes.setdefault(code.code_list, []).append(code.pk)
    if not WorkCategory.objects.exists():
        _make_streams()
    categories = WorkCategory.objects.order_by("position", "pk")
    city.categories = [c.pk for c in categories if c.kind == CategoryKind.DIRECT]
    city.shared = [c.pk for c in categories if c.kind == CategoryKind.SHARED]
    city.case_permission = AuthPermission.objects.get(codename=VIEW_CASE, content_type__app_label="cases").pk
    city.household_permission = AuthPermission.objects.get(
        codename=VIEW_HOUSEHOLD, content_type__app_label="households"
    ).pk


def _make_streams() -> None:
    for n, name in enumerate(("包括的支援", "障害", "子ども", "困窮", "一般財源")):
        stream = FundingStream.objects.create(
            code=f"s{n}", name=name, short_name=name, account=Account.GENERAL, position=n, is_general=n == 4
        )
        WorkCategory.objects.create(
            code=f"w{n}", name=name, kind=CategoryKind.DIRECT, stream=stream, position=n
        )
    WorkCategory.objects.create(code="shared", name="共通", kind=CategoryKind.SHARED, position=90)
