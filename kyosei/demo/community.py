"""What agencies do together besides single cases: community issues, a conference about them, 準備シート, the rules of conferences,
the coordination model, questions about room, requests to partners, deputies; by the actions of people at their screens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.utils import timezone

from accounts.actions.absences import enter_absence
from accounts.models import Area
from cases.actions.coordination import set_model
from cases.coordination import Model, Project
from cases.models import Case
from common.japan.business_days import add_working_days
from kyosei.demo.cast import Cast, moment
from referrals.actions.agenda_order import move_item
from referrals.actions.conference_rules import set_rule
from referrals.actions.convene_conference import convene_conference, set_seat
from referrals.actions.issue_agenda import conclude_issue, decide_on_issue, put_issue
from referrals.actions.issues import move_issue, raise_issue
from referrals.actions.prep_sheets import Dated, ask_sheets, see_sheet, write_sheet
from referrals.actions.run_conference import close_conference, start_conference
from referrals.actions.survey import answer_survey
from referrals.actions.transfer_cases import draft_transfer
from referrals.actions.what_if import order_what_if, reckon
from referrals.enums import Attendance
from referrals.models import CommunityIssue, Conference, PrepSheet
from referrals.models.prep_sheet import QUESTIONS
from referrals.models.survey import SURVEY
from referrals.transfer_rules import Rule

_KEY: Final = UUID("4f0d9a55-6a0e-4f4b-9b1f-2f7b6f2c9d31")


@dataclass(frozen=True, slots=True)
class Found:
    """An issue: who raised it how many days ago, from how many of the cases that they see, and its steps (days ago, event, words)."""

    who: str
    ago: int
    theme: str
    area: str
    cases: int
    title: str
    text: str
    steps: tuple[tuple[int, str, str], ...] = ()


ISSUES: Final = (
    Found("houkatsu1", 96, "shopping", "area-07", 7, "坂の上の団地に、買い物の足がない",
          "バス停まで15分の坂がある。店が閉まってから、買い置きだけで過ごす人が増えた。",
          ((70, "consider", "移動販売の事業者と停車の場所を話し合った。"),
           (41, "act", "週二回の移動販売が始まった。停車の場所は三か所。"),
           (6, "measure", "七件のうち五件で、生鮮品を自分で選べるようになった。"))),
    Found("kodomo1", 74, "care", "", 5, "家族の世話をする子どもに、学校の外で話せる大人がいない",
          "朝の介助で遅刻する、部活動をやめた、という話が続いている。本人は困っていると言わない。",
          ((45, "consider", "学校と子ども家庭室で、気づいたときの連絡のしかたを決めた。"),
           (20, "act", "図書室の一角に、週二回、話せる大人がいる時間をつくった。"))),
    Found("hokenshitsu1", 52, "waste", "area-01", 3, "ごみを集積所まで運べない一人暮らしが続いている",
          "階段の上り下りができず、ごみが家にたまる。近所に頼みにくいという。",
          ((18, "consider", "戸別の回収を行う条件を、環境の部署に確かめている。"),)),
    Found("konkyu1", 33, "housing", "", 6, "保証人がいないため、部屋を借りられない",
          "家賃は払えるのに、緊急連絡先がなく断られることが続いた。",
          ((12, "consider", "居住支援法人と、緊急連絡先の引き受けを話し合う。"),)),
    Found("shogai1", 15, "place", "area-04", 2, "人の少ない静かな居場所がない",
          "人の声がつらい人が、日中に過ごせる場所を探している。"),
    Found("hokenshitsu9", 4, "isolation", "area-09", 1, "夏のあいだ、声をかける人がいない家がある",
          "当番が高齢になり、暑い時期の見守りが続かない。"),
)  # fmt: skip

PREP: Final = (
    # the sitting, the story of the item, who writes, four answers, dated events, whether it is handed in and seen
    ("支援会議（12月）", "hokenshitsu10", ("二週間に一度の訪問で、玄関先で話せる。母の疲れが強い。", "訪問、母の話を聞く時間",
     "本人が選べる日中の居場所", "受診の付き添いの分担を決めてほしい"),
     ((date(2019, 4, 1), "year", "勤めを辞める"), (date(2023, 2, 1), "month", "眠れない日が続くようになる")), True, True),
    ("支援会議（12月）", "shogai1", ("手帳の申請を迷っている。", "制度の説明に二度訪問", "医療につながること", "保健所の相談日に合わせて動きたい"),
     ((date(2021, 10, 1), "month", "障害福祉室に母が相談"),), True, False),
    ("重層的", "kodomo1", ("朝の介助は娘が担う日がまだ二日ある。", "週一回の面談、学校との連絡", "娘の朝の時間", "残り二日の朝の体制を決めたい"),
     ((date(2024, 6, 1), "month", "母の病気がわかる"), (date(2025, 4, 1), "month", "娘が高校に入る")), True, False),
    ("重層的", "shakyo1", ("生活福祉資金の返済は遅れていない。", "", "", ""), (), False, False),
)  # fmt: skip


def work_together(cast: Cast, at: datetime) -> None:
    """Everything of this page, after the cases and the sittings are there."""
    _models(cast, at)
    _rules(cast, at)
    issues = [_raise(cast, found) for found in ISSUES]
    _talk_about(cast, issues, at)
    _put_before(cast, issues, at)
    _prepare(cast)
    _deputies(cast, at)
    _april(cast, at)
    order_what_if(actor=cast.actor("director-korei"), at=at)
    reckon(at=at)


def _raise(cast: Cast, found: Found) -> CommunityIssue:
    actor = cast.actor(found.who)
    cases = Case.objects.visible_to(actor).open().order_by("pk")[: found.cases]
    area = Area.objects.filter(code=found.area).first()
    issue = raise_issue(
        title=found.title, theme=found.theme, area=area, description=found.text, actor=actor,
        at=_office_hours(cast, found.ago), cases=list(cases),
    )  # fmt: skip
    for ago, event, note in found.steps:
        move_issue(issue=issue, event=event, note=note, actor=actor, at=_office_hours(cast, ago))
    return issue


def _office_hours(cast: Cast, ago: int, hour: int = 11) -> datetime:
    return moment(cast.day(ago), time(hour))


def _talk_about(cast: Cast, issues: list[CommunityIssue], at: datetime) -> None:
    """地域支援会議 of an evening ten days ago: two issues, what follows, who does it, and how those who came found it."""
    chair = cast.actor("shakyo1")
    start = moment(cast.day(10), time(18, 30))
    people = ("shakyo1", "hokenshitsu1", "konkyu1", "sanka1")
    conference = convene_conference(
        kind="community", title="本町・桜木 地域支援会議", starts_at=start, minutes=75, place="本町市民センター 会議室", sector="",
        actor=chair, request_key=uuid5(_KEY, "community"), at=start - timedelta(days=14),
        invite=[a for who in people if (a := cast.actor(who).agency) is not None],
    )  # fmt: skip
    items = [
        put_issue(conference=conference, issue=issue, topic="", minutes=30, actor=chair, at=start - timedelta(days=12))
        for issue in (issues[2], issues[3])
    ]  # fmt: skip
    for who in people:
        seat = conference.members.get(agency=cast.actor(who).agency_id)
        set_seat(member=seat, staff=cast.staff(who), attendance=Attendance.ATTENDING, actor=chair, at=start)
    start_conference(conference=conference, actor=chair, at=start)
    words = (
        "ごみ出しの当番を地区ごとに決める前に、困っている家の数を民生委員と確かめる。",
        "緊急連絡先の引き受けは、まず三件を試す。",
    )
    tasks = (
        ("sanka1", "地区ごとに困っている家の数を数える", 9),
        ("konkyu1", "居住支援法人との覚書の案をつくる", 16),
    )
    for n, (item, conclusion, (who, text, days)) in enumerate(zip(items, words, tasks, strict=True), start=1):
        doer, when = cast.actor(who), start + timedelta(minutes=30 * n)
        agency, staff = doer.office()
        decide_on_issue(
            item=item, text=text, agency=agency, staff=staff, due_on=timezone.localdate(at) + timedelta(days=days),
            actor=chair, at=when, request_key=uuid5(_KEY, f"task{n}"),
        )  # fmt: skip
        item.refresh_from_db()
        conclude_issue(item=item, conclusion=conclusion, event="", version=item.version, actor=chair, at=when)
    end = start + timedelta(minutes=70)
    close_conference(
        conference=conference,
        summary="二つの地域課題を話し合い、次の一歩と担当を決めた。",
        actor=chair,
        at=end,
    )
    for who, given, comment in (("sanka1", 4, "数える方法から一緒に考えられた。"), ("konkyu1", 3, "")):
        seat = conference.members.get(agency=cast.actor(who).agency_id)
        answer_survey(
            member=seat, answers=dict.fromkeys(SURVEY, given), comment=comment, actor=cast.actor(who),
            at=end + timedelta(hours=15),
        )  # fmt: skip


def _put_before(cast: Cast, issues: list[CommunityIssue], at: datetime) -> None:
    """The area conference of today talks about one issue, between its households."""
    chair = cast.actor("director-korei")
    conference = (
        Conference.objects.visible_to(chair).filter(kind="area", state="planned").order_by("pk").first()
    )
    if conference is not None:
        item = put_issue(
            conference=conference, issue=issues[4], topic="静かに過ごせる場所を、いまある建物から探す", minutes=15,
            actor=chair, at=at - timedelta(days=3),
        )  # fmt: skip
        move_item(item=item, to=2, actor=chair, at=at - timedelta(days=3))


def _prepare(cast: Cast) -> None:
    """準備シート are asked of two sittings; some are handed in, one is seen, one is half written, the others wait."""
    asked_at, written_at = _office_hours(cast, 6, 10), _office_hours(cast, 4, 14)
    for word, who in (("支援会議（12月）", "director-shogai"), ("重層的", "director-jido")):
        conference = Conference.objects.filter(title__startswith=word, state="planned").first()
        if conference is not None:
            ask_sheets(conference=conference, actor=cast.actor(who), at=asked_at)
    for n, (word, who, said, events, hand_in, seen) in enumerate(PREP):
        actor = cast.actor(who)
        sheet = (
            PrepSheet.objects.visible_to(actor)
            .filter(agenda_item__conference__title__startswith=word, member__agency=actor.agency_id)
            .select_related("agenda_item__conference")
            .order_by("agenda_item__position")
            .first()
        )
        if sheet is None:
            continue
        sheet = write_sheet(
            sheet=sheet, answers=dict(zip(QUESTIONS, said, strict=True)), entries=[Dated(*event) for event in events],
            version=sheet.version, hand_in=hand_in, actor=actor, at=written_at + timedelta(minutes=20 * n),
        )  # fmt: skip
        if seen:
            chair = cast.actor("director-shogai")
            see_sheet(sheet=sheet, actor=chair, at=written_at + timedelta(hours=2))


def _deputies(cast: Cast, at: datetime) -> None:
    """Somebody is at a course today and has a deputy; somebody will be away over New Year."""
    today = timezone.localdate(at)
    new_year = date(today.year, 12, 25)
    for who, deputy, first, days in (("kodomo2", "kodomo1", today, 3), ("shogai2", "shogai1", new_year, 13)):
        actor = cast.actor(who)
        if first >= today:
            enter_absence(
                staff=actor.office()[1], first_on=first, last_on=first + timedelta(days=days), deputy=cast.staff(deputy),
                actor=actor, at=at - timedelta(days=1), request_key=uuid5(_KEY, who),
            )  # fmt: skip


def _rules(cast: Cast, at: datetime) -> None:
    """The municipality's own names: its 支援会議, and a kind of its own for the desks of one district."""
    admin, when = cast.actor("kanri1"), at - timedelta(days=200)
    first = timezone.localdate(when)
    set_rule(
        code="", kind="own", name="まちの保健室 ケース検討会", applies_from=first, is_used=True, conveners=["any"],
        grounds=["participation", "consent"], attends="any", decides=["roles", "plan"], note="月に一度、保健室どうしで開く。",
        actor=admin, at=when,
    )  # fmt: skip
    set_rule(
        code="promotion", kind="promotion", name="包括化推進会議", applies_from=first, is_used=True,
        conveners=["director", "municipal"], grounds=[], attends="any", decides=["issue"], note="年に四回。",
        actor=admin, at=when,
    )  # fmt: skip


def _models(cast: Cast, at: datetime) -> None:
    """名張市's way: one central director at first, later one in each sector."""
    admin = cast.actor("kanri1")
    for n, (model, center, ago, reason) in enumerate((
        (Model.CENTRAL_DIRECTOR, "konkyu", 900, "調整の窓口を一つにして始める"),
        (Model.DIRECTOR_PER_SECTOR, "", 400, "複合ケースが一人に集まったため、分野ごとに置く"),
    )):  # fmt: skip
        when = at - timedelta(days=ago)
        set_model(
            model=model, starts_on=add_working_days(timezone.localdate(when), 1),
            center=cast.agency(f"director-{center}") if center else None, coordinator_may_lead=False, conference_days=10,
            operators={Project.COOPERATION: [cast.agency("shakyo")], Project.PARTICIPATION: [cast.agency("shakyo")]},
            reason=reason, actor=admin, at=when, request_key=uuid5(_KEY, f"model{n}"),
        )  # fmt: skip


def _april(cast: Cast, at: datetime) -> None:
    """The head of the centre has begun the list of the cases that go to others in spring."""
    head = cast.actor("kancho1")
    today = timezone.localdate(at)
    spring = date(today.year + (today.month >= 4), 4, 1)
    targets = tuple(cast.staff(who).pk for who in ("houkatsu1", "houkatsu3", "houkatsu4"))
    draft_transfer(
        rule=Rule(targets=targets), effective_on=spring,
        note="四月の異動の案。本人には三月の訪問で伝える。", actor=head, at=at - timedelta(days=1), request_key=uuid5(_KEY, "april"),
    )  # fmt: skip
