"""The area director's page: numbers that open lists, conferences that are due, late decisions, who helps whom."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Sector
from accounts.models import Agency
from cases.actions.open_case import set_sectors
from cases.models import Case, CaseGrant
from cases.selectors.coordination import load_directory
from households.actions.denials import deny_staff
from households.actions.protection import protect_address
from households.contact import hidden_home, shield_for
from households.models import Household, HouseholdMember
from referrals.actions.answer_referral import answer_referral
from referrals.actions.escalate_referrals import escalate_overdue
from referrals.flows import DAY_MINUTES, Flow, flows
from referrals.models import Referral
from referrals.network import network
from referrals.selectors_director import risen_rows, standing, to_convene
from referrals.views import sector
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.referrals import conferences as c
from tests.referrals.helpers import send

PAGE = "/referrals/sector/"
BOTH = (Sector.ELDERLY, Sector.DISABILITY)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=f.TOKYO)


def asked(worker, to: Agency, sent: datetime, answered: datetime | None = None, by=None):
    case = f.make_case(worker.actor)
    referral = send(worker.actor, case, to, at=sent)
    if answered is not None:
        answer_referral(referral=referral, event="join", actor=by.actor, at=answered)
    return referral


def found(director):
    """Of 障害, in November."""
    pks = list(Agency.objects.filter(sector=Sector.DISABILITY).values_list("pk", flat=True))
    until = TODAY + timedelta(days=1)
    return flows(agencies=pks, since=at(1, 0).date(), until=until, actor=director.actor, at=NOW)


# ── Time to answer ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sent", "answered", "minutes"),
    [
        (at(17, 10), at(17, 15), 300),  # within a day
        (at(16, 16, 15), at(17, 9, 30), 120),  # over a night
        (at(13, 16, 15), at(16, 9, 30), 120),  # over a weekend
        (at(2, 17, 0), at(4, 8, 40), 25),  # over 文化の日
        (at(14, 11), at(15, 15), 0),  # a weekend counts nothing
        (at(2, 6, 0), at(2, 22, 0), DAY_MINUTES),  # before opening and after closing
    ],
)
def test_only_opening_hours_count(worker, disability_worker, disability_director, sent, answered, minutes):
    asked(worker, disability_worker.agency, sent, answered, disability_worker)
    (answer,) = found(disability_director).answers
    assert answer.minutes == minutes


def test_new_year_does_not_count(worker, disability_worker, disability_director, time_machine):
    time_machine.move_to(datetime(2027, 1, 6, 12, 0, tzinfo=f.TOKYO), tick=False)
    sent, answered = at(28, 16, 15, month=12), datetime(2027, 1, 4, 9, 30, tzinfo=f.TOKYO)
    asked(worker, disability_worker.agency, sent, answered, disability_worker)
    rows = flows(
        agencies=[disability_worker.agency.pk], since=at(1, 0, month=12).date(),
        until=timezone.localdate() + timedelta(days=1), actor=disability_director.actor, at=timezone.now(),
    )  # fmt: skip
    assert rows.all.minutes == 120


def test_pairs_and_the_median(worker, center_worker, disability_worker, disability_director):
    for hour in (10, 11, 15):
        asked(worker, disability_worker.agency, at(17, 9), at(17, hour), disability_worker)
    asked(worker, disability_worker.agency, at(19, 9))
    asked(disability_worker, center_worker.agency, at(18, 9), at(18, 10), center_worker)
    asked(worker, center_worker.agency, at(18, 9))  # another sector's affair
    rows = found(disability_director)
    assert [(p.source, p.target, p.sent, p.waiting, p.minutes) for p in rows.pairs] == [
        (worker.agency.pk, disability_worker.agency.pk, 4, 1, 120.0),
        (disability_worker.agency.pk, center_worker.agency.pk, 1, 0, 60.0),
    ]
    assert rows.all.sent == 5


def test_medians_of_a_receiver_and_of_all_are_taken_of_every_answer(
    worker, center_worker, disability_worker, disability_director
):
    for hour in (10, 11, 12):  # 60, 120, 180
        asked(worker, disability_worker.agency, at(17, 9), at(17, hour), disability_worker)
    asked(center_worker, disability_worker.agency, at(17, 9), at(17, 16), disability_worker)  # 420
    asked(disability_worker, center_worker.agency, at(17, 9), at(17, 9, 30), center_worker)  # 30
    rows = found(disability_director)
    assert {(p.source, p.target): p.minutes for p in rows.pairs} == {
        (worker.agency.pk, disability_worker.agency.pk): 120,
        (center_worker.agency.pk, disability_worker.agency.pk): 420,
        (disability_worker.agency.pk, center_worker.agency.pk): 30,
    }
    assert [(a.target, a.sent, a.minutes) for a in rows.answers] == [
        (disability_worker.agency.pk, 4, 150),
        (center_worker.agency.pk, 1, 30),
    ]
    assert (rows.all.sent, rows.all.minutes) == (5, 120)


def test_a_household_closed_to_the_director_counts_nowhere(worker, disability_worker, disability_director):
    referral = asked(worker, disability_worker.agency, at(17, 9), at(17, 10), disability_worker)
    asked(worker, disability_worker.agency, at(17, 9), at(17, 15), disability_worker)
    deny_staff(
        household=referral.case.household, staff=disability_director.staff, reason="relative", note="",
        actor=worker.actor, at=NOW,
    )  # fmt: skip
    (pair,) = found(disability_director).pairs
    assert (pair.sent, pair.minutes) == (1, 360)


@pytest.mark.parametrize(
    ("minutes", "pace", "words"),
    [(None, "none", "返事はまだ"), (20, "quick", "1時間未満"), (300, "quick", "5時間"), (525, "quick", "1.0開庁日"),
     (900, "usual", "1.7開庁日"), (2000, "slow", "3.8開庁日")],
)  # fmt: skip
def test_the_pace_has_a_colour_and_words(minutes, pace, words):
    flow = Flow(1, 2, 3, 0, 0, minutes)
    assert (flow.pace, flow.in_words) == (pace, words)


# ── The picture ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_thickest_arrow_is_the_busiest_pair_and_nothing_leaves_the_picture():
    pairs = [
        Flow(1, 2, 40, 0, 0, 60),
        Flow(2, 1, 10, 0, 0, None),
        *(Flow(3, n, 1, 1, 0, None) for n in range(4, 30)),
    ]
    picture = network(pairs, {n: f"機関{n}" for n in range(30)})
    assert [a.flow.sent for a in picture.arrows[:2]] == [40, 10]
    assert picture.arrows[0].width == max(a.width for a in picture.arrows) > picture.arrows[1].width
    assert picture.arrows[0].d != picture.arrows[1].d
    assert len(picture.nodes) <= 16
    assert picture.left_out == len(pairs) - len(picture.arrows) > 0
    assert all(0 < n.x < picture.width and 0 < n.y < picture.height for n in picture.nodes)


def test_without_requests_there_is_nothing_to_draw():
    assert network([], {}).arrows == []


def test_the_table_says_what_the_picture_shows(worker, disability_worker, disability_director):
    asked(worker, disability_worker.agency, at(17, 9), at(17, 14), disability_worker)
    page = disability_director.client.get(PAGE).content.decode()
    arrow = f"{worker.agency.short_name} → {disability_worker.agency.short_name}：1件、返事まで 5時間"
    assert arrow in page and "network__arrow--quick" in page
    table = page[page.index('id="network-table"') :]
    assert re.search(
        rf"<td>{worker.agency.short_name}</td>\s*<td>{disability_worker.agency.short_name}</td>", table
    )


# ── The page ────────────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_open_the_lists(worker, disability_worker, disability_director):
    referral = send(
        worker.actor, f.make_case(worker.actor), disability_worker.agency, at=NOW - timedelta(days=9)
    )
    escalate_overdue(actor=Actor.system("試験"), at=NOW)
    set_sectors(case=referral.case, sectors=BOTH, actor=worker.actor, at=NOW)
    Case.objects.filter(pk=referral.case_id).update(last_contact_at=NOW - timedelta(days=40))
    page = disability_director.client.get(PAGE).content.decode()
    for href in (
        "?tab=history&amp;state=sent",
        "?tab=sector#escalated",
        "?tab=sector#multi",
        "?tab=sector&amp;show=silent#multi",
    ):
        stat = page[page.index(f'href="/referrals/{href}"') :]
        assert re.search(r'stat__value">\s*1\s*<', stat[:500]), href
    assert referral.purpose in page


def test_the_number_counts_all_and_the_oldest_are_read(
    worker, disability_worker, center_worker, disability_director, elderly_director, monkeypatch
):
    """Seven have risen and one was put to a conference: seven are counted, five are shown, the oldest deadline first."""
    for n in range(7):
        late = NOW - timedelta(days=9, hours=n)
        send(worker.actor, f.make_case(worker.actor), disability_worker.agency, at=late, purpose=f"同行{n}")
    escalate_overdue(actor=Actor.system("試験"), at=NOW)
    case = f.make_case(worker.actor, sectors=BOTH)
    put = send(worker.actor, case, disability_worker.agency, purpose="話し合う")
    answer_referral(
        referral=put, event="to_conference", actor=disability_worker.actor, at=NOW, note="役割を決めたい"
    )
    numbers = standing(disability_director.actor, NOW - timedelta(days=30))
    assert (numbers.waiting, len(numbers.escalated), len(numbers.put), numbers.multi) == (7, 7, 1, 1)
    found, waits = risen_rows(numbers, disability_director.actor, load_directory(), NOW)
    assert [row.purpose for row in found] == ["同行6", "同行5", "同行4", "同行3", "同行2"]
    assert [row.purpose for row in waits] == ["話し合う"]
    # so many of each are shown in the tab: what waits for a conference is not crowded out
    monkeypatch.setattr(sector, "LIST_LIMIT", 2)
    tab = disability_director.client.get("/referrals/?tab=sector").content.decode()
    assert re.search(r'上がった.*?stat__value">\s*7\s*<', tab, re.DOTALL)
    assert [purpose in tab for purpose in ("同行6", "同行5", "同行4", "話し合う")] == [
        True,
        True,
        False,
        True,
    ]
    assert tab.count("期限の古い順に2件を表示しています") == 1
    page = disability_director.client.get(PAGE).content.decode()
    assert "同行2" in page and "同行1" not in page and "すべて見る" in page and "役割を決めたい" in page
    numbers = standing(elderly_director.actor, NOW - timedelta(days=30))
    assert (numbers.waiting, len(numbers.escalated), len(numbers.put), numbers.multi) == (0, 0, 1, 1)


def test_row_by_row_the_scope_is_the_same(
    worker, manager, center_worker, disability_worker, elderly_director, disability_director, stranger
):
    """``few`` changes how PostgreSQL looks, never what is found: also with a batch, a deny list and an end."""
    whole, denied, ended = (f.make_case(worker.actor, sectors=BOTH) for _ in range(3))
    for case in (whole, denied, ended):
        for to in (disability_worker.agency, center_worker.agency):
            send(worker.actor, case, to)
    Referral.objects.filter(case=whole).update(batch=uuid4())
    for who in (elderly_director, center_worker):
        deny_staff(
            household=denied.household, staff=who.staff, reason="relative", note="", actor=worker.actor, at=NOW,
        )  # fmt: skip
    grants = CaseGrant.objects.filter(content_object=ended, group=disability_director.actor.agency.group)
    assert grants.update(ends_at=NOW - timedelta(days=1)) == 1
    seen = {}
    for who in (
        worker,
        manager,
        center_worker,
        disability_worker,
        elderly_director,
        disability_director,
        stranger,
    ):
        scope = Referral.objects.visible_to(who.actor)
        seen[who.staff.pk] = set(scope.values_list("pk", flat=True))
        few = Referral.objects.visible_to(who.actor, few=True)
        assert set(few.values_list("pk", flat=True)) == seen[who.staff.pk]
    assert {len(rows) for rows in seen.values()} >= {0, 4, 6}


def test_a_case_of_several_sectors_waits_for_its_conference(worker, elderly_director, disability_director):
    case = f.make_case(worker.actor, sectors=BOTH)
    page = elderly_director.client.get(PAGE).content.decode()
    assert f"/conferences/new/?case={case.number}" in page
    (row,) = to_convene(elderly_director.actor, load_directory(), NOW)
    assert (row.case, str(row.due_on), row.is_late) == (case, "2026-12-07", False)
    assert to_convene(disability_director.actor, load_directory(), NOW) == []  # one office calls it, not both
    assert to_convene(elderly_director.actor, load_directory(), NOW + timedelta(days=30))[0].is_late
    conference = c.convene(elderly_director.actor, kind="area")
    c.put(conference, case, elderly_director.actor)
    assert to_convene(elderly_director.actor, load_directory(), NOW) == []
    assert conference.title in elderly_director.client.get(PAGE).content.decode()


def test_late_decisions_stand_by_agency(worker, disability_worker, elderly_director):
    case = f.make_case(worker.actor, sectors=BOTH)
    conference = c.convene(elderly_director.actor, kind="area", invite=(disability_worker.agency,))
    item = c.put(conference, case, elderly_director.actor)
    c.sit(conference, elderly_director.actor)
    c.decide(
        item,
        disability_worker.agency,
        disability_worker.staff,
        elderly_director.actor,
        text="手帳の申請を手伝う",
    )
    case.action_items.update(due_on=TODAY - timedelta(days=5))
    page = elderly_director.client.get(PAGE).content.decode()
    late = page[page.index('id="late"') :]
    assert disability_worker.agency.short_name in late and "手帳の申請を手伝う" in late and "1件" in late


def test_what_may_tell_where_a_protected_person_is_stays_out_of_the_late_decisions(
    worker, disability_worker, elderly_director
):
    case = f.make_case(worker.actor, sectors=BOTH)
    conference = c.convene(elderly_director.actor, kind="area", invite=(disability_worker.agency,))
    item = c.put(conference, case, elderly_director.actor)
    c.sit(conference, elderly_director.actor)
    decided = (item, disability_worker.agency, disability_worker.staff, elderly_director.actor)
    c.decide(*decided, text="若葉荘へ行く")
    case.action_items.update(due_on=TODAY - timedelta(days=5))
    assert "若葉荘へ行く" in elderly_director.client.get(PAGE).content.decode()
    protect_address(
        person=case.person, units=[], first_on=TODAY, last_on=TODAY + timedelta(days=365), actor=worker.actor, at=NOW,
    )  # fmt: skip
    left = f.make_household("前の家の世帯")
    HouseholdMember.objects.create(
        household=left, person=case.person, relation="relative", during=(date(2015, 4, 1), date(2019, 4, 1))
    )
    shield, homes = shield_for(elderly_director.actor), Household.objects.order_by("pk")
    assert shield.was_home(left.pk) and not shield.hides(left)
    hidden = homes.annotate(hides=hidden_home(elderly_director.actor, "pk")).values_list("pk", "hides")
    assert [(pk, shield.was_home(pk)) for pk in homes.values_list("pk", flat=True)] == list(hidden)
    page = elderly_director.client.get(PAGE).content.decode()
    assert "若葉荘" not in page and "決定事項（内容はページで読めます）" in page and case.number in page


def test_the_same_number_of_queries_with_many_rows(
    worker, disability_worker, elderly_director, disability_director, django_assert_max_num_queries
):
    client = disability_director.client
    for n in range(25):
        case = f.make_case(worker.actor, sectors=BOTH)
        send(worker.actor, case, disability_worker.agency, at=NOW - timedelta(days=9))
        if n in (0, 24):
            escalate_overdue(actor=Actor.system("試験"), at=NOW)
            with django_assert_max_num_queries(20):
                assert client.get(PAGE).status_code == 200


def test_only_directors_open_it(worker, manager, finance, admin):
    for who in (worker, manager, finance, admin):
        assert who.client.get(PAGE).status_code == 403
        assert who.client.get("/referrals/sector/202610.pdf").status_code == 403


# ── One month on paper ──────────────────────────────────────────────────────────────────────────────────────


def test_the_month_is_one_page_without_names(worker, disability_worker, disability_director, record_property):
    from io import BytesIO

    from pypdf import PdfReader

    referral = asked(worker, disability_worker.agency, at(17, 9), at(17, 14), disability_worker)
    for n in range(20):
        other = f.make_agency(f"障害の事業所{n}", sector=Sector.DISABILITY)
        send(worker.actor, f.make_case(worker.actor), other, at=at(18, 9))
    answer = disability_director.client.get("/referrals/sector/202611.pdf")
    assert answer["Content-Type"] == "application/pdf"
    pages = PdfReader(BytesIO(answer.content)).pages
    text = pages[0].extract_text().replace("\n", "")
    assert len(pages) == 1
    for words in ("障害分野のまとめ", "令和8年11月分", "5時間", "21件", disability_worker.agency.short_name):
        assert words in text, words
    assert referral.case.number not in text and "森下" not in text
    record_property("figure", f"director's month: {len(pages)} page, {len(answer.content) // 1024} kB")


@pytest.mark.parametrize("month", ["202613", "209901", "12", "199901"])
def test_a_month_that_is_none_is_not_found(disability_director, month):
    assert disability_director.client.get(f"/referrals/sector/{month}.pdf").status_code == 404
