"""Areas, agencies, staff and appointments of the demo city 美旗野市, shaped like the 名張市 of the seed.

Fifteen まちの保健室, the centre of which they are branches, the sections of the five sectors, an entrusted council
of social welfare, and one area director per sector who may never lead a case. Loading again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.module_loading import import_string

from accounts.enums import AgencyKind, Role, Sector
from accounts.models import Agency, Appointment, Area, Staff
from kyosei.demo.names import FAMILY_NAMES, GIVEN_NAMES

DEMO_PASSWORD: Final = "mihatano-demo"  # noqa: S105 - printed for everybody on purpose; refused in production
SINCE: Final = date(2024, 4, 1)
CITY: Final = ("city", "市全域")

# code, name, office phone of the desk; the code ends the codes of area and desk alike
AREAS: Final = (
    (1, "本町", "0595-60-1101"), (2, "梅ヶ原", "0595-60-1102"), (3, "若葉台", "0595-60-1103"),
    (4, "桜木", "0595-60-1104"), (5, "赤坂谷", "0595-60-1105"), (6, "松原", "0595-60-1106"),
    (7, "百合野", "0595-60-1107"), (8, "すみれ台", "0595-60-1108"), (9, "国見", "0595-60-1109"),
    (10, "比奈野", "0595-60-1110"), (11, "川東", "0595-60-1111"), (12, "桐が丘", "0595-60-1112"),
    (13, "柏木原", "0595-60-1113"), (14, "青峰", "0595-60-1114"), (15, "三ツ池", "0595-60-1115"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgencySeed:
    """An agency and how many people work there; ``login`` begins their sign-in names."""

    code: str
    name: str
    short_name: str
    kind: AgencyKind
    login: str
    workers: int
    sector: str = ""
    phone: str = ""
    may_lead: bool = True
    is_entrusted: bool = False
    area_code: str = CITY[0]
    role: Role = Role.DESK_WORKER
    title: str = "相談員"
    manager_title: str = ""


K, S = AgencyKind, Sector
DEPARTMENTS: Final = (
    AgencySeed("houkatsu", "地域包括支援センター", "地域包括", K.CENTER, "houkatsu", 7, S.ELDERLY, "0595-60-1200",
               title="社会福祉士", manager_title="センター長"),
    AgencySeed("korei", "高齢福祉室", "高齢福祉室", K.DEPARTMENT, "korei", 3, S.ELDERLY, "0595-60-1210", title="主事",
               manager_title="室長"),
    AgencySeed("shogai", "障害福祉室", "障害福祉室", K.DEPARTMENT, "shogai", 5, S.DISABILITY, "0595-60-1220",
               title="主事", manager_title="室長"),
    AgencySeed("kodomo", "子ども家庭室", "子ども家庭室", K.DEPARTMENT, "kodomo", 5, S.CHILD, "0595-60-1230",
               title="家庭児童相談員", manager_title="室長"),
    AgencySeed("konkyu", "生活支援室", "生活支援室", K.SELF_RELIANCE, "konkyu", 5, S.POVERTY, "0595-60-1240",
               title="主任相談支援員", manager_title="室長"),
    AgencySeed("kyoiku", "教育委員会 学校教育室", "学校教育室", K.SCHOOL_BOARD, "kyoiku", 3, S.EDUCATION, "0595-60-1250",
               title="スクールソーシャルワーカー", manager_title="室長"),
    AgencySeed("shakyo", "美旗野市社会福祉協議会", "社協", K.COUNCIL, "shakyo", 5, "", "0595-60-1300",
               is_entrusted=True, title="コミュニティソーシャルワーカー", manager_title="地域福祉課長"),
    AgencySeed("kikan", "障害者基幹相談支援センター", "基幹相談", K.OTHER, "kikan", 3, S.DISABILITY, "0595-60-1310",
               is_entrusted=True, title="相談支援専門員", manager_title="センター長"),
)  # fmt: skip
DIRECTORS: Final = tuple(
    AgencySeed(f"director-{login}", f"エリアディレクター（{sector.label}）", f"ＡＤ {sector.label}", K.DIRECTOR_OFFICE,
               f"director-{login}", 1, sector, phone, may_lead=False, role=Role.AREA_DIRECTOR, title="エリアディレクター")
    for login, sector, phone in (
        ("korei", S.ELDERLY, "0595-60-1401"), ("shogai", S.DISABILITY, "0595-60-1402"),
        ("jido", S.CHILD, "0595-60-1403"), ("konkyu", S.POVERTY, "0595-60-1404"),
        ("kyoiku", S.EDUCATION, "0595-60-1405"),
    )
)  # fmt: skip
OFFICES: Final = (
    AgencySeed("keiri", "福祉総務室 経理係", "経理係", K.FINANCE, "keiri", 2, phone="0595-60-1500", may_lead=False,
               role=Role.FINANCE_CLERK, title="主査"),
    AgencySeed("kansa", "監査委員事務局", "監査委員", K.OFFICE, "kansa", 1, phone="0595-60-1510", may_lead=False,
               role=Role.AUDITOR, title="書記"),
    AgencySeed("kanri", "情報政策室", "情報政策室", K.OFFICE, "kanri", 2, phone="0595-60-1520", may_lead=False,
               role=Role.SYSTEM_ADMIN, title="主査"),
    AgencySeed("minsei", "民生委員児童委員協議会", "民児協", K.OFFICE, "sanka", 2, phone="0595-60-1530", may_lead=False,
               role=Role.CONFERENCE_GUEST, title="民生委員"),
)  # fmt: skip


def _desks() -> Iterator[AgencySeed]:
    for number, name, phone in AREAS:
        yield AgencySeed(
            f"hokenshitsu-{number:02d}", f"まちの保健室 {name}", f"保健室 {name}", K.DESK, f"hokenshitsu{number}-",
            2 + number % 2, phone=phone, area_code=f"area-{number:02d}",
            title="看護師" if number % 3 else "社会福祉士",
        )  # fmt: skip


DESKS: Final = tuple(_desks())
AGENCIES: Final = (*DESKS, *DEPARTMENTS, *DIRECTORS, *OFFICES)
# the sign-in names that are easier to type than the rule gives: the first worker of the first two desks, and so on
_EASY_LOGINS: Final = {
    **{f"hokenshitsu{n}-1": f"hokenshitsu{n}" for n in range(1, 16)},
    **{f"{office.login}1": office.login for office in DIRECTORS},
}
_MANAGER_LOGINS: Final = {"houkatsu": "kancho1"}


@dataclass(frozen=True, slots=True)
class StaffSeed:
    username: str
    name: str
    kana: str
    agency: str
    role: Role
    sector: str
    title: str


def staff_seeds() -> list[StaffSeed]:
    """Everybody who works there; the same names at every load."""
    posts = []
    for agency in AGENCIES:
        for n in range(1, agency.workers + 1):
            login = f"{agency.login}{n}"
            posts.append((_EASY_LOGINS.get(login, login), agency, agency.role, agency.title))
        if agency.manager_title:
            login = _MANAGER_LOGINS.get(agency.code, f"{agency.login}-cho")
            posts.append((login, agency, Role.AGENCY_MANAGER, agency.manager_title))
    return [
        StaffSeed(
            username, *_name(n), agency.code, role, agency.sector if role == Role.AREA_DIRECTOR else "", title
        )
        for n, (username, agency, role, title) in enumerate(posts)
    ]


def _name(n: int) -> tuple[str, str]:
    """The n-th worker's name and kana: family names from the back of the list, so that few are the commonest."""
    family, family_kana = FAMILY_NAMES[-1 - n]
    given = GIVEN_NAMES["mid" if n % 4 else "young", "female" if n % 3 else "male"]
    name, kana = given[(n * 7) % len(given)]
    return f"{family} {name}", f"{family_kana} {kana}"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One line of the list that is printed at the start."""

    username: str
    role: str
    agency: str


SIGN_INS: Final = (
    "hokenshitsu1", "hokenshitsu2", "houkatsu1", "shogai1", "kodomo1", "konkyu1", "kyoiku1", "shakyo1", "kancho1",
    "director-korei", "director-shogai", "director-jido", "director-konkyu", "director-kyoiku", "keiri1", "kansa1",
    "kanri1", "sanka1",
)  # fmt: skip


def sign_ins() -> list[SignIn]:
    """One sign-in per role and kind of agency, in the order in which a visitor would try them."""
    agencies = {agency.code: agency.name for agency in AGENCIES}
    seeds = {seed.username: seed for seed in staff_seeds()}
    return [SignIn(name, seeds[name].role.label, agencies[seeds[name].agency]) for name in SIGN_INS]


def load_lists() -> None:
    """Code lists of casework; funding streams and work categories."""
    for path in ("cases.masters.load_codes", "budgets.masters.load_streams"):
        with suppress(ImportError):
            import_string(path)()


@transaction.atomic
def load_masters() -> None:
    """Code lists, funding streams, areas, agencies, staff and appointments; what is there already stays."""
    load_lists()
    areas = _load_areas()
    agencies = {seed.code: _load_agency(seed, areas) for seed in AGENCIES}
    _load_staff(agencies)


def _load_areas() -> dict[str, Area]:
    city, _ = Area.objects.get_or_create(code=CITY[0], defaults={"name": CITY[1]})
    areas = {city.code: city}
    for number, name, _phone in AREAS:
        code = f"area-{number:02d}"
        areas[code], _ = Area.objects.get_or_create(code=code, defaults={"name": name, "parent": city})
    return areas


def _load_agency(seed: AgencySeed, areas: dict[str, Area]) -> Agency:
    found = Agency.objects.filter(code=seed.code).first()
    if found is not None:
        return found
    group, _ = Group.objects.get_or_create(name=f"agency-{seed.code}")
    return Agency.objects.create(
        code=seed.code, name=seed.name, short_name=seed.short_name, kind=seed.kind, sector=seed.sector,
        area=areas[seed.area_code], phone=seed.phone, is_entrusted=seed.is_entrusted, may_lead=seed.may_lead,
        group=group,
    )  # fmt: skip


def _load_staff(agencies: dict[str, Agency]) -> None:
    known = set(Staff.objects.values_list("username", flat=True))
    missing = [seed for seed in staff_seeds() if seed.username not in known]
    if not missing:
        return
    password = make_password(
        DEMO_PASSWORD
    )  # one hash for all: hashing a hundred times would take half a minute
    staff = Staff.objects.bulk_create(
        Staff(username=seed.username, name=seed.name, kana=seed.kana, password=password) for seed in missing
    )
    Appointment.objects.bulk_create(
        Appointment(
            staff=person, agency=agencies[seed.agency], role=seed.role, sector=seed.sector, title=seed.title,
            during=DateRange(SINCE, None),
        )
        for person, seed in zip(staff, missing, strict=True)
    )  # fmt: skip
