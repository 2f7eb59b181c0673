"""Two parts of the desk worker's tour that write: one person in two records, and a household a year after closing."""

from __future__ import annotations

import re

from scripts.tour import Tour

WORSE = "転んでから外に出ていない。配食を断り、痩せている。電気代を二か月払えていない。"


def one_person_twice(tour: Tour) -> None:
    """Found while a namesake is typed, linked, merged field by field, and parted again."""
    first = _register(tour, "髙﨑", "ゆき江", "S22.4.8", phone="0595-55-0142")
    page = tour.go("/households/new/").page
    _fill(tour, "高崎", "幸江", "S22.4.8", phone="", workplace="縫製の内職")
    page.locator("#alike").get_by_text("すでに登録がある人かもしれません").first.wait_for()
    page.locator("#alike").scroll_into_view_if_needed()
    tour.shot("alike")
    _save(tour)
    tour.go("/search/?q=takasaki yukie").shot("find")
    page = tour.go(f"{first}same/").page
    page.locator("#id_other_text").press_sequentially("高崎 幸江")
    page.locator("#id_other_text_list [role=option]", has_text="高崎 幸江").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.fill("#id_reason", "どちらの記録も、梅ヶ原の角の家に一人で住んでいる")
    tour.shot("link")
    _save(tour)
    _merged_and_parted(tour)


def _merged_and_parted(tour: Tour) -> None:
    """From the page of the records that may be the same person."""
    page = tour.follow("a:has-text('くらべて統合する')").page
    page.locator("input[name=take_given_name]").last.check(force=True)
    page.locator("input[name=home]").first.check(force=True)
    page.fill("#id_basis", "本人に会い、介護保険証で確かめた")
    tour.shot("merge", full=True)
    _save(tour)
    tour.follow("a[href*='/undo/']")
    page.fill("#id_reason", "保険証の番号がちがい、同姓同名の別の人だとわかった")
    tour.shot("undo")
    _save(tour)
    tour.shot("parted")


def a_year_later(tour: Tour) -> None:
    """A turn of the watch finds it worse; support goes on where it ended, with all that was there before."""
    page = tour.go("/cases/watch/").follow("main tbody tr[data-row] a").page
    page.locator("input[name=result][value=worse]").check(force=True)
    page.fill("#id_note", WORSE)
    tour.shot("worse", full=True)
    _save(tour)
    page.wait_for_url(re.compile("/reopen/$"))
    tour.shot("reopen", full=True)
    _save(tour)
    home = page.get_by_role("link", name="世帯のページ").first.get_attribute("href")
    tour.go(f"{home}?view=short#stream").shot("reopened")


def _register(tour: Tour, family: str, given: str, born: str, **more: str) -> str:
    """The address of a new person's record."""
    tour.go("/households/new/")
    _fill(tour, family, given, born, **more)
    _save(tour)
    link = tour.page.locator("main a[href^='/households/people/']").first
    return str(link.get_attribute("href"))


def _fill(tour: Tour, family: str, given: str, born: str, **more: str) -> None:
    known = {
        "family_name": family, "given_name": given, "family_kana": "たかさき", "given_kana": "ゆきえ", "birth_on": born,
        **more,
    }  # fmt: skip
    for name, words in known.items():
        tour.page.fill(f"#id_{name}", words)


def _save(tour: Tour) -> None:
    """The page's own button; what answers is whole."""
    with tour.page.expect_navigation():
        tour.page.locator("main form[method=post] .actions button.btn--primary").last.click()
    tour.page.wait_for_load_state("networkidle")
