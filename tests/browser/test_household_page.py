"""The household's page in a browser: a note from there, older rows, one line each, milestones; axe at both widths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from budgets.masters import load_streams
from cases.masters import load_codes
from households.models import Household, Person
from tests import factories as f
from tests.cases import stream as st
from tests.cases.test_household_page import make_large

LONG = "社会福祉法人つつじが丘ひだまり会 総合相談支援室"


@pytest.fixture
def large(worker, center_worker, disability_worker):
    load_codes()
    load_streams()
    case = make_large(worker, [center_worker, disability_worker])
    Household.objects.filter(pk=case.household_id).update(name="勅使河原・御手洗・小比類巻 ひなた 世帯")
    Person.objects.filter(family_name="森下", given_name="家族3").update(
        family_name="勅使河原小比類巻", given_name="アレクサンドラ・マリア"
    )
    worker.agency.__class__.objects.filter(pk=center_worker.agency.pk).update(short_name=LONG)
    return case


@pytest.mark.parametrize("width", [1280, 768])
def test_nothing_to_mend_for_axe_and_nothing_runs_out_of_the_page(
    sign_in, live_server, worker, center_worker, large, width
):
    full = st.everything(worker, center_worker)
    page, axe, broken = sign_in(worker.staff, width=width), Axe(), []
    home, other = f"/households/{large.household_id}/", f"/households/{full.household_id}/"
    for path in (home, f"{home}?view=short", other, f"{other}?view=short&marks=1", f"/cases/{full.number}/",
                 f"/cases/households/{full.household_id}/stream/print/", f"{home}family/", f"{other}family/?on=R8.11.1",
                 f"{home}history/?on=R8.11.1", f"{other}movements/new/?kind=birth"):  # fmt: skip
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        broken += [(path, v["id"], v["nodes"][0]["target"]) for v in axe.run(page).response["violations"]]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            broken.append((path, "runs out of the page by", wide))
    assert broken == []


def test_a_note_from_the_page_and_older_rows(sign_in, live_server, worker, large):
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/households/{large.household_id}/")
    expect(page.locator("#timeline-list > li[data-row]")).to_have_count(30)
    page.fill("#composer textarea", "長男の部屋の前で声をかけた")
    page.keyboard.press("Control+Enter")
    first = page.locator("#timeline-list > li").first
    expect(first).to_contain_text("長男の部屋の前で声をかけた")
    expect(page.locator("#composer textarea")).to_have_value("")
    page.get_by_role("link", name="もっと見る").click()
    expect(page.locator("#timeline-list > li[data-row]")).to_have_count(61)


def test_one_line_each_and_milestones_only(sign_in, live_server, worker, center_worker):
    load_codes()
    load_streams()
    case = st.everything(worker, center_worker)
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/households/{case.household_id}/")
    page.get_by_role("link", name="1行ずつ見る").click()
    expect(page.locator("#timeline-list.timeline--short")).to_be_visible()
    page.wait_for_load_state("load")  # a list can be there before the page's style sheets
    heights = page.eval_on_selector_all(
        "#timeline-list > li", "rows => rows.map(row => row.getBoundingClientRect().height)"
    )
    assert heights
    assert max(heights) < 50  # one line
    page.get_by_label("節目だけ").check()
    page.get_by_role("button", name="絞り込む").click()
    expect(page.locator("#timeline-list > li:not(.entry--mark)")).to_have_count(0)
    expect(page.locator("#timeline-list")).to_contain_text("再相談（再開）")
    expect(page.get_by_role("link", name="全文で見る")).to_be_visible()


def test_the_rest_of_a_long_note_comes_when_it_is_opened(sign_in, live_server, worker, large):
    st.note(large, worker.actor, f.NOW - timedelta(minutes=5), "玄関先で三十分。" * 90 + "最後の言葉")
    page = sign_in(worker.staff)
    page.goto(f"{live_server.url}/households/{large.household_id}/")
    row = page.locator("#timeline-list > li", has_text="玄関先で三十分")
    expect(row).not_to_contain_text("最後の言葉")
    row.locator("summary").press("Enter")
    expect(row).to_contain_text("最後の言葉")
    assert Axe().run(page).response["violations"] == []
    page.goto(f"{live_server.url}/api/docs/")
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("width", [1280, 768])
def test_the_case_is_read_first_at_any_width_and_the_column_stays_at_the_right(
    sign_in, live_server, worker, large, width
):
    page = sign_in(worker.staff, width=width)
    page.goto(f"{live_server.url}/households/{large.household_id}/")
    page.wait_for_load_state("networkidle")
    case, work, seen, contact = (
        page.locator(f"#{where}").bounding_box()
        for where in ("cases-head", "work-head", "seen-head", "contact-head")
    )
    order = page.evaluate("[...document.querySelectorAll('main h2[id]')].map((h) => h.id)")
    assert order.index("cases-head") == 0  # keys and readers meet it first as well
    if width == 768:
        assert case["y"] < work["y"] < contact["y"] < seen["y"]
        return
    assert case["x"] == seen["x"] > work["x"] + work["width"]
    assert abs(case["y"] - work["y"]) < 60
    assert case["y"] < seen["y"] < contact["y"]
