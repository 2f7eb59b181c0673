"""No page breaks an accessibility rule that axe knows, at a desk's and at a tablet's width."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from audit.actions import record_access
from audit.actions_chain import seal_chain
from audit.models import AccessKind
from budgets.masters import load_streams
from cases.actions.plan import start_plan
from cases.masters import load_codes
from tests import factories as f


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
        ["/", "/apportionment/", "/apportionment/202610/", "/apportionment/202610/costs/"],
    )  # fmt: skip
    check(
        sign_in(admin.staff, width=width), live_server.url,
        ["/manage/", "/manage/agencies/", "/manage/staff/", "/manage/staff/new/", f"/manage/staff/{worker.staff.pk}/"],
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
    seal_chain(at=f.NOW)
    check(
        sign_in(auditor.staff, width=width), live_server.url,
        ["/trail/chain/", "/trail/leak/", f"/trail/leak/?staff={worker.staff.username}", "/trail/leak/?staff=x"],
    )  # fmt: skip
    check(
        sign_in(manager.staff, width=width), live_server.url,
        [
            f"/trail/person/{case.person.pk}/", "/trail/unusual/?since=2026-11-01&until=2026-11-30",
            f"/trail/unusual/lines/?kind=hours&staff={worker.staff.pk}&since=2026-11-01&until=2026-11-30",
        ],
    )  # fmt: skip


def check(page, base: str, paths: list[str]) -> None:
    axe, broken = Axe(), []
    for path in paths:
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        for violation in axe.run(page).response["violations"]:
            targets = [node["target"] for node in violation["nodes"]][:3]
            broken.append(f"{path}: {violation['id']} {targets}")
    assert broken == []
