"""The C市 case in Chromium: caught on the day it is recorded, seen by three, explained; and one month by three methods."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from playwright.sync_api import expect

from accounts.enums import Role
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.studies import StudyData, approve_study, create_study
from budgets.enums import StudySampling
from budgets.masters import load_streams
from budgets.models import ComplianceFinding, FundingStream, PersonnelCost, WorkCategory, WorkEntry
from budgets.study_inputs import digest, study_inputs
from common.japan.fiscal import add_months, month_first, month_last
from kyosei.demo.municipalities import Municipalities
from tests.browser.conftest import shoot
from tests.budgets.work import moment
from tests.conftest import persona


def last_month() -> date:
    return add_months(month_first(timezone.localdate()), -1)


@pytest.fixture
def city_c(center_worker, finance):
    """岡部 at 地域包括支援センター is paid from the 65-and-over grant alone."""
    load_streams()
    data = AssignmentData(
        center_worker.staff, center_worker.agency, FundingStream.objects.get(code="care"), last_month()
    )
    set_assignment(data=data, actor=finance.actor, at=timezone.now())
    return center_worker


def test_the_city_c_case_is_caught_on_the_day_it_is_recorded(sign_in, city_c, finance):
    head = persona(city_c.agency, Role.AGENCY_MANAGER, name="所長 千代")
    today = timezone.localdate()
    page = sign_in(city_c.staff)
    page.goto(page.url + "work/")
    page.fill(f"#line-{today.isoformat()}", "9:30 60 子ども")
    page.keyboard.press("Enter")
    finding = page.locator(f"#day-{today.isoformat()} .work-finding")
    expect(finding).to_contain_text("専従（包括的支援）の対象外です")
    expect(finding).to_contain_text("1時間")
    assert not Axe().run(page, context=f"#day-{today.isoformat()}").response["violations"]
    shoot(page, "city-c-week")

    boss = sign_in(head.staff)
    expect(boss.locator("main")).to_contain_text("「専従の対象外」が1件（1人）")
    clerk = sign_in(finance.staff)
    clerk.get_by_role("link", name=re.compile("「専従の対象外」が1件")).click()
    expect(clerk.locator("main")).to_contain_text(city_c.staff.name)
    shoot(clerk, "city-c-finance")

    finding.get_by_label("理由", exact=True).fill("保護者の急病で30分だけ預かった。所長の了解あり")
    finding.get_by_role("button").click()
    page.wait_for_url(re.compile("/work/review/"))
    expect(page.locator("main")).to_contain_text("残っている確認事項はありません")
    row = ComplianceFinding.objects.get()
    assert row.answered_by == city_c.staff
    clerk.reload()
    expect(clerk.locator("main")).to_contain_text("残っている確認事項はありません")


@pytest.mark.parametrize("width", [1280, 768])
def test_one_month_by_three_methods(sign_in, city_c, worker, finance, width):
    month = last_month()
    for who, minutes in (
        (city_c, {"care": 400, "care_plan": 60}),
        (worker, {"care": 200, "child": 100, "poverty": 90}),
    ):
        PersonnelCost.objects.create(staff=who.staff, agency=who.agency, month=month, yen=412_345)
        for day in (month + timedelta(days=n) for n in range(20)):
            at = moment(day, "8:30")
            for code, n in minutes.items():
                end = at + timedelta(minutes=n)
                WorkEntry.objects.create(
                    staff=who.staff, agency=who.agency, category=WorkCategory.objects.get(code=code), case_number="K08-1",
                    during=DateTimeTZRange(at, end),
                )  # fmt: skip
                at = end
    study = create_study(
        data=StudyData("2か月の業務調査", StudySampling.CONTINUOUS, month, month_last(month), month, month, "課長決裁"),
        members=[(p.staff, p.agency) for p in (city_c, worker)], actor=finance.actor, at=timezone.now(),
    )  # fmt: skip
    approve_study(
        study=study, expected_hash=digest(study_inputs(study)), actor=finance.actor, at=timezone.now()
    )
    page = sign_in(finance.staff, width=width)
    page.goto(f"{page.url}apportionment/{month:%Y%m}/")
    page.get_by_role("link", name="A町方式 / B市方式 / 専従").click()
    table = page.get_by_role("table")
    expect(table).to_contain_text("824,690円")
    expect(table).to_contain_text("〜")
    expect(page.locator("main")).to_contain_text("ほかの財源へ動く額")
    expect(page.locator("main")).to_contain_text(worker.staff.name)  # nobody decided that for 専従
    assert not Axe().run(page).response["violations"]
    shoot(page, f"compare-{width}")
    for path in (
        "studies",
        f"studies/{study.pk}",
        "streams",
        "rules",
        "rules/edit",
        "pools/new",
        "assignments",
        "studies/new",
        "methods",
        "integrated",
        f"{month:%Y%m}/approvals",
        f"{month:%Y%m}/adjustments",
        f"{month:%Y%m}/overheads",
        f"{month:%Y%m}/costs",
    ):
        page.goto(f"{page.url.split('/apportionment')[0]}/apportionment/{path}/")
        shoot(page, f"money-{path.replace('/', '-')}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_a_demo_quarter_through_all_methods(sign_in, db):
    """A町, B市 and C市 as demo data: approval, method, study, 専従, pool, overheads, 重層, lock, report and adjustment."""
    made = Municipalities(timezone.localdate())
    made.load()
    first, _, third = (f"{m:%Y%m}" for m in made.months)
    clerk = sign_in(made.clerk)
    base = clerk.url.rstrip("/")
    clerk.goto(f"{base}/apportionment/{third}/")
    main = clerk.locator("main")
    for words in ("機関ごとの方式", "250,451円", "419,684円", "（調査）", "専従", "2,341,531円"):
        expect(main).to_contain_text(words)
    shoot(clerk, "quarter-month")
    clerk.get_by_role("link", name="A町方式 / B市方式 / 専従").click()
    expect(main).to_contain_text("3,031,357円")
    for path, words in (
        ("methods/", "2か月の業務調査の割合による"), ("studies/", "B市 2か月の業務調査"), ("assignments/", "主任介護支援専門員"),
        ("pools/", "1,200,000円"), (f"{third}/overheads/", "階梯式配賦（順序：総務 → 車両）"), ("integrated/", "3,615,000円"),
        (f"{third}/costs/?by=items", "給料"), (f"{third}/approvals/", "承認待ち"),
    ):  # fmt: skip
        clerk.goto(f"{base}/apportionment/{path}")
        expect(main).to_contain_text(words)
        shoot(clerk, f"quarter-{path.split('?')[0].strip('/').replace('/', '-')}")
        assert not Axe().run(clerk).response["violations"], path
    # the C市 finding keeps the month open; its worker explains it
    clerk.goto(f"{base}/apportionment/{third}/lock/")
    expect(main).to_contain_text("専従（包括的支援）の対象外です")
    worker = sign_in(made.c.workers[0])
    worker.goto(f"{base}/work/review/")
    worker.locator("input[name=answer]").fill("急な来庁の取次ぎ1分。所長の決裁がある")
    worker.get_by_role("button", name="理由を記録する").click()
    expect(worker.locator("main")).to_contain_text("残っている確認事項はありません")
    for town in (made.a, made.b, made.c):
        head = sign_in(town.manager)
        expect(head.locator("main")).to_contain_text("承認を待っています")
        head.goto(f"{base}/work/month/{third}/")
        shoot(head, f"quarter-approve-{town.agency.code}")
        assert not Axe().run(head).response["violations"]
        head.get_by_role("button", name="この月を承認する").click()
        expect(head.locator("main")).to_contain_text("承認を取り消す")
    clerk.goto(f"{base}/apportionment/{third}/lock/")
    clerk.get_by_role("button", name="締める", exact=True).click()
    clerk.get_by_label("報告の文書番号").fill("福総第12号")
    clerk.get_by_role("button", name="報告済みにする").click()
    expect(main).to_contain_text("報告済み")
    # an adjustment of the first month by two people
    clerk.goto(f"{base}/apportionment/{first}/adjustments/")
    clerk.get_by_label("職員").select_option(label=f"{made.a.workers[0].name}（{made.a.agency.short_name}）")
    clerk.get_by_label("減らす業務区分").select_option("child")
    clerk.get_by_label("増やす業務区分").select_option("disability_core")
    clerk.get_by_label("動かす時間（分）").fill("720")
    clerk.get_by_label("理由").fill("区分の誤り")
    clerk.get_by_role("button", name="起案する").click()
    expect(main).to_contain_text("承認はほかの人が行います")
    other = sign_in(made.second)
    other.goto(f"{base}/apportionment/{first}/adjustments/")
    other.get_by_role("button", name="承認する").click()
    expect(other.locator("main")).to_contain_text("+33,209円")
    expect(other.locator("main")).to_contain_text("−33,209円")
    shoot(other, "quarter-adjustment")
    assert not Axe().run(other).response["violations"]
