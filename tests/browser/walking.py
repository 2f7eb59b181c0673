"""What the walks through whole households share: the steps of a desk worker on real pages, and the years between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from cases.actions.silent_risks import refresh_all
from cases.models import Case
from common.japan.wareki import format_wareki
from referrals.tasks import escalate_overdue_referrals
from tests.browser.conftest import TICK
from tests.clock import TestClock
from tests.conftest import Persona


def wareki(day: date) -> str:
    return format_wareki(day, weekday=False)


@dataclass
class Walk:
    """One household through the pages. ``page`` is the worker's own; it changes when time has gone on."""

    base: str
    clock: TestClock
    sign_in: Callable[..., Page]
    worker: Persona
    page: Page = None  # type: ignore[assignment]
    number: str = ""

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    @property
    def stream(self) -> Locator:
        return self.page.locator("#timeline-list")

    @property
    def case(self) -> Case:
        return Case.objects.select_related("household").get(number=self.number)

    def begin(self) -> None:
        self.page = self.sign_in(self.worker.staff)

    def goto(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.page.wait_for_load_state()

    @contextmanager
    def after(self, days: int) -> Iterator[None]:
        """So many days later than the first word: the nightly work has run, and everybody signs in anew."""
        with self.clock.later(timedelta(days=days)):
            escalate_overdue_referrals()
            refresh_all(at=timezone.now())
            self.begin()
            yield
            self.page.context.close()

    def receive(
        self, text: str, name: str, *, concerns: str, way: str = "visit_desk", minutes: int = 40
    ) -> str:
        """「相談を受ける」 about somebody new; opens the case and returns its number."""
        self.page.keyboard.press("n")
        self.page.wait_for_url("**/consultations/new/**")
        self.page.wait_for_load_state()
        self.page.fill("#id_text", text)
        self.page.fill("#id_person_text", name)
        self.page.get_by_text("登録がありません").wait_for()
        self.page.locator(f"input[name=way][value={way}]").evaluate(TICK)
        self.page.fill("#id_minutes", str(minutes))
        for code in concerns.split():
            self.page.locator(f"input[name=concerns][value={code}]").evaluate(TICK)
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
        self.page.get_by_role("link", name="ケースを開く").first.click()
        self.page.wait_for_url("**/cases/K*/")
        self.number = self.page.url.rstrip("/").split("/")[-1]
        return self.number

    def household(self) -> None:
        self.goto(f"/households/{self.case.household_id}/")

    def add_member(self, family: str, given: str, born: str, relation: str) -> None:
        self.household()
        self.page.get_by_text("世帯員を加える", exact=True).click()
        self.page.fill("#id_family_name", family)
        self.page.fill("#id_given_name", given)
        self.page.fill("#id_birth_on", born)
        self.page.select_option("#id_relation", relation)
        self.page.get_by_role("button", name="世帯員に加える").click()
        expect(self.page.locator("#messages")).to_contain_text("世帯員を加えました")

    def kinship(self, person: str, relative: str, kind: str = "parent") -> None:
        self.household()
        self.page.get_by_text("関係を記録する", exact=True).click()
        self.page.select_option("#kinship_person", label=person)
        self.page.select_option("#kinship_relative", label=relative)
        self.page.select_option("#kinship_kind", kind)
        self.page.get_by_role("button", name="記録する", exact=True).last.click()
        expect(self.main).to_contain_text(f"{person} は {relative} の")

    def note(
        self, text: str, *, way: str = "home_visit", minutes: int = 45, next_in: int | None = None
    ) -> None:
        """From the household's own page: what was done, and when next."""
        self.household()
        self.page.fill("#composer textarea[name=text]", text)
        self.page.locator(f"#composer input[name=way][value={way}]").evaluate(TICK)
        self.page.fill("#id_minutes", str(minutes))
        if next_in is not None:
            self.page.fill(
                "#composer input[name=next_on]", wareki(timezone.localdate() + timedelta(days=next_in))
            )
            self.page.fill("#composer input[name=next_text]", "訪ねて様子を聞く")
        self.page.keyboard.press("Control+Enter")

        expect(self.stream).to_contain_text(text)

    def consent(self, *agencies: Persona) -> None:
        self.goto(f"/cases/{self.number}/?tab=assessment")
        self.page.get_by_role("link", name="同意を記録する・撤回する").click()
        self.page.locator("input[name=state][value=yes]").evaluate(TICK)
        for other in agencies:
            self.page.locator(f"input[name=agencies][value='{other.agency.pk}']").evaluate(
                "box => box.click()"
            )
        self.page.fill("#id_paper_place", "相談室キャビネット2段目")
        self.page.get_by_role("button", name="答えを記録する").click()
        expect(self.main).to_contain_text("ケースの同意は「あり」")

    def refer(self, to: Persona, purpose: str) -> None:
        self.goto(f"/referrals/new/?case={self.number}")
        self.page.fill("#id_to_agency", to.agency.name)
        self.page.locator("#id_to_agency_list [role=option]", has_text=to.agency.name).first.click()
        self.page.fill("#id_purpose", purpose)
        self.page.get_by_role("button", name=re.compile("^つなぐ")).click()
        self.page.wait_for_url(re.compile(r"/referrals/\d+/"))

    def answer(self, who: Persona, purpose: str, note: str) -> None:
        """The other agency finds it at home and joins."""
        page = self.sign_in(who.staff)
        page.locator("main a[href^='/referrals/']").first.click()
        page.wait_for_load_state()
        expect(page.locator("main")).to_contain_text(purpose)
        page.get_by_role("link", name=re.compile("一緒に支える")).first.click()
        page.wait_for_load_state()
        page.locator("textarea[name=note], input[name=note]").fill(note)
        with page.expect_response(lambda r: r.request.method == "POST" and "/drafts/" not in r.url):
            page.locator("main form[method=post] button[type=submit]").last.click()
        page.wait_for_load_state()
        page.context.close()

    def close(self, why: str, *, every: str, way: str, turns: int) -> None:
        self.goto(f"/cases/{self.number}/close/")
        self.page.select_option("#id_reason", label="目標達成")
        self.page.fill("#id_note", why)
        self.page.locator("label[data-pick-for]", has_text=every).click()
        self.page.select_option("#id_follow_up_way", label=way)
        self.page.fill("#id_turns", str(turns))
        self.page.get_by_role("button", name="終結する").click()
        expect(self.main).to_contain_text("第1回")

    def watch(self, result: str, note: str) -> None:
        """What is due stands on the home page; its result is one page away."""
        self.goto("/")
        self.main.locator("a", has_text=self.case.household.name).first.click()
        self.page.wait_for_load_state()
        self.page.locator(f"input[name=result][value={result}]").evaluate(TICK)
        self.page.fill("#id_note", note)
        with self.page.expect_navigation():
            self.page.keyboard.press("Control+Enter")

    def worry(self, said: str) -> Locator:
        """A row of the queue about this household's case."""
        self.goto("/worries/")
        return self.page.locator("tr", has_text=self.number).filter(has_text=said)

    def history(self, *said: str) -> None:
        """All of it stands on the household's page, whatever happened in between."""
        self.household()
        more = self.page.get_by_role("link", name="もっと見る")
        if more.count():
            more.click()
        for words in said:
            expect(self.page.locator("main")).to_contain_text(words)
