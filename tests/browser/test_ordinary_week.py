"""An ordinary week of 業務記録 by keyboard alone: how many keys and pages it takes beside the casework itself.

The target is under three minutes. No clock is read: keys, preparations and answers are counted while real Chromium does
the work, and the keystroke-level model (tests/browser/hand.py) says what they cost an ordinary typist.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.enums import Sector
from budgets.actions.derive_entry import Meeting, derive_from_record, derive_meeting_entry
from budgets.actions.week_helpers import add_template
from budgets.actions.work_entries import add_entry, week_start
from budgets.masters import load_streams
from budgets.models import WorkEntry
from budgets.selectors_work import week_of
from tests import factories as f
from tests.browser.conftest import shoot
from tests.browser.hand import SLOW, Effort, Hand
from tests.budgets.work import make_note, moment
from tests.conftest import persona

TARGET = 180  # seconds: 「3分未満」
AT_MOST = Effort(keys=200, preparations=18, pages=3, parts=15)

# what casework has recorded by itself: (clock, minutes, way), Monday to Friday
CONTACTS = (
    (("8:45", 30, "phone"), ("9:30", 60, "home_visit"), ("11:00", 60, "visit_desk"), ("13:00", 90, "accompany")),
    (("8:45", 45, "phone"), ("10:00", 90, "home_visit"), ("13:30", 60, "home_visit"), ("14:30", 60, "visit_desk")),
    (("8:45", 75, "visit_desk"), ("10:00", 90, "home_visit"), ("13:00", 120, "accompany")),
    (("8:45", 45, "phone"), ("9:30", 60, "visit_desk"), ("10:30", 90, "home_visit"), ("13:00", 90, "agency")),
    (("9:00", 60, "home_visit"), ("10:00", 60, "agency"), ("11:00", 60, "visit_desk"), ("13:00", 90, "home_visit")),
)  # fmt: skip
# what stood in the week before: the same every day, and a training on Wednesday that this week has not
EVERY_DAY = (("8:30", 15, "meeting", "朝礼"), ("16:30", 45, "office", "記録の整理"))
TRAINING = ("15:00", 90, "training", "虐待防止研修")
# what the worker types, day by day; 「巡回」 is the name of a template
TYPED = (
    ("15 移動", "30 移動", "30 事務", "30 事務"),
    ("30 移動", "30 移動", "30 移動", "60 事務"),
    ("30 事務",),
    ("1430 120 事務",),
    ("15 移動", "巡回"),
)


@pytest.fixture
def ordinary_week(desk):
    """A worker on the Monday after; casework has filled its part of last week, the rest is empty."""
    load_streams()
    me = persona(desk, name="中川 恵")
    case = f.make_case(me.actor, sectors=(Sector.POVERTY,))
    monday, at = last_week(), timezone.now()
    for n, contacts in enumerate(CONTACTS):
        day = monday + timedelta(days=n)
        for clock, minutes, way in contacts:
            note = make_note(me, case, moment(day, clock), minutes, way=way)
            derive_from_record(contact=note, actor=me.actor, at=at)
        former = day - timedelta(days=7)
        for clock, minutes, code, words in (*EVERY_DAY, *((TRAINING,) if n == 2 else ())):
            add_entry(
                starts_at=moment(former, clock), minutes=minutes, category_code=code, note=words, actor=me.actor, at=at,
            )  # fmt: skip
    derive_meeting_entry(
        meeting=Meeting(1, "重層的支援会議", moment(monday, "15:00"), 60, case.number), staff=me.staff, agency=me.agency,
        actor=me.actor, at=at,
    )  # fmt: skip
    add_template(name="巡回", line="14:30 120 地域 集いの場の巡回", actor=me.actor, at=at)
    return me


def last_week() -> date:
    return week_start(timezone.localdate()) - timedelta(days=7)


def unfilled(me) -> int:
    return week_of(staff=me.staff, day=last_week(), actor=me.actor, now=timezone.now()).unfilled


def focused(page) -> str:
    return page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.id")


class Counted(Hand):
    """Counts what the browser waited for as well."""

    def __init__(self, page) -> None:
        super().__init__(page)
        self.pages = self.parts = 0
        page.on("load", lambda _: self._page())
        page.on("response", lambda r: self._part() if "hx-request" in r.request.headers else None)

    def _page(self) -> None:
        self.pages += 1

    def _part(self) -> None:
        self.parts += 1

    def enter(self, text: str, here: str, told: str) -> None:
        """One line, and the day's line has the focus again."""
        self.prepare()
        self.line(text)
        self.press("Enter")
        line = self.page.locator(f"#{here}")
        expect(self.page.locator(f"#{here.replace('line', 'day')}")).to_contain_text(told)
        expect(line).to_have_value("")
        expect(line).to_be_focused()

    @property
    def effort(self) -> Effort:
        return Effort(self.keys, self.preparations, self.pages, self.parts)


def same_as_last_week(hand, page) -> None:
    for _ in ("to the page", "to last week", "the same as the week before"):
        hand.prepare()
    hand.press("g")
    hand.press("w")
    page.wait_for_url(re.compile("/work/$"))
    hand.press("ArrowLeft")
    page.wait_for_url(re.compile("day="))
    hand.press("c")
    hand.press("Enter")
    expect(page.locator("body")).to_contain_text("11 件を入れました")
    page.wait_for_load_state("load")


def training_was_last_week(hand, page, line: str) -> None:
    """The copied training becomes what Wednesday really was; Shift+Tab reaches its 「直す」."""
    hand.prepare()
    for _ in range(12):
        if focused(page) == "15:00の業務を直す":
            break
        hand.press("Shift+Tab")
    hand.prepare()
    hand.press("Enter")
    expect(page.locator(f"#{line.replace('line', 'edit')}")).to_be_focused()
    hand.press("Control+a")
    hand.line("15:00 90 地域 集い")
    hand.press("Enter")
    expect(page.locator(f"#{line.replace('line', 'day')}")).to_contain_text("集い")
    hand.press("i")
    expect(page.locator(f"#{line}")).to_be_focused()


def test_an_ordinary_week_is_three_pages_and_few_keys(sign_in, ordinary_week, capsys):
    before = unfilled(ordinary_week)
    page = sign_in(ordinary_week.staff)
    hand = Counted(page)
    same_as_last_week(hand, page)
    after_copy = unfilled(ordinary_week)
    hand.press("i")
    for n, lines in enumerate(TYPED):
        line = f"line-{last_week() + timedelta(days=n)}"
        expect(page.locator(f"#{line}")).to_be_focused()
        if n == 2:
            training_was_last_week(hand, page, line)
        for text in lines:
            hand.enter(
                text, line, {"移動": "移動", "事務": "事務", "巡回": "集いの場の巡回"}[text.split()[-1]]
            )
        if n < 4:
            hand.press("ArrowDown")
    shoot(page, "work-ordinary-week")
    assert unfilled(ordinary_week) == 0
    assert not WorkEntry.objects.filter(worked_on__gte=last_week(), category__code="training").exists()
    done = hand.effort
    for name in ("keys", "preparations", "pages", "parts"):
        assert getattr(done, name) <= getattr(AT_MOST, name), (name, done)
    with capsys.disabled():
        print(
            f"\nan ordinary week: {before} minutes of duty not filled by casework, {after_copy} after 先週と同じ; "
            f"{done.keys} keys, {done.preparations} preparations, {done.pages} pages, {done.parts} parts: "
            f"{done.seconds():.0f} s at 40 words a minute, {done.seconds(SLOW):.0f} s at 0.75 s a key (target {TARGET} s)"
        )


def test_the_most_that_is_allowed_is_under_three_minutes_by_arithmetic():
    """200 × 0.28 + 18 × 1.35 + 3 × 1.0 + 15 × 0.3 = 87.8 s: a minute and a half is left to remember what was done."""
    assert round(AT_MOST.seconds(), 1) == 87.8
    assert AT_MOST.seconds() < TARGET / 2
