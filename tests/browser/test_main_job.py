"""The main job, end to end, as the different people do it: one contact becomes a case, a referral, a conference,
a plan, an evaluation, a follow-up, and an apportioned month.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.utils import timezone
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from accounts.models import Staff
from budgets.masters import load_streams
from budgets.models import WorkEntry
from cases.masters import load_codes
from cases.models import Case, FollowUp
from common.japan.fiscal import add_months, fiscal_year
from common.japan.wareki import format_wareki
from referrals.models import ActionItem, Referral
from referrals.tasks import escalate_overdue_referrals
from tests.browser.conftest import TICK, shoot
from tests.conftest import Persona

NAME = "小松原 フミ"


@dataclass
class World:
    """The people of the story and the address of the server."""

    worker: Persona
    disability: Persona
    director: Persona
    finance: Persona
    base: str
    last_month: date

    def day(self, n: int) -> date:
        return self.last_month.replace(day=n)


@pytest.fixture
def world(
    transactional_db, live_server, worker, disability_worker, disability_director, elderly_director, finance
) -> World:
    load_codes()
    load_streams()
    today = timezone.localdate()
    for month in (today, add_months(today.replace(day=1), -1)):
        load_streams(fiscal_year(month))
    return World(
        worker,
        disability_worker,
        disability_director,
        finance,
        live_server.url,
        add_months(today.replace(day=1), -1),
    )


def wareki(day: date) -> str:
    return format_wareki(day, weekday=False)


def receive(page: Page, world: World) -> str:
    """1. Desk worker: 「相談を受ける」, with a new person, concerns, and support going on."""
    page.keyboard.press("n")
    page.wait_for_url("**/consultations/new/**")
    page.fill("#id_text", "母のもの忘れが進み、息子は仕事を辞めて家にいる。通院の付き添いに困っている。")
    page.fill("#id_person_text", NAME)
    page.get_by_text("登録がありません").wait_for()
    page.locator("input[name=way][value=phone]").evaluate(TICK)
    page.fill("#id_started_at_0", wareki(world.day(10)))
    page.fill("#id_started_at_1", "9:30")
    page.fill("#id_minutes", "40")
    page.locator("input[name=concerns][value=c01]").evaluate(TICK)
    page.locator("input[name=main_concern][value=c12]").evaluate(TICK)
    expect(page.locator("#hint")).to_contain_text("高齢")
    expect(page.locator("#hint")).to_contain_text("障害")
    shoot(page, "walk-1-receive")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    expect(page.locator("h1")).to_contain_text("U")
    page.get_by_role("link", name="ケースを開く").first.click()
    page.wait_for_url("**/cases/K*/")
    return page.url.rstrip("/").split("/")[-1]


def work_on_case(page: Page, world: World, number: str) -> None:
    """2. Members, kinship, strengths, problems, a note, and consent."""
    page.get_by_role("link", name="家族").click()
    page.get_by_role("link", name="世帯員を加える").click()
    page.get_by_text("世帯員を加える", exact=True).click()
    page.fill("#id_family_name", "小松原")
    page.fill("#id_given_name", "修一")
    page.fill("#id_birth_on", "S49.5.3")
    page.select_option("#id_relation", "child")
    page.get_by_role("button", name="世帯員に加える").click()
    expect(page.locator("main")).to_contain_text("小松原 修一")
    page.get_by_text("関係を記録する", exact=True).click()
    page.select_option("#kinship_person", label=NAME)
    page.select_option("#kinship_relative", label="小松原 修一")
    page.select_option("#kinship_kind", "parent")
    page.get_by_role("button", name="記録する", exact=True).last.click()
    expect(page.locator("main")).to_contain_text(f"{NAME} は 小松原 修一 の 親")
    page.goto(f"{world.base}/cases/{number}/?tab=assessment")
    for kind, text in (("strength", "毎朝、庭の花に水をやる"), ("problem", "通院に付き添う人がいない")):
        page.locator(f"input[name=kind][value={kind}]").evaluate(TICK)
        page.fill("#id_text", text)
        page.get_by_role("button", name=re.compile("^加える")).click()
        expect(page.locator("main")).to_contain_text(text)
    page.get_by_role("link", name="同意を記録する・撤回する").click()
    page.locator("input[name=state][value=yes]").evaluate(TICK)
    page.locator(f"input[name=agencies][value='{world.disability.agency.pk}']").evaluate(TICK)
    page.fill("#id_paper_place", "相談室キャビネット3段目")
    page.get_by_role("button", name="答えを記録する").click()
    expect(page.locator("main")).to_contain_text("ケースの同意は「あり」")
    page.goto(f"{world.base}/cases/{number}/")
    page.fill("#id_text", "訪問して本人と息子に会う。玄関に郵便がたまっていた。")
    page.locator("input[name=way][value=home_visit]").evaluate(TICK)
    page.fill("#id_started_at_0", wareki(world.day(12)))
    page.fill("#id_started_at_1", "13:30")
    page.fill("#id_minutes", "75")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline-list")).to_contain_text("玄関に郵便がたまっていた")
    expect(page.locator("#composer textarea")).to_have_value("")
    shoot(page, "walk-2-case")


def write_plan(page: Page, world: World, number: str) -> None:
    """5a. The lead writes a draft plan."""
    page.goto(f"{world.base}/cases/{number}/?tab=plan")
    page.get_by_role("button", name="プランを書く").click()
    page.fill("#id_hope", "住み慣れた家で花を育てて暮らす")
    page.fill("#id_long_goal", "息子と二人の暮らしを続ける")
    page.fill("#id_short_goal", "月一回の通院を続ける")
    page.fill("#id_items-0-problem", "通院の付き添い")
    page.fill("#id_items-0-action", "通院同行と移動支援の申請")
    page.select_option("#id_items-0-agency", label=world.worker.agency.name)
    page.fill("#id_items-0-due_on", wareki(timezone.localdate() + timedelta(days=30)))
    page.get_by_role("button", name=re.compile("プラン案を保存する")).click()
    expect(page.locator("main")).to_contain_text("通院同行と移動支援の申請")
    shoot(page, "walk-5-plan")


def send_referral(page: Page, world: World, number: str) -> None:
    """2b. Refer to 障害福祉室 with purpose, deadline and chosen parts."""
    page.goto(f"{world.base}/referrals/new/?case={number}")
    page.fill("#id_to_agency", "障害福祉")
    option = page.locator("#id_to_agency_list [role=option]", has_text="障害福祉室")
    option.first.click()
    page.fill("#id_purpose", "息子さんの見立てを一緒にしてほしい")
    shoot(page, "walk-2-referral")
    page.get_by_role("button", name=re.compile("^つなぐ")).click()
    page.wait_for_url(re.compile(r"/referrals/\d+/"))


def referral_waits_and_escalates(page: Page, world: World) -> None:
    """3. The other agency sees it at home, cannot decline, and past the deadline it rises by itself."""
    main = page.locator("main")
    expect(main).to_contain_text("返事を待たれている")
    page.goto(f"{world.base}/referrals/")
    expect(main).to_contain_text("息子さんの見立てを一緒にしてほしい")
    for word in ("断る", "辞退", "拒否する"):
        expect(main).not_to_contain_text(word)
    referral = Referral.objects.get()
    Referral.objects.update(deadline_at=timezone.now() - timedelta(minutes=1))
    escalate_overdue_referrals()
    escalate_overdue_referrals()
    referral.refresh_from_db()
    assert referral.escalated_to == world.director.agency


def hold_conference(page: Page, world: World, number: str) -> None:
    """4. The director calls a conference, prints the hand-out, records a decision, decides the plan, closes."""
    main = page.locator("main")
    expect(main).to_contain_text("息子さんの見立てを一緒にしてほしい")
    shoot(page, "walk-4-director-home")
    referral = Referral.objects.get()
    page.goto(f"{world.base}/conferences/new/?case={number}&referral={referral.pk}")
    page.locator("input[name=kind][value=area]").evaluate(TICK)
    page.fill("#id_title", "エリア会議（小松原さん世帯）")
    page.fill("#id_starts_at_0", wareki((timezone.localtime() + timedelta(days=1)).date()))
    page.fill("#id_starts_at_1", "10:00")
    for agency in (world.worker.agency, world.disability.agency):
        page.locator(f"input[name=invite][value='{agency.pk}']").evaluate(TICK)
    submit(page)
    page.wait_for_url(re.compile(r"/conferences/\d+/$"))
    expect(main).to_contain_text("小松原")
    url = page.url
    with page.expect_download() as caught:
        page.evaluate("url => { const a = document.createElement('a'); a.href = url; a.download = ''; a.click(); }",
                      f"{url}handout.pdf")  # fmt: skip
    text = "".join(p.extract_text() for p in PdfReader(caught.value.path()).pages)
    assert "小松原" in text
    assert "取扱注意" in text
    page.get_by_role("button", name="案内済の人を全員「出席」にする").click()
    page.get_by_role("button", name="会議を始める").click()
    expect(main).to_contain_text("予定と違う日")
    page.get_by_role("button", name="今日始める").click()
    page.wait_for_url("**/run/**")
    due = timezone.localdate() + timedelta(days=7)
    page.fill(
        "#id_line", f"障害福祉室 {world.disability.staff.name} {due.month}/{due.day} 手帳の申請を手伝う"
    )
    expect(page.locator("#id_agency option:checked")).to_have_text(re.compile("障害福祉室"))
    page.get_by_role("button", name=re.compile("決定に加える")).click()
    expect(page.locator("#decision-box")).to_contain_text("手帳の申請を手伝う")
    expect(page.locator("#id_line")).to_be_focused()  # the next decision's line is there and has the focus
    shoot(page, "walk-4-run")
    page.locator("textarea[name=conclusion]").fill("まちの保健室が主担当のまま、障害福祉室が一緒に支える。")
    page.get_by_role("button", name=re.compile("プラン1を決定する")).click()
    expect(main).to_contain_text("決定")
    page.goto(f"{url}close/")
    submit(page)
    page.wait_for_url(re.compile(r"/conferences/\d+/"))
    expect(main).to_contain_text("終了")


def submit(page: Page, *, last: bool = True) -> None:
    """Send the page's form and wait for its answer."""
    buttons = page.locator("main form[method=post] button[type=submit]")
    with page.expect_response(lambda r: r.request.method == "POST" and "/drafts/" not in r.url):
        (buttons.last if last else buttons.first).click()
    page.wait_for_load_state("networkidle")


def answer_and_do(page: Page, world: World) -> None:
    """3b/4b. 障害福祉室 joins as partner and finishes its action item from its queue."""
    referral = Referral.objects.get()
    main = page.locator("main")
    page.goto(f"{world.base}/")
    expect(main).to_contain_text("手帳の申請を手伝う")
    if referral.is_waiting:
        page.goto(f"{world.base}/referrals/{referral.pk}/answer/join/")
        page.locator("textarea[name=note], input[name=note]").fill("週一回、一緒に訪問します。")
        submit(page)
        expect(main).to_contain_text("一緒に支える")
    item = ActionItem.objects.get()
    page.goto(f"{world.base}/conferences/decisions/{item.pk}/")
    page.fill("textarea[name=outcome]", "申請書を書き終えた。")
    submit(page)
    item.refresh_from_db()
    assert item.state == "done"


def evaluate_close_and_come_back(page: Page, world: World, number: str) -> None:
    """5b. Evaluate, close with a follow-up, see it come back when due, reopen."""
    main = page.locator("main")
    plan = Case.objects.get(number=number).plans.get()
    assert plan.state == "decided"
    page.goto(f"{world.base}/cases/plans/{plan.pk}/evaluate/")
    page.locator("input[name=achievement][value=reached]").evaluate(TICK)
    page.fill("#id_note", "通院が続いている。")
    page.locator("input[name=judgement][value=close]").evaluate(TICK)
    page.get_by_role("button", name=re.compile("評価を保存する")).click()
    page.wait_for_url("**/close/")
    page.select_option("#id_reason", label="目標達成")
    page.fill("#id_note", "本人も息子も納得している。")
    page.get_by_role("button", name="終結する").click()
    expect(main).to_contain_text("次は3か月後")
    FollowUp.objects.update(due_on=timezone.localdate())
    page.goto(f"{world.base}/")
    expect(main).to_contain_text("フォロー")
    page.locator("main a", has_text="小松原").first.click()
    page.locator("input[name=result][value=worse]").evaluate(TICK)
    page.fill("#id_note", "息子が入院し、食事がとれていない。")
    page.fill("#id_stop_reason", "支援を再開する")
    page.get_by_role("button", name=re.compile("記録する")).click()
    page.wait_for_url("**/reopen/")
    page.fill("#id_reason", "息子の入院で暮らしが変わった")
    page.get_by_role("button", name="支援を再開する").click()
    expect(page.locator("#timeline-list")).to_contain_text("再相談")
    expect(page.locator("#timeline-list")).to_contain_text("玄関に郵便がたまっていた")


def fill_week(page: Page, world: World) -> None:
    """6. The week has filled itself; a meeting and a training are added in a few keystrokes."""
    page.goto(f"{world.base}/work/?day={world.day(12).isoformat()}")
    expect(page.locator("main")).to_contain_text("1時間15分")
    line = page.locator(f"#day-{world.day(12).isoformat()} input[name=line]")
    line.fill("9:00 60 会議")
    line.press("Enter")
    expect(page.locator(f"#day-{world.day(12).isoformat()}")).to_contain_text("会議")
    shoot(page, "walk-6-week")
    page.goto(f"{world.base}/work/?day={world.day(10).isoformat()}")
    line = page.locator(f"#day-{world.day(10).isoformat()} input[name=line]")
    line.fill("9:40 30 会議")
    line.press("Enter")
    expect(page.locator(f"#day-{world.day(10).isoformat()}")).to_contain_text("重な")
    shoot(page, "walk-6-overlap")


def minutes_by_stream(staff: Staff, month: date) -> dict[str, int]:
    """An independent reading of the direct minutes: stream name → minutes."""
    found: dict[str, int] = {}
    for entry in WorkEntry.objects.filter(staff=staff).select_related("category__stream"):
        if (entry.worked_on.year, entry.worked_on.month) == (
            month.year,
            month.month,
        ) and entry.category.stream:
            name = entry.category.stream.short_name
            found[name] = found.get(name, 0) + entry.minutes
    return found


def independent_yen(total: int, minutes: dict[str, int]) -> dict[str, int]:
    """Largest remainder written a second time, by hand."""
    whole = sum(minutes.values())
    exact = {name: Fraction(total * m, whole) for name, m in minutes.items()}
    yen = {name: int(q) for name, q in exact.items()}
    for name in sorted(exact, key=lambda n: yen[n] - exact[n])[: total - sum(yen.values())]:
        yen[name] += 1
    return yen


def test_main_job_from_first_word_to_the_apportioned_month(world, sign_in):
    desk = sign_in(world.worker.staff)
    number = receive(desk, world)
    work_on_case(desk, world, number)
    write_plan(desk, world, number)
    send_referral(desk, world, number)
    other = sign_in(world.disability.staff)
    referral_waits_and_escalates(other, world)
    hold_conference(sign_in(world.director.staff), world, number)
    answer_and_do(other, world)
    evaluate_close_and_come_back(desk, world, number)
    fill_week(desk, world)
    apportion(sign_in(world.finance.staff), world)


def apportion(page: Page, world: World) -> None:
    """7. Cost, run, follow a cell down, lock, download; the yen equal an independent calculation."""
    key = f"{world.last_month:%Y%m}"
    main = page.locator("main")
    page.goto(f"{world.base}/apportionment/{key}/costs/")
    page.locator("input[inputmode=numeric]").first.fill("412,345.5")
    submit(page, last=False)
    expect(main).to_contain_text("円未満")
    page.locator("input[inputmode=numeric]").first.fill("412,345")
    submit(page, last=False)
    page.goto(f"{world.base}/apportionment/{key}/")
    page.get_by_role("button", name="計算する").click()
    expect(main).to_contain_text("412,345円")
    shoot(page, "walk-7-matrix")
    page.locator("main table tbody a").first.click()
    expect(main).to_contain_text("分")
    for secret in ("小松原", "もの忘れ", "郵便がたまって"):
        expect(main).not_to_contain_text(secret)
    page.goto(f"{world.base}/apportionment/{key}/lock/")
    submit(page)
    expect(main).to_contain_text("締め")
    page.goto(f"{world.base}/apportionment/{key}/")
    with page.expect_download() as caught:
        page.get_by_role("link", name=re.compile("XLSX|Excel")).first.click()
    book = load_workbook(io.BytesIO(caught.value.path().read_bytes()))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    expected = independent_yen(412_345, minutes_by_stream(world.worker.staff, world.last_month))
    numbers = [v for row in rows for v in row if isinstance(v, (int, float))]
    for yen in expected.values():
        assert yen in numbers
    assert 412_345 in numbers
    assert sum(expected.values()) == 412_345
