"""Households and community issues in one agenda: their order, the way on screen, decisions about an issue, the minutes."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.enums import Role
from cases.selectors.coordination import load_directory
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from households.contact import shield_for
from referrals.actions.action_items import finish_action_item
from referrals.actions.agenda_order import move_item, rows_of, sort_by_urgency
from referrals.actions.close_agency import close_agency
from referrals.actions.decision_to_plan import plan_from_decision
from referrals.actions.handover import hand_over
from referrals.actions.issue_agenda import decide_on_issue, put_issue, remove_issue_item
from referrals.actions.issues import raise_issue
from referrals.actions.run_conference import close_conference, conclude_item, drop_decision
from referrals.handover import open_work
from referrals.models import ActionItem
from referrals.selectors_director import late_decisions
from tests import factories as f
from tests.conftest import persona
from tests.factories import NOW
from tests.referrals import conferences as c

TITLE = "団地に買い物の足がない"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def issue(worker):
    return raise_issue(
        title=TITLE, theme="shopping", area=None, description="", actor=worker.actor, at=NOW,
        cases=[f.make_case(worker.actor)],
    )  # fmt: skip


@pytest.fixture
def sitting(worker, center_worker, issue):
    """Two households, the issue after them; the centre is invited."""
    conference = c.convene(worker.actor, kind="area", invite=(center_worker.agency,))
    for topic in ("住まい", "通院"):
        c.put(conference, f.make_case(worker.actor), worker.actor, topic=topic)
    put_issue(conference=conference, issue=issue, topic="", minutes=15, actor=worker.actor, at=NOW)
    return conference


def topics(conference):
    return [row.topic for row in rows_of(conference)]


def decide(item, who, actor, **kw):
    fields = {
        "text": "移動販売の事業者に会う", "due_on": NOW.date() + timedelta(days=7), "request_key": uuid4(), "at": c.START,
        "agency": who.agency, "staff": who.staff, **kw,
    }  # fmt: skip
    return decide_on_issue(item=item, actor=actor, **fields)


# ── Order ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_issue_moves_among_the_households(sitting, worker):
    item = sitting.issue_items.get()
    assert topics(sitting) == ["住まい", "通院", TITLE]
    url = reverse("conferences:issue_move", args=[item.pk])
    assert worker.client.post(url, {"to": "2"}).status_code == 302
    assert topics(sitting) == ["住まい", TITLE, "通院"]
    move_item(item=sitting.agenda.get(topic="通院"), to=1, actor=worker.actor, at=NOW)
    assert topics(sitting) == ["通院", "住まい", TITLE]
    assert [row.position for row in rows_of(sitting)] == [1, 2, 3]
    page = worker.client.get(reverse("conferences:detail", args=[sitting.pk])).content.decode()
    assert page.index("1. 通院") < page.index("2. 住まい") < page.index(f"3. {TITLE}")
    assert "0時55分" in page or "55分" in page  # 20 + 20 + 15


def test_urgent_households_come_before_an_issue_and_an_issue_is_never_urgent(sitting, worker):
    item = sitting.issue_items.get()
    move_item(item=item, to=1, actor=worker.actor, at=NOW)
    urgent = sitting.agenda.get(topic="通院")
    urgent.urgency = "now"
    urgent.save(update_fields=["urgency"])
    sort_by_urgency(conference=sitting, actor=worker.actor, at=NOW)
    assert topics(sitting) == ["通院", TITLE, "住まい"]


def test_what_is_taken_off_leaves_no_gap(sitting, worker):
    move_item(item=sitting.issue_items.get(), to=1, actor=worker.actor, at=NOW)
    remove_issue_item(item=sitting.issue_items.get(), actor=worker.actor, at=NOW)
    assert [(row.position, row.topic) for row in rows_of(sitting)] == [(1, "住まい"), (2, "通院")]


def test_only_the_convener_moves_and_only_before_it_begins(sitting, worker, center_worker, stranger):
    item = sitting.issue_items.get()
    url = reverse("conferences:issue_move", args=[item.pk])
    assert stranger.client.post(url, {"to": "1"}).status_code in (403, 404)
    with pytest.raises(NotAllowed):
        move_item(item=item, to=1, actor=center_worker.actor, at=NOW)
    c.sit(sitting, worker.actor)
    with pytest.raises(InvalidTransition):
        move_item(item=item, to=1, actor=worker.actor, at=NOW)


def test_the_way_on_screen_goes_through_both(sitting, worker):
    item = sitting.issue_items.get()
    move_item(item=item, to=2, actor=worker.actor, at=NOW)
    c.sit(sitting, worker.actor)
    issue_url = reverse("conferences:issue_run", args=[item.pk])
    first, last = sitting.agenda.order_by("position")
    run = reverse("conferences:run", args=[sitting.pk])
    page = worker.client.get(f"{run}?item={first.pk}").content.decode()
    assert f'href="{issue_url}"' in page
    page = worker.client.get(issue_url).content.decode()
    assert f"?item={first.pk}" in page and f"?item={last.pk}" in page
    conclude_item(item=first, conclusion="続ける", actor=worker.actor, at=c.START)
    assert worker.client.get(run).url == issue_url  # the first that nobody has talked about


# ── Decisions ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_issue_decides_who_does_what_by_when(sitting, worker, center_worker):
    c.sit(sitting, worker.actor)
    item = sitting.issue_items.get()
    url = reverse("conferences:issue_decide", args=[item.pk])
    parse = reverse("conferences:issue_parse", args=[item.pk])
    line = f"{center_worker.agency.short_name} {center_worker.staff.name} 12/5 移動販売の事業者に会う"
    assert "移動販売の事業者に会う" in worker.client.get(parse, {"line": line}).content.decode()
    key = str(uuid4())
    for _ in range(2):
        assert worker.client.post(url, {"line": line, "request_key": key}).status_code == 302
    done = ActionItem.objects.get()
    assert (done.agency, done.staff, done.case, done.issue_item) == (
        center_worker.agency, center_worker.staff, None, item,
    )  # fmt: skip
    assert str(done.due_on) == "2026-12-05"
    home = center_worker.client.get("/").content.decode()
    assert "移動販売の事業者に会う" in home and TITLE in home
    page = center_worker.client.get(reverse("conferences:action_done", args=[done.pk])).content.decode()
    assert TITLE in page and "地域課題" in page
    finish_action_item(item=done, outcome="会えた", actor=center_worker.actor, at=c.START)
    assert ActionItem.objects.get().state == "done"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"text": " "}, "text"), ({"due_on": NOW.date() - timedelta(days=1)}, "due_on"),
     ({"text": "和子さんに聞く"}, "text")],
)  # fmt: skip
def test_what_is_wrong_with_a_decision_is_told(sitting, worker, center_worker, change, field):
    c.sit(sitting, worker.actor)
    with pytest.raises(RuleViolation) as told:
        decide(sitting.issue_items.get(), center_worker, worker.actor, **change)
    assert told.value.field == field
    assert not ActionItem.objects.exists()


def test_who_has_nothing_to_do_with_it_gets_no_task(sitting, worker, stranger, center_worker):
    c.sit(sitting, worker.actor)
    item = sitting.issue_items.get()
    with pytest.raises(RuleViolation):
        decide(item, stranger, worker.actor)
    with pytest.raises(NotAllowed):
        decide(item, center_worker, center_worker.actor)
    assert stranger.client.post(reverse("conferences:issue_decide", args=[item.pk])).status_code in (403, 404)


def test_a_mistyped_decision_is_taken_back_while_it_sits(sitting, worker, center_worker):
    c.sit(sitting, worker.actor)
    done = decide(sitting.issue_items.get(), center_worker, worker.actor)
    with pytest.raises(NotAllowed):
        drop_decision(decision=done, actor=center_worker.actor, at=c.START)
    drop_decision(decision=done, actor=worker.actor, at=c.START)
    assert not ActionItem.objects.exists()


def test_a_decision_is_enough_to_close_and_stands_in_the_minutes(sitting, worker, center_worker):
    move_item(item=sitting.issue_items.get(), to=1, actor=worker.actor, at=NOW)
    c.attend(sitting, worker.agency, worker.staff, worker.actor)
    c.sit(sitting, worker.actor)
    decide(sitting.issue_items.get(), center_worker, worker.actor)
    for item in sitting.agenda.all():
        conclude_item(item=item, conclusion="続ける", actor=worker.actor, at=c.START)
    page = (
        worker.client.get(reverse("conferences:minutes", args=[sitting.pk]))
        .context["form"]["summary"]
        .value()
    )
    assert page.startswith(f"1. 地域課題：{TITLE}")
    assert "移動販売の事業者に会う" in page
    assert close_conference(
        conference=sitting, summary=page, actor=worker.actor, at=c.START + timedelta(hours=1)
    ).closed_at


def test_it_is_of_a_case_or_of_an_issue(sitting, worker, center_worker):
    c.sit(sitting, worker.actor)
    done = decide(sitting.issue_items.get(), center_worker, worker.actor)
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionItem.objects.filter(pk=done.pk).update(case=sitting.agenda.first().case)
    with pytest.raises(RuleViolation):
        plan_from_decision(decision=done, actor=worker.actor, at=c.START)


def test_a_task_of_an_issue_goes_on_with_the_work_of_who_leaves(
    sitting, worker, center_worker, admin, disability_worker
):
    c.sit(sitting, worker.actor)
    done = decide(sitting.issue_items.get(), center_worker, worker.actor)
    other = persona(center_worker.agency, name="片山 静")
    head = persona(center_worker.agency, Role.AGENCY_MANAGER)
    pieces = open_work(center_worker.staff, center_worker.agency, head.actor)
    assert TITLE in {piece.title for piece in pieces}
    hand_over(
        staff=center_worker.staff,
        to={p.key: other.staff for p in pieces},
        note="",
        actor=head.actor,
        at=c.START,
    )
    done.refresh_from_db()
    assert done.staff == other.staff
    close_agency(
        agency=center_worker.agency,
        successor=disability_worker.agency,
        reason="再編",
        actor=admin.actor,
        at=c.START,
    )
    done.refresh_from_db()
    assert (done.agency, done.staff) == (disability_worker.agency, disability_worker.staff)


def test_a_late_task_of_an_issue_stands_with_the_director(
    sitting, worker, center_worker, elderly_director, finance, time_machine
):
    c.sit(sitting, worker.actor)
    done = decide(sitting.issue_items.get(), center_worker, worker.actor, due_on=NOW.date())
    time_machine.move_to(NOW + timedelta(days=3))
    reader = elderly_director.actor
    (row,) = late_decisions(reader, load_directory(), shield_for(reader))
    assert [(line.item, line.hides) for line in row.items] == [(done, False)]
    page = elderly_director.client.get(reverse("conferences:list"), {"tab": "actions"}).content.decode()
    assert "移動販売の事業者に会う" in page
    assert not ActionItem.objects.visible_to(finance.actor).exists()
