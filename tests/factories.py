"""Rows for tests: agencies, staff with appointments, households, cases. Names are invented."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actor import Actor, build_actor
from accounts.enums import AgencyKind, ConsentState, Ground, Role, Sector
from accounts.models import Agency, Appointment, Area, Staff
from budgets.enums import Account, CategoryKind
from budgets.models import FundingStream, WorkCategory
from cases.actions.consent import ConsentData, record_consent
from cases.actions.open_case import open_case
from cases.enums import CodeList
from cases.models import Case, Code
from households.actions.grants import grant_household
from households.enums import ConsentMethod, InformationKind, Relation
from households.models import Consent, Household, HouseholdMember, Person

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=TOKYO)
TODAY = NOW.date()
_serial = count(1)
PASSWORD = "himitsu-no-kotoba-8"


def make_area(name: str = "つつじが丘") -> Area:
    n = next(_serial)
    return Area.objects.create(code=f"A{n}", name=name)


def make_agency(
    name: str = "まちの保健室",
    *,
    kind: str = AgencyKind.DESK,
    sector: str = "",
    may_lead: bool = True,
    area: Area | None = None,
) -> Agency:
    n = next(_serial)
    group = Group.objects.create(name=f"agency-{n}")
    return Agency.objects.create(
        code=f"AG{n}",
        name=name,
        short_name=name[:30],
        kind=kind,
        sector=sector,
        may_lead=may_lead,
        area=area,
        group=group,
    )


def make_staff(
    agency: Agency | None = None,
    *,
    role: str = Role.DESK_WORKER,
    name: str = "",
    sector: str = "",
    since: date = date(2024, 4, 1),
    until: date | None = None,
    username: str = "",
) -> Staff:
    n = next(_serial)
    staff = Staff(username=username or f"staff{n}", name=name or f"職員{n}", kana=f"しょくいん{n}")
    staff.set_unusable_password()
    staff.save()
    if agency is not None:
        Appointment.objects.create(
            staff=staff, agency=agency, role=role, sector=sector, during=DateRange(since, until)
        )
    return staff


def actor_of(staff: Staff, *, on: date = TODAY) -> Actor:
    return build_actor(staff, on=on)


def make_person(family: str = "森下", given: str = "和子", **fields: object) -> Person:
    fields.setdefault("family_kana", "もりした")
    fields.setdefault("given_kana", "かずこ")
    person = Person(family_name=family, given_name=given, created_at=NOW, **fields)
    person.fill_search()
    person.save()
    return person


def make_household(
    name: str = "森下 和子 世帯",
    *,
    person: Person | None = None,
    agency: Agency | None = None,
    actor: Actor | None = None,
) -> Household:
    """A household with one member; ``agency`` (with ``actor`` as giver) may see it."""
    household = Household.objects.create(name=name, created_at=NOW)
    person = person or make_person()
    HouseholdMember.objects.create(
        household=household, person=person, relation=Relation.SELF, during=DateRange(date(2020, 4, 1), None)
    )
    if agency is not None:
        grant_household(
            household=household,
            agency=agency,
            ground=Ground.OWN_DUTY,
            basis=household,
            actor=actor or Actor.system("試験"),
            at=NOW,
        )
    return household


def make_case(
    actor: Actor, *, household: Household | None = None, sectors: tuple[str, ...] = (Sector.ELDERLY,)
) -> Case:
    """An open case led by the actor's agency, through the real action."""
    person = None
    if household is None:
        person = make_person()
        household = make_household(person=person)
    return open_case(
        household=household, person=person, actor=actor, at=NOW - timedelta(days=1), sectors=sectors
    )


def give_consent(
    case: Case,
    actor: Actor,
    *agencies: Agency,
    kinds: tuple[str, ...] = tuple(InformationKind.values),
    at: datetime = NOW,
    **fields: object,
) -> Consent:
    """A spoken yes of the case's person for some agencies, through the real action."""
    data = {
        "state": ConsentState.YES, "given_on": TODAY, "method": ConsentMethod.SPOKEN, "kinds": kinds,
        "agencies": agencies, "purpose": "くらしの困りごとを一緒に支えるため", "witness": "長女 森下 恵", **fields,
    }  # fmt: skip
    return record_consent(
        case=case,
        data=ConsentData(**data),
        actor=actor,
        at=at,
        request_key=uuid4(),  # type: ignore[arg-type]
    )


def share_by_consent(case: Case, sender: Actor, receiver: Actor, **consent: object) -> Consent:
    """The receiver's agency becomes a partner on a consent of the person, through the real actions."""
    from referrals.actions.answer_referral import answer_referral
    from referrals.actions.send_referral import send_referral

    assert receiver.agency is not None
    given = give_consent(case, sender, receiver.agency, **consent)  # type: ignore[arg-type]
    referral = send_referral(
        case=case, to_agency=receiver.agency, purpose="一緒に訪問してほしい", message="", ground=Ground.CONSENT,
        parts=["basic"], deadline_at=NOW + timedelta(days=3), actor=sender, at=NOW, request_key=uuid4(),
    )  # fmt: skip
    answer_referral(referral=referral, event="join", actor=receiver, at=NOW)
    return given


def make_code(
    code_list: str = CodeList.CONCERN,
    code: str = "c01",
    label: str = "病気や健康、障害のこと",
    **fields: object,
) -> Code:
    fields.setdefault("valid_from", date(2015, 4, 1))
    row, _ = Code.objects.get_or_create(code_list=code_list, code=code, defaults={"label": label, **fields})
    return row


STREAMS = (
    ("care", "地域支援事業（包括的支援事業）", "包括的支援", Account.CARE_INSURANCE, False),
    ("disability", "地域生活支援事業", "障害", Account.GENERAL, False),
    ("child", "利用者支援事業", "子ども", Account.GENERAL, False),
    ("poverty", "自立相談支援事業", "困窮", Account.GENERAL, False),
    ("general", "市町村単独（一般財源）", "一般財源", Account.GENERAL, True),
)


def make_streams() -> dict[str, FundingStream]:
    """The streams of vector A, in its order, and the general one; with one direct category each and a shared one."""
    streams = {}
    for position, (code, name, short, account, general) in enumerate(STREAMS):
        stream, _ = FundingStream.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "short_name": short,
                "account": account,
                "is_general": general,
                "position": position,
            },
        )
        WorkCategory.objects.get_or_create(
            code=code,
            defaults={"name": short, "kind": CategoryKind.DIRECT, "stream": stream, "position": position},
        )
        streams[code] = stream
    WorkCategory.objects.get_or_create(
        code="shared", defaults={"name": "共通", "kind": CategoryKind.SHARED, "position": 90}
    )
    WorkCategory.objects.get_or_create(
        code="leave", defaults={"name": "休暇", "kind": CategoryKind.LEAVE, "position": 99}
    )
    return streams
