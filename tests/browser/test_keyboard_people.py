"""Outreach, the register's file, and the merge and parting of two records: with the keyboard alone, at both widths."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import FileChooser, Page, expect

from cases.masters import load_codes
from cases.models import Case, Outreach
from common.tabular import write_csv
from households.enums import LinkState
from households.models import Household, Person, PersonLink, PersonMerge
from tests import factories as f
from tests.browser.conftest import shoot
from tests.browser.test_household_keyboard import press, reach
from tests.browser.walking import wareki
from tests.households.test_register_import import HEAD, row

WIDTHS = pytest.mark.parametrize("width", [1280, 768])
NEW_HOME = "美旗野市青峰2丁目8番地"


@pytest.fixture(autouse=True)
def masters(transactional_db):
    load_codes()
    f.make_streams()


def write(page: Page, what: str, words: str) -> None:
    """Into the field that is reached, over what stands there."""
    reach(page, what)
    page.keyboard.press("Control+a")
    page.keyboard.type(words)


def choose(page: Page, file: Path) -> None:
    """Enter on the field of a file; once more if the browser opened its window before anyone could listen for it."""
    heard: list[FileChooser] = []
    page.on("filechooser", lambda chooser: heard.append(chooser))
    for _ in range(3):
        page.keyboard.press("Enter")
        for _ in range(50):
            page.wait_for_timeout(100)
            if heard:
                heard[0].set_files(str(file))
                return
    raise AssertionError("the field of the file does not answer to Enter")


def whole(page: Page, address: str) -> None:
    page.wait_for_url(re.compile(address))
    page.wait_for_load_state("networkidle")


def nothing_for_axe(page: Page) -> None:
    """For pages that answer a form and have no address of their own."""
    found = [(v["id"], v["nodes"][0]["target"]) for v in Axe().run(page).response["violations"]]
    assert found == []


@WIDTHS
def test_outreach_from_the_worry_to_the_case(sign_in, worker, width):
    page = sign_in(worker.staff, width=width)
    page.keyboard.press("g")
    page.keyboard.press("r")
    whole(page, "/outreach/$")
    press(page, "アウトリーチを始める", "/outreach/new/$")
    write(page, r"^described\|", "青い屋根の家の息子さん")
    write(page, r"^worry\|", "一年ほど姿を見ない。夜だけ明かりがつく。")
    reach(page, r"^source\|")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Enter")
    whole(page, r"/outreach/\d+/$")
    row = Outreach.objects.get()
    assert row.person is None  # nobody is made to register

    reach(page, r"^answer\|")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    write(page, r"^note\|", "呼び鈴に応えはないが、カーテンが動いた。")
    write(page, r"^next_on\|", wareki(timezone.localdate() + timedelta(days=7)))
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline")).to_contain_text("カーテンが動いた")
    page.wait_for_load_state("networkidle")
    press(page, "訂正する", "/edit/$")
    write(page, r"^peer\|", "ひきこもりの経験のある人")
    page.keyboard.press("Control+Enter")
    whole(page, r"/outreach/\d+/$")
    row.refresh_from_db()
    assert row.peer == "ひきこもりの経験のある人"
    shoot(page, f"keyboard-outreach-{width}")

    press(page, "相談につなげる", "/agree/$")
    write(page, r"^how\|", "玄関先で「話を聞いてほしい」と言われた")
    write(page, r"^person_text\|", "真鍋 透")
    reach(page, r"^sectors\|")
    page.keyboard.press("Space")
    press(page, r"相談を始める", r"/cases/K\d+-\d+/$")
    expect(page.locator("#timeline-list")).to_contain_text("カーテンが動いた")
    assert Case.objects.get().person.display_name == "真鍋 透"


@WIDTHS
def test_an_outreach_that_ends_is_taken_up_again(sign_in, worker, width, live_server):
    page = sign_in(worker.staff, width=width)
    page.goto(f"{live_server.url}/outreach/new/")
    page.keyboard.press("Tab")
    write(page, r"^described\|", "川沿いの小屋の人")
    write(page, r"^worry\|", "寒さが心配")
    reach(page, r"^source\|")
    page.keyboard.press("Space")
    press(page, r"始める", r"/outreach/\d+/$")
    press(page, r"\|終える\|", "/end/$")
    reach(page, r"^reason\|")
    page.keyboard.press("Space")
    write(page, r"^note\|", "小屋が空になった")
    page.keyboard.press("Control+Enter")
    whole(page, r"/outreach/\d+/$")
    assert Outreach.objects.get().state == "ended"
    write(page, r"^next_on\|", wareki(timezone.localdate() + timedelta(days=3)))
    press(page, "もう一度関わる", r"/outreach/\d+/$")
    expect(page.locator("#messages")).to_contain_text("もう一度関わります")
    assert Outreach.objects.get().state == "running"


def _living(worker, family: str, given: str, born: date, **known: str) -> Person:
    person = f.make_person(family, given, birth_on=born, **known)
    home = f.make_household(f"{family} 世帯", person=person, agency=worker.agency, actor=worker.actor)
    Household.objects.filter(pk=home.pk).update(address="美旗野市梅ヶ原1丁目3番地")
    return person


@WIDTHS
def test_the_register_is_taken_in(sign_in, worker, width, tmp_path):
    mother = _living(worker, "髙﨑", "芳江", date(1946, 3, 1))
    namesakes = [_living(worker, "相沢", "遥", date(1990, 2, 2)) for _ in range(2)]
    file = tmp_path / "ido.csv"
    file.write_bytes(write_csv([
        HEAD, row("転居", "高崎 芳江", "S21.3.1", address=NEW_HOME), row("死亡", "相沢 遥", "H2.2.2"),
        row("転居", "高崎 芳江", "S99.3.1", address=NEW_HOME), row("転出", "誰も知らぬ 人", "S40.1.1", address="よその県"),
    ], "utf-8-sig"))  # fmt: skip
    page = sign_in(worker.staff, width=width)
    page.keyboard.press("g")
    page.keyboard.press("f")
    whole(page, "/households/$")
    press(page, "住民異動", "/register/$")
    write(page, r"^month\|", "R8.10")
    reach(page, r"^file\|")
    choose(page, file)
    reach(page, "読んで確かめる")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    main = page.locator("main")
    expect(main).to_contain_text("取り込む異動")
    expect(main).to_contain_text("だれのことか選ぶ異動")
    expect(main).to_contain_text("4行目")  # the row whose day of birth is none
    assert Household.objects.filter(address=NEW_HOME).count() == 0
    page.wait_for_load_state("networkidle")
    nothing_for_axe(page)
    shoot(page, f"keyboard-register-{width}")
    reach(page, r"^pick-\d+\|")
    page.keyboard.press("ArrowDown")
    press(page, r"\|取り込む\|", "/register/$")
    expect(page.locator("#messages")).to_contain_text("2件の異動を取り込みました")
    assert Household.objects.get(address=NEW_HOME).members.get().person == mother
    assert Person.objects.filter(pk__in=[p.pk for p in namesakes], died_on__isnull=False).count() == 1


@WIDTHS
def test_two_records_are_linked_merged_and_parted(sign_in, worker, width, live_server):
    known = {"family_kana": "たかはし", "given_kana": "みどり"}
    kept = _living(worker, "髙橋", "みどり", date(1958, 2, 3), phone="059-555-0101", **known)
    other = _living(worker, "高橋", "翠", date(1958, 2, 3), workplace="縫製所", **known)
    page = sign_in(worker.staff, width=width)
    page.keyboard.press("/")
    page.keyboard.type("たかはし みどり")
    page.keyboard.press("Enter")
    whole(page, r"/search/")
    home = kept.memberships.get().household_id
    press(page, rf"\|/households/{home}/$", rf"/households/{home}/$")
    press(page, rf"髙橋 みどり.*\|/households/people/{kept.pk}/$", rf"/people/{kept.pk}/$")
    press(page, "同じ人", "/same/$")

    write(page, r"^other_text\|", "高橋 翠")
    expect(page.locator("#id_other_text_list [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    write(page, r"^reason\|", "本人から、前にも相談したと聞いた")
    press(page, r"\|判断を記録する\|", "/same/$")
    expect(page.locator("#messages")).to_contain_text("判断を記録しました")
    assert PersonLink.objects.get().state == LinkState.POSSIBLE

    press(page, r"\|くらべて統合する[^|]*\|/households/people/\d+/merge/", rf"/merge/{other.pk}/$")
    reach(page, r"^take_given_name\|")
    page.keyboard.press("ArrowDown")
    reach(page, r"^home\|")
    page.keyboard.press("Space")
    write(page, r"^basis\|", "本人に確かめた")
    shoot(page, f"keyboard-merge-{width}")
    press(page, r"\|統合する\|", "/same/$")
    kept.refresh_from_db()
    assert (kept.family_name, kept.given_name, kept.phone, kept.workplace) == (
        "髙橋", "翠", "059-555-0101", "縫製所",
    )  # fmt: skip

    press(page, r"\|取り消す[^|]*\|/households/merges/", "/undo/$")
    write(page, r"^reason\|", "同姓同名の別の人だとわかった")
    press(page, "二つの記録に戻す", "/same/$")
    expect(page.locator("#messages")).to_contain_text("二つの記録に戻しました")
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.given_name, kept.workplace, other.given_name, other.workplace) == (
        "みどり",
        "",
        "翠",
        "縫製所",
    )
    assert PersonMerge.objects.get().undone_at is not None
