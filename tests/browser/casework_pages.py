"""Every page of casework by the name of its address, in a world in which each has something to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

from django.utils import timezone

from cases.actions.break_glass import break_glass
from cases.actions.closing import ClosingData, close_case
from cases.actions.outreach import AttemptData, WorryData, begin_outreach, record_attempt
from cases.actions.plan import start_plan
from cases.actions.silent_risks import refresh_all
from cases.actions.team import FORMER_LEAD
from cases.models import (
    AssessmentItem,
    BreakGlass,
    Case,
    CasePartner,
    Code,
    Consultation,
    FollowUp,
    Outreach,
    ProgressNote,
    SilentRisk,
    SupportPlan,
)
from households.actions.link_people import link_people
from households.actions.merge_people import MergeData, merge_people
from households.enums import LinkState
from households.models import HouseholdMovement, Person, PersonMerge
from tests import factories as f
from tests.cases import stream as st
from tests.conftest import Persona

# namespaces of the addresses that belong to casework ("" stands for the pages that join several apps)
NAMESPACES = ("households", "cases", "consultations", "outreach", "worries", "break_glass")
JOINED = ("home", "search", "search_texts")
# what answers a GET and is no page; a GET of the rest is refused (405) and needs no word here
NO_PAGES = {
    "households:alike": "a warning inside the forms of new people; test_finding shows it open",
    "consultations:concern_hint": "the side box of 「相談を受ける」, which is open there",
    "consultations:person_find": "options of a combobox; they stand open in test_finding",
    "cases:stream": "rows that join a list of the household's page",
    "cases:stream_text": "the rest of a text in that list",
    "cases:stream_pdf": "a PDF; its page is cases:stream_print",
    "cases:plan_pdf": "a PDF",
    "cases:consent_paper": "a PDF",
    "cases:consent_scan": "the scanned file itself",
    "search_texts": "rows that join the page of the search, which is checked with them",
}


@dataclass(frozen=True, slots=True)
class World:
    """One of everything, seen by one worker."""

    case: Case  # a year of everything, reopened
    fresh: Case  # with a plan that is being written
    closed: Case
    plan: SupportPlan
    draft_plan: SupportPlan
    turn: FollowUp
    outreach: Outreach
    consultation: Consultation
    note: ProgressNote
    item: AssessmentItem
    former: CasePartner
    movement: HouseholdMovement
    twin: Person
    other: Person
    merge: PersonMerge
    risk: SilentRisk
    opened: BreakGlass

    @property
    def home(self) -> str:
        return f"/households/{self.case.household_id}/"


Paths = Callable[[World], tuple[str, ...]]
PAGES: Mapping[str, Paths] = {
    "home": lambda w: ("/",),
    "search": lambda w: ("/search/?q=もりした", "/search/?q=母と二人で", "/search/?q=ありえない名前", "/search/"),
    "households:list": lambda w: ("/households/", "/households/?q=森下"),
    "households:new": lambda w: ("/households/new/",),
    "households:detail": lambda w: (w.home, f"{w.home}?add=member", f"{w.home}?add=kinship", f"{w.home}?view=short"),
    "households:household_edit": lambda w: (f"{w.home}edit/",),
    "households:protection": lambda w: (f"{w.home}protection/",),
    "households:register": lambda w: ("/households/register/",),
    "households:family": lambda w: (f"{w.home}family/", f"{w.home}family/?on=R8.11.1"),
    "households:history": lambda w: (f"{w.home}history/", f"{w.home}history/?on=R8.11.1"),
    "households:movement_new": lambda w: tuple(
        f"{w.home}movements/new/?kind={kind}" for kind in ("move", "split", "birth", "death", "facility_in")
    ),
    "households:movement_withdraw": lambda w: (f"{w.home}movements/{w.movement.pk}/withdraw/",),
    "households:person_edit": lambda w: (f"/households/people/{w.twin.pk}/",),
    "households:former_names": lambda w: (f"/households/people/{w.twin.pk}/former-names/",),
    "households:same": lambda w: (
        f"/households/people/{w.twin.pk}/same/", f"/households/people/{w.merge.kept_id}/same/",
    ),
    "households:merge": lambda w: (f"/households/people/{w.twin.pk}/merge/{w.other.pk}/",),
    "households:merge_undo": lambda w: (f"/households/merges/{w.merge.pk}/undo/",),
    "cases:list": lambda w: ("/cases/", "/cases/?state=all"),
    "cases:detail": lambda w: (
        *(f"/cases/{w.case.number}/{tab}" for tab in ("", "?tab=family", "?tab=assessment", "?tab=plan")),
        f"/cases/{w.closed.number}/",
    ),
    "cases:note_edit": lambda w: (f"/cases/notes/{w.note.pk}/",),
    "cases:item_edit": lambda w: (f"/cases/items/{w.item.pk}/",),
    "cases:plan": lambda w: (f"/cases/plans/{w.plan.pk}/", f"/cases/plans/{w.draft_plan.pk}/"),
    "cases:plan_edit": lambda w: (f"/cases/plans/{w.draft_plan.pk}/edit/",),
    "cases:evaluate": lambda w: (f"/cases/plans/{w.plan.pk}/evaluate/",),
    "cases:follow_up": lambda w: (f"/cases/follow-ups/{w.turn.pk}/",),
    "cases:watch_list": lambda w: ("/cases/watch/",),
    "cases:watch_results": lambda w: ("/cases/watch/results/",),
    "cases:watch_turns": lambda w: ("/cases/watch/results/list/",),
    "cases:stream_print": lambda w: (f"/cases{w.home}stream/print/",),
    "cases:reads_until": lambda w: (f"/cases/{w.fresh.number}/team/{w.former.pk}/until/",),
    "cases:consent": lambda w: (f"/cases/{w.case.number}/consent/",),
    "cases:close": lambda w: (f"/cases/{w.case.number}/close/",),
    "cases:reopen": lambda w: (f"/cases/{w.closed.number}/reopen/",),
    "cases:watch_edit": lambda w: (f"/cases/{w.closed.number}/watch/",),
    "consultations:list": lambda w: ("/consultations/",),
    "consultations:new": lambda w: ("/consultations/new/", f"/consultations/new/?person={w.twin.pk}"),
    "consultations:detail": lambda w: (f"/consultations/{w.consultation.receipt_no}/",),
    "consultations:edit": lambda w: (f"/consultations/{w.consultation.receipt_no}/edit/",),
    "outreach:list": lambda w: ("/outreach/", "/outreach/?state=agreed"),
    "outreach:counts": lambda w: ("/outreach/counts/",),
    "outreach:new": lambda w: ("/outreach/new/",),
    "outreach:detail": lambda w: (f"/outreach/{w.outreach.pk}/",),
    "outreach:edit": lambda w: (f"/outreach/{w.outreach.pk}/edit/",),
    "outreach:agree": lambda w: (f"/outreach/{w.outreach.pk}/agree/",),
    "outreach:end": lambda w: (f"/outreach/{w.outreach.pk}/end/",),
    "worries:list": lambda w: ("/worries/", "/worries/?show=put_off"),
    "worries:put_off": lambda w: (f"/worries/{w.risk.pk}/put-off/",),
    "worries:case_fragment": lambda w: (f"/worries/case/{w.fresh.number}/",),
    "break_glass:list": lambda w: ("/break-glass/",),
    "break_glass:open": lambda w: (f"/break-glass/people/{w.twin.pk}/",),
    "break_glass:review": lambda w: (f"/break-glass/{w.opened.pk}/",),
}  # fmt: skip


def make_world(worker: Persona, center_worker: Persona) -> World:
    """By the real actions, as far as they go."""
    actor, at = worker.actor, f.NOW
    case = st.everything(worker, center_worker)
    fresh = f.make_case(actor, sectors=("elderly", "child"))
    Case.objects.filter(pk=fresh.pk).update(last_contact_at=at - timedelta(days=90))
    former = CasePartner.objects.create(
        case=fresh, agency=center_worker.agency, staff=center_worker.staff, role_note=FORMER_LEAD, since=at,
        reads_until=f.TODAY + timedelta(days=30),
    )  # fmt: skip
    closed = f.make_case(actor)
    reason = Code.objects.get(code_list="closing_reason", code="z01")
    close_case(
        case=closed, actor=actor, at=at,
        data=ClosingData(kind="close", reason=reason, note="納得している", follow_up_on=date(2026, 12, 23), every="3"),
    )  # fmt: skip
    twins = [
        _twin(worker, "髙橋", "みどり"),
        _twin(worker, "高橋", "みどり"),
        _twin(worker, "高橋", "美登里"),
    ]
    link_people(
        person=twins[0], other=twins[1], state=LinkState.POSSIBLE, reason="声が同じ", actor=actor, at=at
    )
    gone = [_twin(worker, "澤田", "清"), _twin(worker, "沢田", "清")]
    merged = merge_people(
        kept=gone[0], absorbed=gone[1], versions=(1, 1), data=MergeData(basis="保険証", choices={"family_name": "kept"}),
        request_key=uuid4(), actor=actor, at=at,
    )  # fmt: skip
    refresh_all(at=timezone.now())
    closed.refresh_from_db()
    risk = SilentRisk.objects.standing().filter(owner_staff=worker.staff, case=fresh).order_by("pk").first()
    assert risk is not None
    return World(
        case=case, fresh=fresh, closed=closed, plan=SupportPlan.objects.get(case=case),
        draft_plan=start_plan(case=fresh, actor=actor, at=at), turn=FollowUp.objects.waiting().get(case=closed),
        outreach=_outreach(worker), consultation=Consultation.objects.get(case=case),
        note=ProgressNote.objects.get(case=case), former=former, movement=HouseholdMovement.objects.first(),
        item=AssessmentItem.objects.create(
            case=case, kind="problem", text="家賃が遅れている", agency=worker.agency, staff=worker.staff, written_at=at
        ),
        twin=twins[0], other=twins[1], merge=merged, risk=risk, opened=_opened(worker, center_worker),
    )  # fmt: skip


def _twin(worker: Persona, family: str, given: str) -> Person:
    person = f.make_person(
        family, given, family_kana="たかはし", given_kana="みどり", birth_on=date(1958, 2, 3)
    )
    f.make_household(f"{person} 世帯", person=person, agency=worker.agency)
    return person


def _outreach(worker: Persona) -> Outreach:
    worry = WorryData(
        described="青い屋根の家の息子さん", worry="一年姿を見ない", source="neighbour", next_on=f.TODAY
    )
    begun = begin_outreach(data=worry, actor=worker.actor, at=f.NOW, request_key=uuid4(), person_id=None)
    tried = AttemptData(started_at=f.NOW, way="home_visit", answer="voice", next_on=f.TODAY, note="声がした")
    record_attempt(outreach=begun, data=tried, actor=worker.actor, at=f.NOW, request_key=uuid4())
    begun.refresh_from_db()
    return begun


def _opened(worker: Persona, center_worker: Persona) -> BreakGlass:
    """A case of another agency that the worker opened in an emergency."""
    theirs = f.make_case(center_worker.actor)
    theirs.person = Person.objects.filter(memberships__household=theirs.household_id).first()
    theirs.save()
    return break_glass(
        person=theirs.person, reason="missing", text="三日連絡がとれず、新聞がたまっていると電話があった。",
        at=timezone.now(), request_key=uuid4(), actor=worker.actor,
    )  # fmt: skip
