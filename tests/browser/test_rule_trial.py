"""A changed 区分の表 over many entries in Chromium: progress that moves by itself, what would move, saving, cancelling."""

from __future__ import annotations

import re
import threading
from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.utils import timezone
from playwright.sync_api import expect

from accounts.enums import Sector
from budgets.actions import rule_trials, rules
from budgets.actions.rule_trials import try_tables
from budgets.masters import load_streams
from budgets.models import AttributionTable, RuleTrial, WorkEntry
from tests import factories as f
from tests.browser.conftest import shoot
from tests.budgets.work import derive, make_consultation, moment


@pytest.fixture
def long_table(worker, monkeypatch):
    """Twenty days of consultations by people of 50 about care, and a page that answers none of them itself."""
    load_streams()
    monkeypatch.setattr(rule_trials, "AT_ONCE", 0)
    person = f.make_person("柳", "仮", birth_on=date(1976, 1, 1))
    first = timezone.localdate().replace(day=1)
    for n in range(20):
        day = first + timedelta(days=n)
        derive(
            make_consultation(worker, moment(day, "9:00"), person=person, sectors=[Sector.ELDERLY]), worker
        )
    return first


def in_a_thread(action) -> threading.Thread:
    def call() -> None:
        try:
            action()
        finally:
            connections.close_all()

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def watch_saving(monkeypatch, seen: threading.Event, go_on: threading.Event) -> threading.Thread:
    """A worker that saves five entries at a time and stops after fifteen until it may go on."""
    monkeypatch.setattr(rules, "AT_A_TIME", 5)
    real = rule_trials.save_table

    def paused(*, on_progress, **kwargs):
        def tell(done, whole):
            on_progress(done, whole)
            if done == 15:
                seen.set()
                go_on.wait(30)

        return real(on_progress=tell, **kwargs)

    monkeypatch.setattr(rule_trials, "save_table", paused)
    return in_a_thread(try_tables)


@pytest.mark.parametrize("width", [1280, 768])
def test_a_long_preview_is_watched_saved_and_cancelled(
    sign_in, live_server, long_table, finance, width, monkeypatch
):
    seen, go_on = threading.Event(), threading.Event()
    real = rule_trials.moves_in_parts

    def paused(*args, on_progress):
        def tell(done, whole):
            on_progress(done, whole)
            if done == 1:
                seen.set()
                go_on.wait(30)

        return real(*args, on_progress=tell)

    monkeypatch.setattr(rule_trials, "moves_in_parts", paused)
    page = sign_in(finance.staff, width=width)
    page.goto(f"{live_server.url}/apportionment/rules/edit/")
    page.get_by_label("3行目の業務区分", exact=True).select_option("multi")
    page.get_by_label("3行目の説明", exact=True).fill("65歳未満・高齢のみ → 多機関協働")
    page.get_by_label("例（1行に1つ").fill("72 高齢 → care\n50 高齢 → multi")
    page.get_by_label("変更の理由").fill("市の要綱の改正")
    page.get_by_role("button", name="動く業務実績を確かめる").click()
    page.wait_for_url(re.compile(r"/rules/trials/\d+/"))
    main = page.locator("main")
    expect(main).to_contain_text("順番を待っています")
    thread = in_a_thread(try_tables)
    assert seen.wait(30)
    expect(main).to_contain_text("3に分けたうち、1まで確かめました")  # without a reload
    assert not Axe().run(page).response["violations"]
    shoot(page, f"rule-trial-running-{width}")
    go_on.set()
    expect(main).to_contain_text("この表で動く業務実績：20件")
    thread.join(30)
    assert not AttributionTable.objects.exists()
    assert not Axe().run(page).response["violations"]
    shoot(page, f"rule-trial-weighed-{width}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if width == 768:
        page.get_by_role("button", name="やめる").click()
        expect(main).to_contain_text("区分の表も業務実績も変わっていません")
        page.get_by_role("link", name="この表に戻って直す").click()
        expect(page.get_by_label("3行目の業務区分", exact=True)).to_have_value("multi")
        assert not AttributionTable.objects.exists()
        return
    page.get_by_role("button", name="この表を保存する").click()
    expect(main).to_contain_text("20件の業務実績を動かしています")
    seen.clear()
    go_on.clear()
    saving = watch_saving(monkeypatch, seen, go_on)
    assert seen.wait(30)
    expect(main).to_contain_text("（15件まで）")  # without a reload, while nothing of it is saved
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "15")
    assert set(WorkEntry.objects.values_list("category__code", flat=True)) == {"general"}
    assert not Axe().run(page).response["violations"]
    shoot(page, "rule-trial-saving")
    go_on.set()
    saving.join(30)
    expect(main).to_contain_text("動かした業務実績：20件")
    assert set(WorkEntry.objects.values_list("category__code", flat=True)) == {"multi"}
    assert RuleTrial.objects.get().saved_table == AttributionTable.objects.get()
