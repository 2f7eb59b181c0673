"""Rows of cases: team, grants, consultations, notes, items, plans, referrals and conferences of one chunk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Final

from accounts.enums import Ground, Sector
from cases.models import (
    AssessmentItem,
    Case,
    CaseGrant,
    CasePartner,
    Consultation,
    ConsultationConcern,
    FollowUp,
    IndexedText,
    PlanItem,
    ProgressNote,
    SupportPlan,
    WatchCycle,
)
from common.japan.fiscal import fiscal_year
from common.japan.names import bigram_codes, fold_text
from kyosei.bench.masters import City, Office
from kyosei.bench.people import Home
from kyosei.bench.sheets import Sheet, array
from kyosei.bench.texts import CONTACTS, GOALS, NOTES, PROBLEMS, STRENGTHS, TOWNS
from kyosei.demo.names import FAMILY_NAMES

WAYS: Final = ("phone",) * 5 + ("home_visit",) * 3 + ("visit_desk",) * 3 + ("accompany", "agency", "mail")
SECTORS: Final = tuple(s.value for s in Sector if s != Sector.GAP)
SAYS_A_NAME: Final = 0.3  # of notes: somebody's name and a place
_SENTENCE: Final = re.compile("[^。]*。?")
MINUTES: Final = (10, 15, 15, 20, 20, 30, 30, 40, 45, 60, 60, 90, 120)


@cache
def _folded(sentence: str) -> str:
    return fold_text(sentence)


@dataclass(slots=True)
class Work:
    """A case while its chunk is made."""

    pk: int
    home: Home
    is_open: bool
    lead: Office
    lead_staff: int
    sectors: list[str]
    opened: datetime
    until: datetime
    partners: list[Office]
    last: datetime
    notes: int = 0


def office_time(rng: Random, first: datetime, last: datetime) -> datetime:
    """A moment in office hours of a weekday between two moments."""
    at = first + (last - first) * rng.random()
    at = at.replace(
        hour=rng.randrange(9, 17), minute=rng.choice((0, 10, 15, 20, 30, 40, 45)), second=0, microsecond=0
    )
    at -= timedelta(days=max(at.weekday() - 4, 0))
    return min(max(at, first), last)


def sentences(rng: Random, pool: tuple[str, ...]) -> str:
    """One to several sentences, mostly few; a long record now and then."""
    count = min(1 + int(rng.expovariate(0.55)), 14)
    return "\\n".join("".join(rng.choices(pool, k=min(3, count - start))) for start in range(0, count, 3))


def key(rng: Random) -> str:
    return f"{rng.getrandbits(128):032x}"


class CaseSheets:
    """The tables of casework and what fills them."""

    def __init__(self, city: City, rng: Random, now: datetime) -> None:
        self.city, self.rng, self.now, self.today = city, rng, now, now.date()
        self.cases = Sheet(
            Case, "id", "number", "household_id", "person_id", "state", "lead_agency_id", "lead_staff_id", "lead_since",
            "sectors", "consent", "opened_at", "last_contact_at", "next_on", "next_text", "closed_at", "closed_by_id",
            "closing_kind", "closing_reason_id", "follow_up_on",
        )  # fmt: skip
        self.grants = Sheet(
            CaseGrant, "permission_id", "group_id", "ground", "basis_type", "basis_id", "given_by_id", "given_at",
            "content_object_id",
        )  # fmt: skip
        self.partners = Sheet(CasePartner, "case_id", "agency_id", "staff_id", "since")
        self.cycles = Sheet(
            WatchCycle, "id", "case_id", "state", "every", "first_on", "agency_id", "staff_id", "started_at",
            "started_by_id", "ended_at", "ended_by_id", "end_reason",
        )  # fmt: skip
        self.follow_ups = Sheet(
            FollowUp,
            "case_id",
            "cycle_id",
            "due_on",
            "agency_id",
            "staff_id",
            "done_at",
            "done_by_id",
            "result",
        )
        self.consultations = Sheet(
            Consultation, "id", "receipt_no", "request_key", "agency_id", "staff_id", "started_at", "minutes", "way",
            "route_id", "caller", "text", "is_anonymous", "household_id", "person_id", "case_id", "sectors", "outcome",
        )  # fmt: skip
        self.concerns = Sheet(ConsultationConcern, "consultation_id", "code_id", "is_most_pressing")
        self.notes = Sheet(
            ProgressNote, "id", "case_id", "request_key", "person_id", "agency_id", "staff_id", "started_at", "minutes",
            "way", "text", "written_at",
        )  # fmt: skip
        self.items = Sheet(
            AssessmentItem, "case_id", "person_id", "kind", "code_id", "sector", "text", "agency_id", "staff_id",
            "written_at",
        )  # fmt: skip
        self.plans = Sheet(
            SupportPlan, "id", "case_id", "ordinal", "state", "hope", "long_goal", "short_goal", "starts_on", "ends_on",
            "agency_id", "written_by_id", "written_at", "decided_at", "decided_by_id",
        )  # fmt: skip
        self.texts = Sheet(
            IndexedText, "consultation_id", "note_id", "case_id", "agency_id", "written_at", "folded", "terms"
        )  # fmt: skip
        self.plan_items = Sheet(
            PlanItem,
            "plan_id",
            "position",
            "problem",
            "doer",
            "agency_id",
            "staff_id",
            "action",
            "frequency",
            "due_on",
        )

    def begin(self, pk: int, home: Home, *, is_first: bool) -> Work:
        """Open a case: sectors, lead, partners; a further case of the same household is a former one."""
        rng = self.rng
        is_open = is_first and rng.random() < 0.3
        age = min(rng.expovariate(1 / 150), 900) if is_open else rng.uniform(200, 1500)
        opened = office_time(
            rng, self.now - timedelta(days=age + 4), self.now - timedelta(days=age + 1, hours=1)
        )
        sectors = sorted(rng.sample(SECTORS, rng.choices((1, 2, 3), (60, 28, 12))[0]))
        own = home.desk if rng.random() < 0.55 else rng.choice(self.city.sections[sectors[0]])
        lasts = timedelta(days=rng.uniform(30, 190))
        until = (
            self.now - timedelta(hours=1) if is_open else min(opened + lasts, self.now - timedelta(days=2))
        )
        partners = []
        if rng.random() < 0.3:
            other = rng.choice(self.city.sections[rng.choice(SECTORS)])
            partners = [other] if other.pk != own.pk else []
        return Work(
            pk,
            home,
            is_open,
            own,
            rng.choice(own.staff),
            sectors,
            opened,
            max(until, opened),
            partners,
            opened,
        )

    def finish(self, work: Work) -> None:
        """Write the case with its team and grants, once the last contact is known."""
        rng, closed = self.rng, None if work.is_open else work.until
        next_on = (
            self.today + timedelta(days=rng.randrange(-6, 30))
            if work.is_open and rng.random() < 0.6
            else None
        )
        follow_up = None if closed is None else closed.date() + timedelta(days=90)
        number = f"K{fiscal_year(work.opened.date()) - 2018:02d}-{work.pk:05d}"
        self.cases.add(
            work.pk, number, work.home.pk, work.home.people[0], "open" if work.is_open else "closed", work.lead.pk,
            work.lead_staff, work.opened, array(work.sectors), "yes" if rng.random() < 0.6 else "unknown", work.opened,
            work.last, next_on, "訪問して様子を聞く" if next_on else "", closed, work.lead_staff if closed else None,
            "close" if closed else "", rng.choice(self.city.codes["closing_reason"]) if closed else None, follow_up,
        )  # fmt: skip
        self._grant(work, work.lead, Ground.OWN_DUTY)
        for office in work.partners:
            self.partners.add(work.pk, office.pk, rng.choice(office.staff), work.opened)
            self._grant(work, office, Ground.PARTICIPATION)
        if len(work.sectors) > 1:
            for sector in work.sectors:
                self._grant(work, self.city.directors[sector], Ground.COORDINATION)
        if follow_up and follow_up > self.today - timedelta(days=400):
            is_done = follow_up < self.today - timedelta(days=5) or rng.random() < 0.3
            done = datetime.combine(follow_up, work.opened.timetz()) if is_done else None
            self.cycles.add(
                work.pk, work.pk, "ended" if is_done else "running", "3", follow_up, work.lead.pk, work.lead_staff, closed,
                work.lead_staff, done, work.lead_staff if done else None, "finished" if done else "",
            )  # fmt: skip
            self.follow_ups.add(
                work.pk, work.pk, follow_up, work.lead.pk, work.lead_staff, done, work.lead_staff if done else None,
                "stable" if done else "",
            )  # fmt: skip

    def _grant(self, work: Work, office: Office, ground: Ground) -> None:
        basis = ("cases.case", str(work.pk))
        self.grants.add(
            self.city.case_permission, office.group, ground, *basis, work.lead_staff, work.opened, work.pk
        )
        work.home.groups.setdefault(office.group, (ground, *basis))

    def consultation(self, pk: int, work: Work | None, home: Home | None) -> None:
        """One contact: of a case, of a household that needed no more, or of nobody known."""
        rng = self.rng
        office = work.lead if work else home.desk if home else rng.choice(self.city.offices)
        at = (
            office_time(rng, work.opened, work.until)
            if work
            else office_time(rng, self.now - timedelta(days=730), self.now)
        )
        if home and not work:
            home.groups.setdefault(office.group, (Ground.OWN_DUTY, "households.household", str(home.pk)))
        codes = rng.sample(self.city.concerns, rng.choices((1, 2, 3, 4), (45, 33, 15, 7))[0])
        sectors = work.sectors if work else sorted({s for _, many in codes for s in many})
        text = sentences(rng, CONTACTS)
        self._index(pk, None, work.pk if work else None, office.pk, at, text)
        self.consultations.add(
            pk, f"U{fiscal_year(at.date()) - 2018:02d}-{pk:05d}", key(rng), office.pk, rng.choice(office.staff), at,
            rng.choice(MINUTES), rng.choice(WAYS), rng.choice(self.city.codes["route"]),
            rng.choice(("self", "self", "self", "family", "family", "neighbour", "commissioner", "agency")),
            text, home is None, home.pk if home else None, home.people[0] if home else None,
            work.pk if work else None, array(sectors), "support" if work else "information",
        )  # fmt: skip
        pressing = rng.random() < 0.7
        for n, (code, _) in enumerate(codes):
            self.concerns.add(pk, code, n == 0 and pressing)

    def note(self, pk: int, work: Work) -> None:
        rng = self.rng
        office = rng.choice(work.partners) if work.partners and rng.random() < 0.25 else work.lead
        staff = work.lead_staff if office is work.lead and rng.random() < 0.8 else rng.choice(office.staff)
        at = office_time(rng, work.opened, work.until)
        work.last = max(work.last, at)
        text = sentences(rng, NOTES)
        if rng.random() < SAYS_A_NAME:
            family = FAMILY_NAMES[int(len(FAMILY_NAMES) * rng.random() ** 2.2)][0]
            text += f"{family}さんに{rng.choice(TOWNS)}の{rng.randrange(1, 7)}丁目で会う。"
        self.notes.add(
            pk, work.pk, key(rng), rng.choice(work.home.people) if rng.random() < 0.7 else None, office.pk, staff, at,
            rng.choice(MINUTES), rng.choice(WAYS), text, at + timedelta(minutes=90),
        )  # fmt: skip
        self._index(None, pk, work.pk, office.pk, at, text)

    def _index(
        self,
        consultation: int | None,
        note: int | None,
        case: int | None,
        agency: int,
        at: datetime,
        text: str,
    ) -> None:
        """The search form of a record's words. A text of many sentences is folded sentence by sentence."""
        folded = "".join(_folded(part) for part in _SENTENCE.findall(text.replace("\\n", "")))
        codes = array([str(code) for code in bigram_codes(folded)])
        self.texts.add(consultation, note, case, agency, at, folded, codes)

    def assess(self, work: Work) -> None:
        """Strengths and wishes first, problems after."""
        rng = self.rng
        for _ in range(rng.randrange(1, 7)):
            is_problem = rng.random() < 0.55
            self.items.add(
                work.pk, rng.choice(work.home.people), "problem" if is_problem else rng.choice(("strength", "wish")),
                rng.choice(self.city.codes["issue"]) if is_problem else None, work.sectors[0],
                rng.choice(PROBLEMS if is_problem else STRENGTHS), work.lead.pk, work.lead_staff, work.opened,
            )  # fmt: skip

    def plan(self, pk: int, work: Work) -> None:
        """One plan of a case: decided for most, still a draft for some open ones."""
        rng = self.rng
        is_draft = work.is_open and rng.random() < 0.25
        state = "draft" if is_draft else "decided" if work.is_open else "evaluated"
        decided = None if is_draft else min(work.opened + timedelta(days=21), work.until)
        start = work.opened.date() + timedelta(days=14)
        self.plans.add(
            pk, work.pk, 1, state, rng.choice(STRENGTHS), rng.choice(GOALS), rng.choice(GOALS), start,
            start + timedelta(days=180), work.lead.pk, work.lead_staff, work.opened, decided,
            None if is_draft else work.lead_staff,
        )  # fmt: skip
        for position in range(rng.randrange(2, 7)):
            self.plan_items.add(
                pk, position, rng.choice(PROBLEMS), "agency", work.lead.pk, work.lead_staff, rng.choice(NOTES)[:-1],
                rng.choice(("週1回", "月1回", "月2回", "随時")), start + timedelta(days=rng.randrange(10, 170)),
            )  # fmt: skip

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        return (
            self.cases, self.grants, self.partners, self.cycles, self.follow_ups, self.consultations, self.concerns, self.notes,
            self.items, self.plans, self.plan_items, self.texts,
        )  # fmt: skip
