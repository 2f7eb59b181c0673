"""Three small municipalities that split the same kind of work in the seed's three ways, over one quarter.

A町 goes by the minutes of every month, B市 by a study of two months that the third one uses, C市 by dedicated staff, one
of whom works a single minute for somebody else. docs/three-municipalities.md explains every yen. All by the actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actor import Actor, build_actor
from accounts.enums import AgencyKind, Role, Sector
from accounts.models import Agency, Appointment, Area, Staff
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.integrated import LineData, open_year, set_line
from budgets.actions.method_choices import choose_method
from budgets.actions.overheads import OverheadData, enter_overheads
from budgets.actions.personnel_costs import CostLine, set_costs
from budgets.actions.pools import PoolData, ShareData, enter_pool
from budgets.actions.review import answer_finding
from budgets.actions.run_apportionment import lock_month, run_apportionment
from budgets.actions.studies import StudyData, approve_study, create_study
from budgets.actions.work_entries import add_entry
from budgets.enums import FindingKind, Method, OverheadMethod, PoolDriver, RemainderRule, StudySampling
from budgets.masters import load_streams
from budgets.methods.overheads import Centre
from budgets.models import ComplianceFinding, FundingStream, IntegratedGrantLine
from budgets.study_inputs import digest, study_inputs
from common.japan.business_days import is_working_day
from common.japan.fiscal import add_months, fiscal_year, month_first, month_last
from kyosei.approving import approve_everywhere
from kyosei.demo.cast import moment
from kyosei.demo.masters import DEMO_PASSWORD

# of each town: the manager, then the workers
PEOPLE: Final = {
    "a": (("水上 佳代", "みずかみ かよ"), ("楠田 理恵", "くすだ りえ")),
    "b": (
        ("倉本 正樹", "くらもと まさき"), ("矢島 明美", "やじま あけみ"), ("児島 直人", "こじま なおと"), ("早坂 志穂", "はやさか しほ"),
        ("三枝 隆", "さえぐさ たかし"),
    ),
    "c": (("福留 百合子", "ふくとめ ゆりこ"), ("大庭 健", "おおば けん")),
}  # fmt: skip
# vector A: one worker, every month
A_YEN: Final = 412_345
A_MINUTES: Final = {"care": 5_430, "disability_core": 1_860, "child": 720, "poverty": 930, "meeting": 660}
# vector B: four workers over two months; a twelfth of 26,480,000円 a month, to the yen
B_YEN: Final = (551_667, 551_667, 551_667, 551_666)
B_MINUTES: Final = {"care": 52_340, "disability_core": 6_120, "child": 2_880, "poverty": 7_460}
B_THIRD_MONTH: Final = {"care": 24_000, "child": 4_800, "poverty": 5_600}
# vector D: one worker of 専従, and one minute
C_YEN: Final = 412_345
C_MINUTES: Final = {"care": 9_000, "meeting": 600}
REASONS: Final = {
    FindingKind.NO_PERSON: "総合相談と地域の会合の時間。相手は相談票にある",
    FindingKind.DEDICATED: "急な来庁の取次ぎ1分。所長の決裁がある",
}


@dataclass(frozen=True, slots=True)
class Town:
    """One agency with its workers and its manager."""

    agency: Agency
    workers: Sequence[Staff]
    manager: Staff


class Municipalities:
    """Loads the quarter of the three full months before ``today`` into an empty database."""

    def __init__(self, today: date) -> None:
        self.today = today
        last = add_months(month_first(today), -1)
        self.months = (add_months(last, -2), add_months(last, -1), last)
        self.password = make_password(DEMO_PASSWORD)
        self._actors: dict[int, Actor] = {}

    def load(self) -> None:
        """Towns, minutes, costs, methods; the first two months are locked, the third waits for the C市 finding."""
        for year in {fiscal_year(m) for m in self.months}:
            load_streams(year)
        self.area = Area.objects.get_or_create(code="three", defaults={"name": "三つの市町村"})[0]
        office = self._agency("keiri", "福祉総務室 経理係", AgencyKind.FINANCE, "", may_lead=False)
        self.clerk = self._staff("keiri1", "丹羽 一郎", "にわ いちろう", office, Role.FINANCE_CLERK)
        self.second = self._staff("keiri2", "笹岡 双葉", "ささおか ふたば", office, Role.FINANCE_CLERK)
        self.a = self._town("a", "A町 地域包括支援センター", 1)
        self.b = self._town("b", "B市 共生型センター", 4)
        self.c = self._town("c", "C市 地域包括支援センター", 1)
        self._methods()
        for n, month in enumerate(self.months):
            self._record(n, month)
        self._study()
        for month in self.months:
            self._settle(month)
        self._beside(self.months[-1])

    # ── People ──

    def _agency(
        self, code: str, name: str, kind: AgencyKind, sector: str, *, may_lead: bool = True
    ) -> Agency:
        return Agency.objects.create(
            code=f"three-{code}", name=name, short_name=name[:30], kind=kind, sector=sector, area=self.area,
            may_lead=may_lead, group=Group.objects.get_or_create(name=f"agency-three-{code}")[0],
        )  # fmt: skip

    def _staff(self, username: str, name: str, kana: str, agency: Agency, role: Role) -> Staff:
        staff = Staff.objects.create(username=username, name=name, kana=kana, password=self.password)
        Appointment.objects.create(
            staff=staff,
            agency=agency,
            role=role,
            sector=agency.sector,
            during=DateRange(date(2024, 4, 1), None),
        )
        return staff

    def _town(self, code: str, name: str, workers: int) -> Town:
        agency = self._agency(code, name, AgencyKind.CENTER, Sector.ELDERLY)
        people = [
            self._staff(f"{code}-{n}", *PEOPLE[code][n], agency, Role.DESK_WORKER)
            for n in range(1, workers + 1)
        ]
        head = self._staff(f"{code}-cho", *PEOPLE[code][0], agency, Role.AGENCY_MANAGER)
        return Town(agency, people, head)

    def _actor(self, staff: Staff) -> Actor:
        if staff.pk not in self._actors:
            self._actors[staff.pk] = build_actor(staff, on=self.today)
        return self._actors[staff.pk]

    # ── Methods ──

    def _methods(self) -> None:
        at = moment(self.months[0], time(8, 0))
        first, third = self.months[0], self.months[2]
        for town, method, since, basis in (
            (self.a, Method.ACTUAL_MINUTES, first, "監査の指摘を受け、毎月の業務実績による（町長決裁）"),
            (self.b, Method.TIME_STUDY, third, "2か月の業務調査の割合による（部長決裁）"),
            (self.c, Method.DEDICATED, first, "包括的支援事業の専従とする（市長決裁）"),
        ):
            choose_method(
                agency=town.agency,
                method=method,
                valid_from=since,
                basis=basis,
                actor=self._actor(self.clerk),
                at=at,
            )
        care = FundingStream.objects.get(code="care")
        for staff in self.c.workers:
            set_assignment(
                data=AssignmentData(staff, self.c.agency, care, first, qualification="主任介護支援専門員"),
                actor=self._actor(self.clerk), at=at,
            )  # fmt: skip

    def _study(self) -> None:
        first, second, third = self.months
        at = moment(self.today, time(8, 0))
        study = create_study(
            data=StudyData(
                "B市 2か月の業務調査", StudySampling.CONTINUOUS, first, month_last(second), third, add_months(third, 9),
                "B市 福祉部長決裁",
            ),
            members=[(s, self.b.agency) for s in self.b.workers], actor=self._actor(self.clerk), at=at,
        )  # fmt: skip
        approve_study(
            study=study, expected_hash=digest(study_inputs(study)), actor=self._actor(self.clerk), at=at
        )

    # ── Minutes ──

    def _record(self, n: int, month: date) -> None:
        self._fill(self.a.workers[0], month, A_MINUTES)
        shares = B_MINUTES if n < 2 else B_THIRD_MONTH
        parts = 2 * len(self.b.workers) if n < 2 else len(self.b.workers)
        for place, staff in enumerate(self.b.workers):
            own = place + (n * len(self.b.workers) if n < 2 else 0)
            self._fill(staff, month, {code: split(total, parts)[own] for code, total in shares.items()})
        self._fill(self.c.workers[0], month, C_MINUTES)
        if n == 2:
            self._one_minute(month)

    def _fill(self, staff: Staff, month: date, minutes: Mapping[str, int]) -> None:
        """The working days of the month from 8:30 on, evenly, one kind of work after the other."""
        days = [
            d
            for n in range(31)
            if (d := month + timedelta(days=n)) <= month_last(month) and is_working_day(d)
        ]
        queue = [(code, n) for code, n in minutes.items() if n]
        for day, room in zip(days, split(sum(minutes.values()), len(days)), strict=True):
            at = moment(day, time(8, 30))
            while room and queue:
                code, left = queue.pop(0)
                part = min(left, room)
                at = self._add(staff, at, part, code)
                room -= part
                if left > part:
                    queue.insert(0, (code, left - part))

    def _add(self, staff: Staff, low: datetime, minutes: int, code: str, note: str = "") -> datetime:
        high = low + timedelta(minutes=minutes)
        add_entry(
            starts_at=low, minutes=minutes, category_code=code, note=note, actor=self._actor(staff), at=high
        )  # fmt: skip
        return high

    def _one_minute(self, month: date) -> None:
        """The C市 case: one minute for a child, on the last working day."""
        day = next(d for n in range(31) if is_working_day(d := month_last(month) - timedelta(days=n)))
        self._add(self.c.workers[0], moment(day, time(19, 0)), 1, "child", "子どもの相談の取次ぎ")

    # ── Money ──

    def _costs(self) -> Iterable[CostLine]:
        yield CostLine(self.a.workers[0], self.a.agency, A_YEN, by_items(A_YEN))
        for staff, yen in zip(self.b.workers, B_YEN, strict=True):
            yield CostLine(staff, self.b.agency, yen, by_items(yen))
        yield CostLine(self.c.workers[0], self.c.agency, C_YEN, by_items(C_YEN))

    def _settle(self, month: date) -> None:
        clerk = self._actor(self.clerk)
        at = moment(self.today, time(8, 30))
        set_costs(month=month, lines=list(self._costs()), actor=clerk, at=at)
        run = run_apportionment(month=month, rule=RemainderRule.LARGEST_REMAINDER, actor=clerk, at=at)
        is_last = month == self.months[2]
        for finding in ComplianceFinding.objects.filter(month=month).waiting().order_by("pk"):
            if not (is_last and finding.kind == FindingKind.DEDICATED):
                answer_finding(finding=finding, answer=REASONS[FindingKind(finding.kind)], actor=clerk, at=at)
        if not is_last:
            approve_everywhere(month, clerk, at)
            lock_month(month=month, actor=clerk, at=at, expected_hash=run.input_hash)

    def _beside(self, month: date) -> None:
        """A pool, overheads and 重層 of the third month: the methods that are not of one worker's minutes."""
        clerk, at = self._actor(self.clerk), moment(self.today, time(8, 40))
        streams = {s.code: s for s in FundingStream.objects.all()}
        users = (("prevention", 340), ("child_base", 210), ("disability", 50))
        enter_pool(
            data=PoolData(
                "つどいの広場（一体的実施）", month, month, 1_200_000, PoolDriver.USERS, "", RemainderRule.LARGEST_REMAINDER,
                month_last(month), "福祉部長 決裁第12号",
            ),
            shares=[ShareData(streams[code], Fraction(n), "利用者名簿の延べ人数") for code, n in users],
            actor=clerk, at=at,
        )  # fmt: skip
        care, child, other = (streams[c].pk for c in ("care", "child", "disability"))
        enter_overheads(
            data=OverheadData(
                month, OverheadMethod.STEP_DOWN,
                [Centre("A", "総務", 100_000, {care: 2, child: 2}, {"B": 1}),
                 Centre("B", "車両", 60_000, {care: 2, other: 1}, {"A": 1})],
                ["A", "B"], RemainderRule.LARGEST_REMAINDER, month_last(month), "総務課長",
            ),
            actor=clerk, at=at,
        )  # fmt: skip
        year = fiscal_year(month)
        open_year(year=year, actor=clerk, at=at)
        line = IntegratedGrantLine.objects.get(fiscal_year=year, code="counsel_poverty")
        set_line(
            line=line,
            data=LineData(
                line.version, line.rate, 5_000_000, 5_120_000, 300_000, 4_876_543, 3_600_000, line.source, needs_check=True
            ),
            actor=clerk, at=at,
        )  # fmt: skip


def split(total: int, parts: int) -> list[int]:
    """Whole numbers that add up to ``total``, the larger ones first."""
    whole, rest = divmod(total, parts)
    return [whole + (n < rest) for n in range(parts)]


def by_items(yen: int) -> dict[str, int]:
    """給料, 手当 and 共済費 of a cost."""
    salary, insurance = yen * 65 // 100, yen * 15 // 100
    return {"salary": salary, "allowance": yen - salary - insurance, "insurance": insurance}
