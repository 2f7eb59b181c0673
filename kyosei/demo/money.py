"""Minutes and money of the demo: months filled by hand, personnel costs, locked months, budgets and a claim."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Final

from accounts.actor import Actor, build_actor
from accounts.models import Appointment, Staff
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.claims import ClaimData, file_claim, save_claim
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.review import answer_finding
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.actions.stream_budgets import save_budget, spread
from budgets.actions.studies import StudyData, approve_study, create_study
from budgets.actions.work_entries import add_entry
from budgets.duty import Stretch, duty_hours, without
from budgets.enums import CategoryKind, FindingKind, RemainderRule, StudySampling
from budgets.masters import load_streams
from budgets.models import ComplianceFinding, FundingStream, WorkEntry
from budgets.settlement.actuals import month_actuals, year_months
from budgets.settlement.inputs import claim_inputs, share_changes
from budgets.study_inputs import digest, study_inputs
from common.japan.business_days import is_working_day
from common.japan.fiscal import add_months, fiscal_year, fiscal_year_label, month_first, month_last
from common.japan.wareki import format_wareki_month
from kyosei.approving import approve_everywhere
from kyosei.demo.casework import request_key
from kyosei.demo.cast import Cast, moment
from kyosei.demo.texts import FIELD_WORK, OFFICE_WORK

CLERK: Final = "keiri1"
# whose time is complete to the minute: in the month before the last full one, and in the last one
COMPLETE: Final = (("hokenshitsu-01", "konkyu"), ("hokenshitsu-01", "hokenshitsu-02", "konkyu", "houkatsu"))
DIRECT: Final = {
    "houkatsu": ("care", "care", "care_plan", "prevention"), "konkyu": ("poverty", "poverty", "participation"),
    "shogai": ("disability", "disability_core"), "kodomo": ("child", "child_base"), "kyoiku": ("general", "child"),
    "korei": ("care", "life_support"), "shakyo": ("community", "poverty", "life_support"), "kikan": ("disability_core",),
}  # fmt: skip
DESK_DIRECT: Final = ("care", "multi", "community", "outreach")
REASONS: Final = {
    FindingKind.NO_PERSON: "地域の見守り会議と関係づくりの時間。相手は会議の記録にある",
    FindingKind.DEDICATED: "災害時の応援。室長の決裁がある",
    FindingKind.DOUBLE: "共通経費の総費用から人件費を除いて精算する",
    FindingKind.JUMP: "担当の地区が変わったため",
    FindingKind.NOT_DEDICATED: "兼務の職員の従事した分だけを対象経費とする",
    FindingKind.ACTIVITY: "県に確認し、対象の活動に含めてよいとの回答",
    FindingKind.COPIED: "毎週同じ曜日の相談会。参加者名簿で確かめた",
}
# a year's budget against what its locked months let expect, in percent: enough, short, about right, much left over
PLANNED: Final = (108, 92, 101, 140)
FORMER: Final = ClaimData(
    other_yen=18_642_310, income_yen=120_000, granted_yen=14_100_000,
    note="{year}はこのシステムの前の年度のため、経費の全部を前の台帳から人件費のほかの事業費に入れた",
)  # fmt: skip
_LEAVE_EVERY: Final = 17  # one working day in so many is a day of leave


class Ledger:
    """Fills and settles the months before today."""

    def __init__(self, today: date) -> None:
        self.today, self.cast = today, Cast(today)
        self.clerk = self.cast.actor(CLERK)
        self._actors: dict[int, Actor] = {}

    def settle(self) -> None:
        """Complete two months; lock all months with entries but the last full one, which is only computed."""
        last = add_months(month_first(self.today), -1)
        months = sorted({month_first(d) for d in WorkEntry.objects.values_list("worked_on", flat=True)})
        for month in (m for m in months if m <= last):
            for agencies, filled in zip(COMPLETE, (add_months(last, -1), last), strict=True):
                for staff in self._workers(agencies) if month == filled else ():
                    self._fill(staff, month)
            self._make_direct(month)
            at = moment(add_months(month, 1) + timedelta(days=9), time(16, 0))
            at = min(at, moment(self.today, time(8, 0)))
            set_costs(month=month, lines=self._costs(month), actor=self.clerk, at=at)
            run = run_apportionment(
                month=month,
                rule=RemainderRule.LARGEST_REMAINDER,
                actor=self.clerk,
                at=at + timedelta(minutes=20),
            )
            if month < last:
                self._explain(month, at + timedelta(minutes=40))
                approve_everywhere(month, self.clerk, at + timedelta(minutes=45))
                lock_month(
                    month=month, actor=self.clerk, at=at + timedelta(minutes=50), expected_hash=run.input_hash
                )

        self._three_ways(last)

    def plan(self) -> None:
        """The budgets of the year's streams, and the claim of the former year where its months do not stand open."""
        at, year = moment(self.today, time(8, 40)), fiscal_year(self.today)
        actual: dict[int, int] = defaultdict(int)
        months = set()
        for row in month_actuals(self.clerk, year):
            actual[row.stream_id] += row.yen
            months.add(row.month)
        for n, stream in enumerate(FundingStream.objects.filter(pk__in=actual).order_by("position", "code")):
            total = (
                actual[stream.pk] * 12 // len(months) * PLANNED[n % len(PLANNED)] // 100 // 10_000 * 10_000
            )
            save_budget(
                stream=stream, fiscal_year=year, months=spread(total), version=0, actor=self.clerk, at=at
            )
        if not year_months(self.clerk, year - 1).opened:
            self._claim(year - 1, at + timedelta(minutes=10))

    def _claim(self, year: int, at: datetime) -> None:
        """生活困窮 of a year that this program does not hold, from the former ledger, as its note says."""
        load_streams(year)
        data = replace(FORMER, note=FORMER.note.format(year=fiscal_year_label(year)))
        claim = save_claim(
            stream=FundingStream.objects.get(code="poverty"), fiscal_year=year, data=data, version=0, actor=self.clerk, at=at
        )  # fmt: skip
        shown = claim_inputs(
            self.clerk, claim, month_actuals(self.clerk, year), share_changes(self.clerk, year)
        )
        file_claim(
            claim=claim,
            typed=None,
            expected_hash=shown.digest(),
            actor=self.clerk,
            at=at + timedelta(minutes=5),
        )

    def _explain(self, month: date, at: datetime) -> None:
        """What the computation asked about gets its reason before the lock, as a clerk would write it down."""
        for finding in ComplianceFinding.objects.filter(month=month).waiting().order_by("pk"):
            answer_finding(
                finding=finding, answer=REASONS[FindingKind(finding.kind)], actor=self.clerk, at=at
            )

    def _three_ways(self, last: date) -> None:
        """What the comparison page needs: an approved study of two months, and staff who serve one stream alone."""
        people = [(s, agency) for s in self._workers(COMPLETE[0]) if (agency := self._actor(s).agency)]
        study = create_study(
            data=StudyData(
                name=f"{format_wareki_month(add_months(last, -1))}から2か月の業務調査", sampling=StudySampling.CONTINUOUS,
                starts_on=add_months(last, -1), ends_on=month_last(last), covers_from=last, covers_to=add_months(last, 5),
                basis="福祉総務室長決裁（業務調査の実施について）",
            ),
            members=people, actor=self.clerk, at=moment(self.today, time(8, 10)),
        )  # fmt: skip
        approve_study(
            study=study,
            expected_hash=digest(study_inputs(study)),
            actor=self.clerk,
            at=moment(self.today, time(8, 20)),
        )
        care = FundingStream.objects.get(code="care")
        staff = self._dedicated
        agency = self._actor(staff).agency
        if agency is not None:
            set_assignment(
                data=AssignmentData(staff, agency, care, last, qualification="主任介護支援専門員"), actor=self.clerk,
                at=moment(self.today, time(8, 30)),
            )  # fmt: skip

    @cached_property
    def _dedicated(self) -> Staff:
        """The first of the centre: paid for people of 65 and over alone, as in C市."""
        return self._workers(("houkatsu",))[0]

    def _workers(self, agencies: tuple[str, ...]) -> list[Staff]:
        appointments = Appointment.objects.current(self.today).filter(agency__code__in=agencies)
        return list(Staff.objects.filter(pk__in=appointments.values("staff_id")).order_by("pk"))

    def _actor(self, staff: Staff) -> Actor:
        if staff.pk not in self._actors:
            self._actors[staff.pk] = build_actor(staff, on=self.today)
        return self._actors[staff.pk]

    def _fill(self, staff: Staff, month: date) -> None:
        """Every free stretch of the worker's duty in the month: meetings, training, travel, office and field work."""
        busy: dict[date, list[Stretch]] = defaultdict(list)
        rows = WorkEntry.objects.filter(
            staff=staff, worked_on__gte=month, worked_on__lt=add_months(month, 1)
        ).order_by("during")
        for row in rows:
            busy[row.worked_on].append((row.during.lower, row.during.upper))
        day, n = month, staff.pk
        while day < add_months(month, 1):
            free = without(duty_hours().stretches(day), busy[day]) if is_working_day(day) else []
            is_leave = not busy[day] and n % _LEAVE_EVERY == 0
            for low, high in free:
                n = self._leave(staff, low, high, n) if is_leave else self._stretch(staff, low, high, n)
            day += timedelta(days=1)
            n += 1

    def _leave(self, staff: Staff, low: datetime, high: datetime, n: int) -> int:
        self._add(staff, low, high, "leave", "年次休暇")
        return n

    def _stretch(self, staff: Staff, low: datetime, high: datetime, n: int) -> int:
        """Cut a free stretch into a piece of shared work and the rest of direct work."""
        while low < high:
            n += 1
            code, note, minutes = OFFICE_WORK[n % len(OFFICE_WORK)]
            if n % 2:
                own = self._direct_of(staff)
                code, note, minutes = own[n // 2 % len(own)], FIELD_WORK[n % len(FIELD_WORK)], 210
            end = low + timedelta(minutes=minutes)
            if high - end < timedelta(minutes=50):
                end = high
            self._add(staff, low, end, code, note)
            low = end
        return n

    def _direct_of(self, staff: Staff) -> tuple[str, ...]:
        if staff == self._dedicated:
            return ("care", "life_support")
        agency = self._actor(staff).agency
        return DIRECT.get(agency.code, DESK_DIRECT) if agency else DESK_DIRECT

    def _add(self, staff: Staff, low: datetime, high: datetime, code: str, note: str) -> None:
        add_entry(
            starts_at=low, minutes=int((high - low).total_seconds() // 60), category_code=code, note=note,
            actor=self._actor(staff), at=high, request_key=request_key("work", staff.username, low.isoformat()),
        )  # fmt: skip

    def _make_direct(self, month: date) -> None:
        """Whoever has only shared minutes in a month (a conference) enters the work that it was for."""
        rows = WorkEntry.objects.filter(worked_on__gte=month, worked_on__lt=add_months(month, 1))
        direct = rows.filter(category__kind=CategoryKind.DIRECT).values("staff_id")
        for staff in (
            Staff.objects.filter(pk__in=rows.values("staff_id")).exclude(pk__in=direct).order_by("pk")
        ):
            last = rows.filter(staff=staff).order_by("-during")[0]
            low = last.during.upper
            self._add(staff, low, low + timedelta(minutes=40), self._direct_of(staff)[0], FIELD_WORK[5])

    def _costs(self, month: date) -> list[CostLine]:
        """Whole yen of everybody who recorded minutes, different for everybody and a little for every month."""
        rows = WorkEntry.objects.filter(worked_on__gte=month, worked_on__lt=add_months(month, 1))
        staff = Staff.objects.filter(pk__in=rows.values("staff_id")).order_by("pk")
        lines = []
        for person in staff:
            agency = self._actor(person).agency
            assert agency is not None
            yen = 268_000 + person.pk * 7_919 % 181_000 + month.month * 1_237 % 9_000
            lines.append(CostLine(staff=person, agency=agency, yen=yen))
        return lines
