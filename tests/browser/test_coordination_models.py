"""The six coordination models on the same ten contacts, through real pages: who leads, and who is told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from accounts.enums import AgencyKind, Role, Sector
from accounts.models import Staff
from budgets.masters import load_streams
from cases.coordination import Model, Project
from cases.masters import load_codes
from common.japan.wareki import format_wareki
from tests import factories as f
from tests.browser.conftest import TICK, shoot
from tests.conftest import Persona, persona

# who hears it, at what time, and the concerns that are ticked: c01 障害, c03 困窮, c11 児童, c12 高齢
CONTACTS = (
    ("north", "9:00", "c12"), ("north", "10:00", "c12 c01"), ("north", "11:00", "c03"), ("north", "13:00", "c11 c03"),
    ("south", "9:00", "c12 c11"), ("south", "10:00", "c01"), ("center", "9:00", "c12"), ("center", "10:00", "c12 c01"),
    ("disability", "9:00", "c01"), ("disability", "10:00", "c01 c03"),
)  # fmt: skip
RECEIVERS = [who for who, _, _ in CONTACTS]
COMPLEX = (1, 3, 4, 7, 9)


@dataclass(frozen=True)
class Play:
    """A model: its central agency and operators, who leads where not the receiver, and who is told of which contacts."""

    model: Model
    center: str = ""
    operators: tuple[str, ...] = ()
    leads: dict[int, str] = field(default_factory=dict)
    told: dict[str, tuple[int, ...]] = field(default_factory=dict)


PLAYS = (
    Play(Model.CENTRAL_DIRECTOR, "central", told={"central": COMPLEX}),
    Play(
        Model.DIRECTOR_PER_SECTOR,
        told={"ad_elderly": (1, 4, 7), "ad_disability": (1, 7, 9), "ad_child": (3, 4), "ad_poverty": (3, 9)},
    ),
    Play(Model.PROMOTER_TAKES, "promoter", leads=dict.fromkeys(COMPLEX, "promoter")),
    Play(Model.PROMOTER_CONVENES, "promoter", told={"promoter": COMPLEX}),
    Play(Model.ONE_STOP, "center", leads=dict.fromkeys(range(10), "center")),
    Play(
        Model.HUBS, operators=("disability", "council"), leads={7: "north"},
        told={"disability": (1, 7), "council": COMPLEX},
    ),
)  # fmt: skip


@pytest.fixture
def town(transactional_db, admin) -> dict[str, Persona]:
    load_codes()
    load_streams()
    north, south = f.make_area("北部"), f.make_area("南部")
    K, D = AgencyKind, AgencyKind.DIRECTOR_OFFICE

    def post(name: str, kind: str, **over: object) -> Persona:
        role = over.pop("role", Role.DESK_WORKER)
        agency = f.make_agency(name, kind=kind, **over)
        sector = str(over.get("sector", "") or Sector.GAP) if role == Role.AREA_DIRECTOR else ""
        return persona(agency, role, name=f"担当 {name}", sector=sector)

    people = {
        "north": post("北の保健室", K.DESK, area=north), "south": post("南の保健室", K.DESK, area=south),
        "center": post("地域包括", K.CENTER, sector=Sector.ELDERLY, area=north),
        "disability": post("障害福祉室", K.DEPARTMENT, sector=Sector.DISABILITY), "council": post("社協", K.COUNCIL),
        "central": post("中央ＡＤ", D, may_lead=False, role=Role.AREA_DIRECTOR), "promoter": post("推進室", D),
    }  # fmt: skip
    for sector in (Sector.ELDERLY, Sector.DISABILITY, Sector.CHILD, Sector.POVERTY):
        people[f"ad_{sector.value}"] = post(
            f"ＡＤ{sector.label}", D, sector=sector, may_lead=False, role=Role.AREA_DIRECTOR
        )
    return people


@pytest.fixture
def enter(new_context, live_server):
    """A page of somebody who has signed in already: the sign-in form has its own test."""

    def page_of(staff: Staff, width: int = 1280) -> Page:
        client = Client()
        client.force_login(staff, backend="allauth.account.auth_backends.AuthenticationBackend")
        context = new_context(width)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        return context.new_page()

    return page_of


def choose(page: Page, base: str, play: Play, town: dict[str, Persona]) -> None:
    """The administrator chooses the model from tomorrow."""
    page.goto(f"{base}/manage/coordination/new/")
    page.locator(f"input[name=model][value={play.model.value}]").evaluate(TICK)
    page.fill("#id_starts_on", format_wareki(timezone.localdate() + timedelta(days=1), weekday=False))
    if play.center:
        page.select_option("#id_center", str(town[play.center].agency.pk))
    for who in play.operators:
        box = page.locator(f"input[name={Project.COOPERATION.value}][value='{town[who].agency.pk}']")
        box.evaluate(TICK)
    page.fill("#id_reason", "連携のしかたを見直すため")
    page.get_by_role("button", name="この型に変える").click()
    page.wait_for_url("**/manage/coordination/")
    assert "を登録しました" in page.locator("#messages").inner_text()


def receive(page: Page, base: str, n: int) -> str:
    """「相談を受ける」 about somebody new; the number of the case."""
    _, clock, concerns = CONTACTS[n]
    page.goto(f"{base}/consultations/new/")
    page.wait_for_load_state("networkidle")
    page.fill("#id_text", f"{n + 1}番目の相談。家のことで困っている。")
    page.fill("#id_person_text", f"試田 {chr(ord('一') + n)}子")
    page.get_by_text("登録がありません").wait_for()
    page.locator("input[name=way][value=phone]").evaluate(TICK)
    page.fill("#id_started_at_1", clock)
    page.fill("#id_minutes", "20")
    for code in concerns.split():
        page.locator(f"input[name=concerns][value={code}]").evaluate(TICK)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/consultations/U\d\d-\d+/"))
    page.get_by_role("link", name="ケースを開く").first.click()
    page.wait_for_url("**/cases/K*/")
    return page.url.rstrip("/").split("/")[-1]


def leader(page: Page) -> str:
    return page.locator("aside li", has_text="主担当").locator("strong").first.inner_text()


def told_of(page: Page, base: str) -> set[str]:
    """The cases that somebody's home page says they coordinate."""
    page.goto(f"{base}/")
    for rest in page.locator("details.drafts > summary").all():
        rest.click()  # the three newest stand open
    return set(re.findall(r"(K\d\d-\d+)が、調整するケースになりました", page.locator("main").inner_text()))


@pytest.mark.parametrize("play", PLAYS, ids=[play.model.value for play in PLAYS])
def test_who_leads_and_who_is_told(play, town, admin, enter, live_server, clock_of_the_tests):
    base = live_server.url
    page = enter(admin.staff)
    choose(page, base, play, town)
    shoot(page, f"models-{play.model.value}")
    with clock_of_the_tests.later(timedelta(days=1)):
        pages = {who: enter(town[who].staff) for who in dict.fromkeys(RECEIVERS)}
        numbers = []
        for n, who in enumerate(RECEIVERS):
            numbers.append(receive(pages[who], base, n))
            expected = town[play.leads.get(n, who)].agency.short_name
            assert expected in leader(pages[who]), (play.model, n)
        for who, person in town.items():
            expected = {numbers[n] for n in play.told.get(who, ())}
            assert told_of(enter(person.staff), base) == expected, (play.model, who)
