"""No page breaks an accessibility rule that axe knows, at a desk's and at a tablet's width."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from audit.actions import record_access
from audit.actions_chain import seal_chain
from audit.models import AccessKind
from budgets.masters import load_streams
from cases.actions.plan import start_plan
from cases.masters import load_codes
from referrals.actions.issue_agenda import put_issue
from referrals.actions.issues import raise_issue
from referrals.actions.packets import order_packet
from referrals.actions.prep_sheets import ask_sheets
from referrals.actions.run_conference import start_conference
from referrals.models import PrepSheet
from tests import factories as f
from tests.referrals.conferences import convene, put
from tests.referrals.helpers import send

ANSWERS = {200, 422}  # 422: the page says what was asked wrongly


@pytest.mark.parametrize("width", [1280, 768])
def test_desk_pages(sign_in, live_server, worker, width):
    load_codes()
    load_streams()
    case = f.make_case(worker.actor, sectors=("elderly", "child"))
    plan = start_plan(case=case, actor=worker.actor, at=f.NOW)
    page = sign_in(worker.staff, width=width)
    paths = [
        "/", "/search/?q=もりした", "/consultations/", "/consultations/new/", "/households/", "/households/new/",
        f"/households/{case.household_id}/", "/cases/", f"/cases/{case.number}/", f"/cases/{case.number}/?tab=family",
        f"/cases/{case.number}/?tab=assessment", f"/cases/{case.number}/?tab=plan", f"/cases/plans/{plan.pk}/",
        f"/cases/plans/{plan.pk}/edit/", f"/cases/{case.number}/close/", "/referrals/",
        f"/referrals/new/?case={case.number}", "/conferences/", f"/conferences/new/?case={case.number}", "/work/",
    ]  # fmt: skip
    check(page, live_server.url, paths)


@pytest.mark.parametrize("width", [1280, 768])
def test_office_pages(sign_in, live_server, finance, admin, auditor, worker, width):
    load_codes()
    load_streams()
    f.make_case(worker.actor)
    check(
        sign_in(finance.staff, width=width), live_server.url,
        ["/", "/apportionment/", "/apportionment/202610/", "/apportionment/202610/costs/",
         "/apportionment/202610/compare/", "/apportionment/review/", "/apportionment/assignments/", "/apportionment/studies/",
         "/apportionment/studies/new/", "/apportionment/pools/", "/apportionment/pools/new/", "/apportionment/streams/",
         "/apportionment/streams/2026/care/", "/apportionment/rules/", "/apportionment/rules/edit/", "/apportionment/methods/", "/apportionment/202610/approvals/",
         "/apportionment/202610/adjustments/", "/apportionment/202610/overheads/", "/apportionment/202610/costs/?by=items",
         "/apportionment/integrated/",
         "/claims/", "/claims/2026/care/", "/claims/2026/care/shares/",
         "/claims/outlook/", "/claims/2026/care/outlook/", "/claims/2026/care/budget/", "/claims/statement/", "/claims/corrections/",
         "/claims/reports/", "/claims/layouts/", "/claims/layouts/new/"],
    )  # fmt: skip
    check(
        sign_in(admin.staff, width=width), live_server.url,
        ["/manage/", "/manage/agencies/", "/manage/staff/", "/manage/staff/new/", f"/manage/staff/{worker.staff.pk}/",
         "/manage/conference-kinds/", "/manage/conference-kinds/support/", "/manage/conference-kinds/new/"],
    )  # fmt: skip
    check(sign_in(auditor.staff, width=width), live_server.url, ["/manage/changes/", "/apportionment/"])


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_of_the_trail(sign_in, live_server, auditor, manager, worker, width):
    case = f.make_case(worker.actor)
    for n in range(3):
        record_access(
            actor=worker.actor, kind=AccessKind.VIEW, target_type="cases.case", target_id=str(case.pk),
            at=f.NOW + timedelta(days=n),
        )  # fmt: skip
    record_access(
        actor=worker.actor, kind=AccessKind.REFUSED, target_type="referrals:new", path="/referrals/new/", remote_addr="10.1.2.3",
        target_id="422 to_agency:invalid_choice=77 need:rule", at=f.NOW,
    )  # fmt: skip
    seal_chain(at=f.NOW)
    check(
        sign_in(auditor.staff, width=width), live_server.url,
        ["/trail/chain/", "/trail/leak/", f"/trail/leak/?staff={worker.staff.username}", "/trail/leak/?staff=x", "/trail/refused/"],
    )  # fmt: skip
    check(
        sign_in(manager.staff, width=width), live_server.url,
        [
            "/trail/refused/", f"/trail/person/{case.person.pk}/", "/trail/unusual/?since=2026-11-01&until=2026-11-30",
            f"/trail/unusual/lines/?kind=hours&staff={worker.staff.pk}&since=2026-11-01&until=2026-11-30",
        ],
    )  # fmt: skip


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_of_the_director_and_of_coordination(
    sign_in, live_server, elderly_director, disability_worker, admin, worker, width
):
    case = f.make_case(worker.actor, sectors=("elderly", "disability"))
    for to in (disability_worker.agency, f.make_agency("地域包括", kind="center", sector="elderly")):
        send(worker.actor, case, to, at=f.NOW - timedelta(days=6))
    check(
        sign_in(elderly_director.staff, width=width), live_server.url,
        ["/referrals/sector/", "/manage/coordination/", "/manage/coordination/what-if/?all=1"],
    )  # fmt: skip
    check(
        sign_in(admin.staff, width=width), live_server.url,
        ["/manage/coordination/new/", f"/manage/agencies/{disability_worker.agency.pk}/close/", "/manage/agencies/"],
    )  # fmt: skip


def check(page, base: str, paths: Iterable[str]) -> None:
    """Each path is a page of its own, breaks no rule of axe and is not wider than the window."""
    axe, broken = Axe(), []
    for path in paths:
        answer = page.goto(base + path)
        page.wait_for_load_state("networkidle")
        if answer.status not in ANSWERS or urlsplit(page.url).path != urlsplit(path).path:
            broken.append(f"{path}: {answer.status} {page.url.removeprefix(base)}")
        for violation in axe.run(page).response["violations"]:
            targets = [node["target"] for node in violation["nodes"]][:3]
            broken.append(f"{path}: {violation['id']} {targets}")
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            broken.append(f"{path}: {over} px too wide")
    assert broken == []


@pytest.mark.parametrize("width", [1280, 768])
def test_pages_around_a_conference(sign_in, live_server, worker, center_worker, width):
    load_codes()
    load_streams()
    at = timezone.now()
    case = f.make_case(worker.actor)
    f.share_by_consent(case, worker.actor, center_worker.actor)
    meeting = convene(
        worker.actor, kind="area", invite=(center_worker.agency,), at=at, starts_at=at + timedelta(hours=1)
    )
    item = put(meeting, case, worker.actor, ground="consent")
    ask_sheets(conference=meeting, actor=worker.actor, at=at)
    issue = raise_issue(
        title="団地に買い物の足がない",
        theme="shopping",
        area=None,
        description="",
        cases=[case],
        actor=worker.actor,
        at=at,
    )
    on_agenda = put_issue(conference=meeting, issue=issue, topic="", minutes=10, actor=worker.actor, at=at)
    packet = order_packet(conference=meeting, actor=worker.actor, at=at)
    sheet = PrepSheet.objects.get()
    check(sign_in(center_worker.staff, width=width), live_server.url, [f"/conferences/prep/{sheet.pk}/"])
    page = sign_in(worker.staff, width=width)
    paths = [
        f"/conferences/{meeting.pk}/", f"/conferences/items/{item.pk}/years/", f"/conferences/{meeting.pk}/issues/add/",
        "/conferences/calendar/", f"/conferences/packets/{packet.pk}/", "/issues/", "/issues/new/", f"/issues/{issue.pk}/",
        f"/issues/{issue.pk}/edit/",
    ]  # fmt: skip
    check(page, live_server.url, paths)
    start_conference(conference=meeting, actor=worker.actor, at=at)
    check(
        page, live_server.url,
        [f"/conferences/{meeting.pk}/run/", f"/conferences/issues/{on_agenda.pk}/run/", f"/conferences/{meeting.pk}/minutes/"],
    )  # fmt: skip
