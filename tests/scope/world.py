"""A small city in which everything that can leak bears a word of its own, and the people who may or may not read it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.enums import AgencyKind, Ground, Role, Sector
from accounts.models import Appointment
from cases.actions.assessment import ItemData, add_item
from cases.actions.break_glass import break_glass
from cases.actions.notes import NoteData, write_note
from cases.actions.outreach import (
    AttemptData,
    WorryData,
    agree_to_support,
    begin_outreach,
    record_attempt,
)
from cases.actions.plan import PlanData, PlanItemData, save_plan, start_plan
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.actions.silent_risks import put_off, refresh_cases
from cases.models import Case, CaseGrant, SilentRisk
from common.pdf import html_to_pdf
from households.actions.denials import deny_staff
from households.actions.link_people import link_people
from households.actions.merge_people import MergeData, merge_people
from households.actions.movements import Moved
from households.actions.moves import change_living
from households.actions.persons import PersonData, update_household, update_person
from households.actions.protection import protect_address, set_safe_contact
from households.enums import MovementKind
from households.models import Household, HouseholdGrant, HouseholdMember, Person
from referrals.actions.calendar import make_feed
from referrals.actions.issue_agenda import put_issue
from referrals.actions.issues import raise_issue
from referrals.actions.outside_page import answer_page
from referrals.actions.packets import order_packet
from referrals.actions.prep_sheets import Dated, ask_sheets, write_sheet
from referrals.models import Conference, PrepSheet
from tests import factories as f
from tests.conftest import Persona, persona
from tests.referrals import conferences as c
from tests.referrals import outside as o
from tests.referrals.helpers import send

# one word for each kind of thing; none of them stands in a name, a label or a place of the program
NAME, ADDRESS, PHONE, SCHOOL = "綿貫", "霧見台9丁目", "0595-77-1234", "霧見製作所"
CONTACT, NOTE, ITEM, PLAN = "翡翠色の話", "鵯色の記録", "藍色の課題", "茜色の目標"
ASKED_BY_CONSENT, ASKED_BLIND = "萌黄色の依頼", "浅葱色の依頼"
TOPIC, DECISION, OLD_TOPIC, WITNESS = "朽葉色の議題", "琥珀色の決定", "鈍色の議題", "立会の鶸"
TEAM_TOPIC, TEAM_RESULT = "苗色の打合せ", "飴色の結論"
SHEET, YEARS = "薄墨色の世帯像", "黄櫨色の年"
TRIED, TELLER = "縹色の呼びかけ", "檜皮色の隣人"
SECRETS = (
    NAME, ADDRESS, PHONE, SCHOOL, CONTACT, NOTE, ITEM, PLAN, ASKED_BY_CONSENT, ASKED_BLIND, TOPIC, DECISION, OLD_TOPIC,
    WITNESS, TEAM_TOPIC, TEAM_RESULT, TRIED, TELLER, SHEET, YEARS,
)  # fmt: skip
HERE = f"（{ADDRESS}、{PHONE}、{SCHOOL}）"  # typed into every text that has room for it
OTHER_NAME, OTHER_NOTE = "百目鬼", "鶫色の記録"
ALL_SECRETS = (*SECRETS, OTHER_NAME, OTHER_NOTE)
RECORD = frozenset({NAME, CONTACT, NOTE, ITEM, PLAN, ASKED_BY_CONSENT, ASKED_BLIND, WITNESS, TRIED})
PLACE = frozenset({ADDRESS, PHONE, SCHOOL})


@dataclass
class World:
    """What was made, and who may read which of the words: ``may`` is written by hand, persona by persona."""

    case: Case
    other: Case
    people: dict[str, Persona] = field(default_factory=dict)
    may: dict[str, frozenset[str]] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, who: Persona, may: frozenset[str] | set[str] = frozenset()) -> Persona:
        self.people[name] = Persona(who.staff, who.agency, f.actor_of(who.staff, on=timezone.localdate()))
        self.may[name] = frozenset(may)
        return self.people[name]


def _agency(name: str, kind: str = AgencyKind.DEPARTMENT, **kw: Any) -> Any:
    return f.make_agency(name, kind=kind, **kw)


def build(at: datetime | None = None) -> World:
    """The whole city; about two hundred rows, by the real actions."""
    at = at or timezone.now()
    desk = _agency("まちの保健室 桜木", AgencyKind.DESK, area=f.make_area("桜木"))
    worker = persona(desk, name="主担当 一")
    case, ids = _main_case(worker, at)
    child = _agency("こども課", sector=Sector.CHILD)
    stranger = persona(child, name="別件 二")
    other = _other_case(stranger, at)
    world = World(case, other, ids=ids)
    world.add("lead worker", worker, RECORD | PLACE | {TELLER})
    world.add("colleague", persona(desk, name="同僚 三"), RECORD | PLACE | {TELLER})
    world.add("manager", persona(desk, Role.AGENCY_MANAGER, name="所長 四"), RECORD | PLACE | {TELLER})
    world.add("same role elsewhere", stranger, {OTHER_NAME, OTHER_NOTE})
    _partners(world, worker, at)
    _sittings(world, worker, at)
    _glass_breakers(world, at)
    _leavers(world, desk)
    _team_sitting(world, worker, at)
    _denied(world, worker, desk, at)
    for name, role, title in (
        ("finance clerk", Role.FINANCE_CLERK, "経理 五"),
        ("auditor", Role.AUDITOR, "監査 六"),
        ("system administrator", Role.SYSTEM_ADMIN, "管理 七"),
    ):
        world.add(name, persona(_agency(title, AgencyKind.OFFICE, may_lead=False), role, name=title))
    office = _agency("ＡＤ 児童", AgencyKind.DIRECTOR_OFFICE, sector=Sector.CHILD, may_lead=False)
    world.add(
        "director of another sector", persona(office, Role.AREA_DIRECTOR, name="児童 八", sector=Sector.CHILD)
    )
    update_person(
        person=case.person, data=replace(_as_typed(case.person), note=HERE), version=case.person.version,
        actor=worker.actor, at=at,
    )  # fmt: skip
    set_safe_contact(
        person=case.person, may_call=True, may_write=True, may_visit=True, when="", by_whom="", caution=HERE,
        actor=worker.actor, at=at,
    )  # fmt: skip
    protect_address(
        person=case.person, units=[], first_on=timezone.localdate(at), last_on=date(2199, 1, 1), actor=worker.actor,
        at=at,
    )  # fmt: skip
    _worries(world, worker, at)
    return world


def _worries(world: World, worker: Persona, at: datetime) -> None:
    """What is the matter with the case some weeks later, one of it put off with words of the record."""
    refresh_cases([world.case.pk], at=at + timedelta(days=40))
    risk = SilentRisk.objects.get(case=world.case, kind="quiet", owner_staff=worker.staff)
    put_off(
        risk=risk,
        until=timezone.localdate(at) + timedelta(days=1),
        reason=NOTE + HERE,
        actor=worker.actor,
        at=at,
    )
    world.ids["risk"] = risk.pk


def _as_typed(person: Any) -> PersonData:
    return PersonData(**{name: getattr(person, name) for name in PersonData.__dataclass_fields__})


def _main_case(worker: Persona, at: datetime) -> tuple[Case, dict[str, Any]]:
    office = {
        sector: persona(
            _agency(f"ＡＤ {sector}", AgencyKind.DIRECTOR_OFFICE, sector=sector, may_lead=False), Role.AREA_DIRECTOR,
            name=f"部長 {sector}", sector=sector,
        )
        for sector in (Sector.ELDERLY, Sector.DISABILITY)
    }  # fmt: skip
    start = at - timedelta(hours=30)
    contact = receive_consultation(
        data=ContactData(
            started_at=start, minutes=20, way="visit_desk", text=CONTACT + HERE, outcome="support",
            sectors=(Sector.ELDERLY, Sector.DISABILITY),
        ),
        new_person=PersonData(family_name=NAME, given_name="菊乃", given_kana="きくの", phone=PHONE, workplace=SCHOOL),
        actor=worker.actor, at=at - timedelta(hours=29), request_key=uuid4(),
    )  # fmt: skip
    case = Case.objects.get(pk=contact.case_id)
    household = case.household
    update_household(
        household=household, name=household.name, area=worker.agency.area, postal_code="518-0999", address=ADDRESS,
        phone=PHONE, version=household.version, actor=worker.actor, at=at,
    )  # fmt: skip
    note = write_note(
        case=case, actor=worker.actor, at=at, request_key=uuid4(),
        data=NoteData(started_at=at - timedelta(hours=5), minutes=15, way="phone", text=NOTE + HERE,
                      counterpart=HERE, next_on=timezone.localdate(at) + timedelta(days=2), next_text=HERE),
    )  # fmt: skip
    item = add_item(
        case=case, data=ItemData("problem", ITEM + HERE, person=case.person), actor=worker.actor, at=at
    )
    plan = start_plan(case=case, actor=worker.actor, at=at)
    save_plan(
        plan=plan,
        data=PlanData(
            hope=HERE,
            long_goal=PLAN + HERE,
            short_goal=HERE,
            items=(PlanItemData(problem=HERE, action=HERE, frequency="毎週", doer_text=HERE),),
        ),
        version=plan.version,
        actor=worker.actor,
        at=at,
    )
    ids = {
        "agency": case.lead_agency_id,
        "number": case.number, "household": household.pk, "person": case.person_id, "note": note.pk, "item": item.pk,
        "plan": plan.pk, "receipt": contact.receipt_no, "offices": office, "member": household.members.get().pk,
        "movement": _moved(household, worker, at),
    }  # fmt: skip
    return case, ids | _same_person_twice(case, worker, at) | _outreach(case, worker, at)


def _outreach(case: Case, worker: Persona, at: datetime) -> dict[str, int]:
    """Before, somebody went there unasked; who told of it stays with the desk."""
    begun = begin_outreach(
        data=WorryData(
            described=f"霧の向こうの人{HERE}", worry=TELLER + HERE, source="neighbour", source_name=TELLER, source_contact=PHONE,
            next_on=timezone.localdate(at), next_text=HERE,
        ),
        actor=worker.actor, at=at - timedelta(hours=3), request_key=uuid4(), person_id=case.person_id,
    )  # fmt: skip
    record_attempt(
        outreach=begun, actor=worker.actor, at=at, request_key=uuid4(),
        data=AttemptData(started_at=at - timedelta(hours=2), way="home_visit", answer="voice", note=TRIED + HERE,
                         next_on=timezone.localdate(at)),
    )  # fmt: skip
    agree_to_support(outreach=begun, agreed_on=timezone.localdate(at), how=HERE, actor=worker.actor, at=at)
    return {"outreach": begun.pk}


def _moved(household: Household, worker: Persona, at: datetime) -> int:
    moved = Moved(
        on=timezone.localdate(at), people=tuple(household.members.values_list("person_id", flat=True))
    )
    kind = MovementKind.FACILITY_IN
    return change_living(household=household, moved=moved, kind=kind, actor=worker.actor, at=at).pk


def _same_person_twice(case: Case, worker: Persona, at: datetime) -> dict[str, int]:
    """The person was registered three times: one of the other records is merged, one is not."""
    twins = []
    for _ in range(2):
        twin = f.make_person(NAME, "菊乃", family_kana="", given_kana="きくの")
        HouseholdMember.objects.create(
            household=case.household,
            person=twin,
            relation="unknown",
            lives_together=False,
            during=(None, None),
        )
        twins.append(twin)
    person = Person.objects.get(pk=case.person_id)
    merge = merge_people(
        kept=person, absorbed=twins[0], versions=(person.version, twins[0].version), data=MergeData(basis="本人"),
        request_key=uuid4(), actor=worker.actor, at=at,
    )  # fmt: skip
    link_people(person=person, other=twins[1], state="possible", reason="同じ声", actor=worker.actor, at=at)
    return {"merge": merge.pk, "twin": twins[1].pk}


def _other_case(stranger: Persona, at: datetime) -> Case:
    person = f.make_person(OTHER_NAME, "椿", family_kana="どうめき", given_kana="つばき")
    other = f.make_case(
        stranger.actor,
        household=f.make_household(f"{OTHER_NAME} 椿 世帯", person=person),
        sectors=(Sector.CHILD,),
    )
    write_note(
        case=other, actor=stranger.actor, at=at, request_key=uuid4(),
        data=NoteData(started_at=at - timedelta(hours=5), minutes=15, way="phone", text=OTHER_NOTE),
    )  # fmt: skip
    return other


def _partners(world: World, worker: Persona, at: datetime) -> None:
    """By consent, by a grant that ended yesterday, asked on consent and not yet answered, asked without consent."""
    case = world.case
    partner = persona(_agency("包括支援センター", AgencyKind.CENTER, sector=Sector.ELDERLY), name="協働 九")
    gone = persona(_agency("もとの協働課"), name="元協働 十")
    asked = persona(_agency("依頼先課", sector=Sector.DISABILITY), name="依頼先 十一")
    blind = persona(_agency("同意なし依頼先", AgencyKind.COUNCIL), name="依頼先 十二")
    scan = SimpleUploadedFile("同意書.pdf", b"%PDF-1.7").read()
    consent = f.give_consent(
        case, worker.actor, partner.agency, gone.agency, asked.agency, witness=WITNESS, at=at,
        given_on=timezone.localdate(at), scan=scan, note=HERE,
    )  # fmt: skip
    case.refresh_from_db()
    for who in (partner, gone):
        referral = _ask(case, worker, who, ASKED_BY_CONSENT, Ground.CONSENT, at)
        from referrals.actions.answer_referral import answer_referral

        answer_referral(referral=referral, event="join", actor=who.actor, at=at)
    for model, target in ((CaseGrant, case), (HouseholdGrant, case.household)):
        model.objects.filter(content_object=target, group_id=gone.agency.group_id).update(
            ends_at=timezone.now() - timedelta(days=1)
        )
    waiting = _ask(case, worker, asked, ASKED_BY_CONSENT, Ground.CONSENT, at)
    unnamed = _ask(case, worker, blind, ASKED_BLIND, Ground.COORDINATION, at)
    world.add("partner by consent", partner, RECORD)
    # the consent that names it still stands, and so does its own referral; the record is closed
    world.add("grant ended yesterday", gone, {ASKED_BY_CONSENT, NAME})
    world.add("asked on consent", asked, {NAME, ASKED_BY_CONSENT})
    world.add("asked without consent", blind, {ASKED_BLIND})
    for name, office in world.ids["offices"].items():
        world.add(f"director {name}", office, RECORD)
    world.ids |= {"consent": consent.pk, "referral": waiting.pk, "blind_referral": unnamed.pk}
    world.ids |= _outside(case, worker, at)


def _outside(case: Case, worker: Persona, at: datetime) -> dict[str, int]:
    """A partner without an account that has accepted and said something, and a question about room."""
    issued = o.ask(worker.actor, case, at=at)
    answer_page(link=issued.link, event="accept", note=NOTE, at=at)
    question = o.ask_room(worker.actor, [_agency("空きを聞かれた課")], case=case, at=at)
    return {"outside": issued.request.pk, "partner": issued.request.partner_id, "question": question.pk}


def _ask(case: Case, worker: Persona, who: Persona, purpose: str, ground: str, at: datetime) -> Any:
    return send(
        worker.actor, case, who.agency, purpose=purpose + HERE, message=HERE, ground=ground, parts=("basic", "contact"), at=at,
        deadline_at=at + timedelta(days=3),
    )  # fmt: skip


def _sittings(world: World, worker: Persona, at: datetime) -> None:
    """One 支援会議 that sits now, one that is over; the elderly director called both."""
    director = world.ids["offices"][Sector.ELDERLY]
    school = _agency("教育委員会", AgencyKind.SCHOOL_BOARD)
    guests = {
        name: persona(school if name == "guest in the sitting" else _agency(f"{name}の学校"), Role.CONFERENCE_GUEST, name=who)
        for name, who in (("guest in the sitting", "客員 十三"), ("guest after the sitting", "客員 十四"))
    }  # fmt: skip
    made = {}
    for name, topic in (("guest in the sitting", TOPIC), ("guest after the sitting", OLD_TOPIC)):
        conference = c.convene(
            director.actor,
            kind="support",
            invite=(guests[name].agency,),
            at=at,
            starts_at=at + timedelta(hours=1),
        )
        item = c.put(
            conference,
            world.case,
            director.actor,
            topic=topic + HERE,
            situation=topic + HERE,
            request_text=HERE,
        )
        c.accept(conference, guests[name].actor)
        made[name] = (c.sit(conference, director.actor), item)
    sitting, item = made["guest in the sitting"]
    decision = c.decide(
        item, school, guests["guest in the sitting"].staff, director.actor, text=DECISION + HERE
    )
    over, _ = made["guest after the sitting"]
    c.conclude_item(item=over.agenda.get(), conclusion=OLD_TOPIC + HERE, actor=director.actor, at=at)
    Conference.objects.filter(pk=over.pk).update(started_at=at - timedelta(hours=2))
    over.refresh_from_db()
    c.close_conference(conference=over, summary=OLD_TOPIC + HERE, actor=director.actor, at=at)
    world.add("director elderly", director, RECORD | {TOPIC, DECISION, OLD_TOPIC})
    world.add(
        "guest in the sitting", guests["guest in the sitting"], {NAME, TOPIC, DECISION, NOTE, ITEM, PLAN}
    )
    world.add("guest after the sitting", guests["guest after the sitting"])
    world.ids |= {
        "conference": sitting.pk, "over": over.pk, "agenda": item.pk, "decision": decision.pk,
        "seat": c.seat(sitting, school).pk,
    }  # fmt: skip


def _team_sitting(world: World, worker: Persona, at: datetime) -> None:
    """A team meeting that is over, on consent: the partner whom the consent names sat there, and one whom it does not."""
    partner, unnamed = world.people["partner by consent"], world.people["asked without consent"]
    meeting = c.convene(
        worker.actor,
        title="打合せ",
        invite=(partner.agency, unnamed.agency),
        at=at,
        starts_at=at + timedelta(hours=1),
    )
    item = c.put(meeting, world.case, worker.actor, topic=TEAM_TOPIC + HERE, ground=Ground.CONSENT)
    c.sit(meeting, worker.actor)
    c.conclude_item(item=item, conclusion=TEAM_RESULT + HERE, actor=worker.actor, at=at)
    meeting.refresh_from_db()
    c.close_conference(
        conference=meeting, summary=f"1. {TEAM_TOPIC}（{world.case.number}）\n　結論：{TEAM_RESULT}{HERE}",
        actor=worker.actor, at=at, started_at=at - timedelta(hours=3), ended_at=at - timedelta(minutes=150),
    )  # fmt: skip
    for name in ("lead worker", "colleague", "manager", "partner by consent"):
        world.may[name] |= {TEAM_TOPIC, TEAM_RESULT}
    world.ids |= {"meeting": meeting.pk, "partner": partner.staff.pk}
    _preparing(world, worker, partner, unnamed, at)


@cache
def _paper() -> bytes:
    """A copy of a hand-out, laid out once."""
    return html_to_pdf(f"<p>{TEAM_TOPIC}</p>")


def _preparing(world: World, worker: Persona, partner: Persona, unnamed: Persona, at: datetime) -> None:
    """The next team meeting, with the partner's 準備シート handed in, and an issue that the case is behind."""
    meeting = c.convene(
        worker.actor, title="次の打合せ", kind="area", invite=(partner.agency, unnamed.agency), at=at,
        starts_at=at + timedelta(days=2),
    )  # fmt: skip
    item = c.put(meeting, world.case, worker.actor, topic=TEAM_TOPIC + HERE, ground=Ground.CONSENT)
    ask_sheets(conference=meeting, actor=worker.actor, at=at)
    sheet = PrepSheet.objects.get(
        agenda_item=item
    )  # the one agency that the consent does not name is not asked
    write_sheet(
        sheet=sheet, answers={"situation": SHEET + HERE, "requests": SHEET + HERE}, version=sheet.version, hand_in=True,
        entries=[Dated(date(2018, 1, 1), "year", YEARS + HERE)], actor=partner.actor, at=at,
    )  # fmt: skip
    issue = raise_issue(
        title="団地に買い物の足がない", theme="shopping", area=None, description="", cases=[world.case],
        actor=worker.actor, at=at,
    )  # fmt: skip
    on_agenda = put_issue(conference=meeting, issue=issue, topic="", minutes=10, actor=worker.actor, at=at)
    packet = order_packet(conference=meeting, actor=worker.actor, at=at)
    packet.copies.update(state="made", made_at=at, pdf=_paper())  # laying out real ones takes seconds a world
    packet.state, packet.ended_at = "done", at
    packet.save(update_fields=["state", "ended_at"])
    _, token = make_feed(actor=partner.actor, at=at)
    for name in ("lead worker", "colleague", "manager", "partner by consent"):
        world.may[name] |= {SHEET, YEARS}
    world.ids |= {
        "next meeting": meeting.pk, "next item": item.pk, "sheet": sheet.pk, "packet": packet.pk, "token": token,
        "partner seat": c.seat(meeting, partner.agency).pk,
        "issue": issue.pk, "issue link": issue.links.get().pk, "issue item": on_agenda.pk,
    }  # fmt: skip


def _glass_breakers(world: World, at: datetime) -> None:
    for name, opened in (
        ("broke the glass", timezone.now()),
        ("glass closed again", timezone.now() - timedelta(hours=2)),
    ):
        who = persona(_agency(f"{name}の課"), name=f"緊急 {len(name)}")
        row = break_glass(
            person=world.case.person, reason="life", text=f"新聞がたまり、呼んでも返事がないと通報があった{HERE}。", actor=who.actor,
            at=opened, request_key=uuid4(),
        )  # fmt: skip
        world.add(name, who, RECORD if name == "broke the glass" else frozenset())
        world.ids[name] = row.pk


def _leavers(world: World, desk: Any) -> None:
    """A former member of the desk, and one who comes tomorrow."""
    today = timezone.localdate()
    gone = persona(desk, name="元職員 十五")
    Appointment.objects.filter(staff=gone.staff).update(during=(date(2024, 4, 1), today))
    world.add("former member", gone)
    coming = persona(desk, name="着任前 十六", since=today + timedelta(days=1))
    world.add("member from tomorrow", coming)


def _denied(world: World, worker: Persona, desk: Any, at: datetime) -> None:
    people = world.people
    for name, agency, role in (
        ("denied colleague", desk, Role.DESK_WORKER),
        ("denied manager", desk, Role.AGENCY_MANAGER),
        ("denied at the asked agency", people["asked on consent"].agency, Role.DESK_WORKER),
        ("denied manager of the partner", people["partner by consent"].agency, Role.AGENCY_MANAGER),
        ("denied in the sitting", people["guest in the sitting"].agency, Role.DESK_WORKER),
    ):
        who = persona(agency, role, name=f"近親 {name}")
        deny_staff(
            household=world.case.household,
            staff=who.staff,
            reason="relative",
            note="",
            actor=worker.actor,
            at=at,
        )
        world.add(name, who)
