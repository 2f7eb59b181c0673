"""地域課題: raised, linked to cases that only some see, moved on, taken up by a conference, told back to the cases."""

from __future__ import annotations

from itertools import product

import pytest
from django.urls import reverse

from accounts.enums import Role
from accounts.models import Notice
from cases.models import Case
from cases.stream.read import read
from cases.stream.registry import reader_for
from common.errors import InvalidTransition, NotAllowed, RuleViolation, StaleRecord
from households.contact import shield_for
from referrals.actions.issue_agenda import conclude_issue, put_issue
from referrals.actions.issues import edit_issue, link_case, move_issue, raise_issue, unlink_case
from referrals.models import CommunityIssue, IssueCase, IssueStep
from referrals.selectors_issues import told_count
from referrals.workflow import ISSUE_TRANSITIONS, IssueEvent, IssueState
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c

TITLE = "団地に買い物の足がない"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


def raised(actor, *cases, **kw) -> CommunityIssue:
    fields = {
        "title": TITLE,
        "theme": "shopping",
        "area": None,
        "description": "坂の上でバスが来ない。",
        **kw,
    }
    return raise_issue(cases=cases, actor=actor, at=NOW, **fields)


@pytest.fixture
def issue(worker, case):
    return raised(worker.actor, case)


# ── Who knows what ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("n", "words"), [(0, "なし"), (1, "5未満"), (4, "5未満"), (5, "5件"), (12, "12件")])
def test_small_numbers_are_not_told(n, words):
    assert told_count(n) == words


def test_the_cases_are_known_only_to_who_sees_them(issue, case, worker, stranger):
    url = reverse("issues:detail", args=[issue.pk])
    mine = worker.client.get(url).content.decode()
    assert case.number in mine
    theirs = stranger.client.get(url).content.decode()
    assert TITLE in theirs
    assert "5未満" in theirs
    assert case.number not in theirs
    assert case.household.name not in theirs
    assert "1件" not in theirs


def test_five_cases_are_told_as_a_number(worker, stranger):
    issue = raised(worker.actor, *(f.make_case(worker.actor) for _ in range(5)))
    page = stranger.client.get(reverse("issues:list")).content.decode()
    assert "5件" in page
    assert issue.links.count() == 5


def test_a_case_that_is_not_seen_is_not_linked(issue, worker, stranger):
    hidden = f.make_case(stranger.actor)
    with pytest.raises(Case.DoesNotExist):
        link_case(issue=issue, case=hidden, actor=worker.actor, at=NOW)
    answer = worker.client.post(reverse("issues:link", args=[issue.pk]), {"number": hidden.number})
    unknown = worker.client.post(reverse("issues:link", args=[issue.pk]), {"number": "K08-99999"})
    assert answer.status_code == unknown.status_code == 422
    assert "見つかりません" in answer.content.decode()  # the same words: existence is not told
    assert issue.links.count() == 1


def test_a_link_is_made_and_taken_back(issue, worker, stranger):
    second = f.make_case(worker.actor)
    url = reverse("issues:link", args=[issue.pk])
    for _ in range(2):
        assert worker.client.post(url, {"number": second.number}).status_code == 302
    assert issue.links.count() == 2
    link = issue.links.get(case=second)
    assert stranger.client.post(reverse("issues:unlink", args=[link.pk])).status_code == 404
    unlink_case(link=link, actor=worker.actor, at=NOW)
    assert issue.links.count() == 1


def test_a_guest_reads_the_issues_of_their_own_sitting_only(issue, worker, disability_section):
    guest = f.actor_of(f.make_staff(disability_section, role=Role.CONFERENCE_GUEST))
    other = raised(worker.actor)
    assert not CommunityIssue.objects.visible_to(guest).exists()
    conference = c.convene(worker.actor, kind="area", invite=(disability_section,))
    put_issue(conference=conference, issue=issue, topic="", minutes=10, actor=worker.actor, at=NOW)
    assert list(CommunityIssue.objects.visible_to(guest)) == [issue]
    assert other not in CommunityIssue.objects.visible_to(guest)


# ── Words ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "森下さんの買い物"),
        ("description", "森下 和子さんが困っている"),
        ("description", "和子さんの坂"),
    ],
)
def test_nobody_behind_it_is_named(field, text, worker, case):
    text = text.replace("森下さん", case.household.name)
    with pytest.raises(RuleViolation, match="名前") as caught:
        raised(worker.actor, case, **{field: text})
    assert caught.value.field == field


def test_two_people_correcting_it_are_merged_or_told(issue, worker):
    fields = {"title": TITLE, "theme": "shopping", "area": None, "actor": worker.actor, "at": NOW}
    edit_issue(issue=issue, description="バスが一日四本", version=1, **fields)
    with pytest.raises(StaleRecord):
        edit_issue(issue=issue, description="ほかの文", version=1, **fields)
    url = reverse("issues:edit", args=[issue.pk])
    data = {
        "title": TITLE,
        "theme": "isolation",
        "area": "",
        "description": "坂の上でバスが来ない。",
        "version": 1,
    }
    assert worker.client.post(url, data).status_code == 302  # another field: both are kept
    issue.refresh_from_db()
    assert (issue.theme, issue.description) == ("isolation", "バスが一日四本")
    told = worker.client.post(url, {**data, "description": "別の説明"})
    assert told.status_code == 422
    assert "別の説明" in told.content.decode()
    assert "バスが一日四本" in told.content.decode()


# ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("state", "event"), list(product(IssueState, IssueEvent)))
def test_every_stage_and_step(state, event, issue, worker):
    CommunityIssue.objects.filter(pk=issue.pk).update(state=state)
    if (state, event) in ISSUE_TRANSITIONS:
        step = move_issue(issue=issue, event=event, note="話し合った", actor=worker.actor, at=NOW)
        assert step.state == ISSUE_TRANSITIONS[state, event]
        assert c.changes(issue, f"issue.{event}") == 1
    else:
        with pytest.raises(InvalidTransition):
            move_issue(issue=issue, event=event, note="話し合った", actor=worker.actor, at=NOW)
        assert IssueStep.objects.count() == 1


def test_a_step_is_told_to_the_cases_it_came_from(issue, case, worker, stranger):
    own = f.make_case(stranger.actor)
    link_case(issue=issue, case=own, actor=stranger.actor, at=NOW)
    move_issue(issue=issue, event="consider", note="移動販売を検討する", actor=worker.actor, at=NOW)
    for actor, row in ((worker.actor, case), (stranger.actor, own)):
        lines, _ = read(reader_for(actor, shield_for(actor), row.household_id))
        assert f"地域課題「{TITLE}」：検討" in [line.title for line in lines]
    told = Notice.objects.get(staff=stranger.staff, text__contains="地域課題")
    assert own.household.name not in told.text
    later = f.make_case(worker.actor)
    link_case(issue=issue, case=later, actor=worker.actor, at=NOW)
    lines, _ = read(reader_for(worker.actor, shield_for(worker.actor), later.household_id))
    assert not [line for line in lines if "地域課題" in line.title]  # only what was told after it was linked


def test_a_step_needs_words_and_the_raising_agency(issue, worker, stranger):
    with pytest.raises(NotAllowed):
        move_issue(issue=issue, event="consider", note="検討", actor=stranger.actor, at=NOW)
    url = reverse("issues:move", args=[issue.pk])
    assert stranger.client.post(url, {"event": "consider", "note": "検討"}).status_code == 403
    empty = worker.client.post(url, {"event": "consider", "note": " "})
    assert empty.status_code == 422
    assert "書いてください" in empty.content.decode()
    assert IssueStep.objects.count() == 1


# ── In a conference ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_conference_takes_it_up_and_moves_it(issue, worker, case):
    url = reverse("issues:take_up", args=[issue.pk])
    support = c.convene(worker.actor, kind="support")
    conference = c.convene(worker.actor, kind="area", title="第9回 エリア会議")
    assert worker.client.post(url, {"conference": support.pk}).status_code == 422
    assert worker.client.post(url, {"conference": conference.pk}).status_code == 302
    item = conference.issue_items.get()
    assert TITLE in worker.client.get(reverse("conferences:detail", args=[conference.pk])).content.decode()
    c.sit(conference, worker.actor)
    run = reverse("conferences:issue_run", args=[item.pk])
    assert "5未満" in worker.client.get(run).content.decode()
    assert worker.client.post(run, {"version": 1, "conclusion": "", "event": "consider"}).status_code == 422
    data = {"version": 1, "conclusion": "移動販売の試行を社協に頼む", "event": "consider"}
    assert worker.client.post(run, data).status_code == 302
    issue.refresh_from_db()
    assert issue.state == IssueState.CONSIDERED
    assert IssueStep.objects.get(item=item).note == "移動販売の試行を社協に頼む"
    lines, _ = read(reader_for(worker.actor, shield_for(worker.actor), case.household_id))
    assert [line.text for line in lines if line.title.endswith("：検討")] == ["移動販売の試行を社協に頼む"]


def test_two_people_concluding_at_once_lose_nothing(issue, worker):
    conference = c.convene(worker.actor, kind="area")
    item = put_issue(conference=conference, issue=issue, topic="", minutes=10, actor=worker.actor, at=NOW)
    c.sit(conference, worker.actor)
    conclude_issue(item=item, conclusion="一つ目", event="", version=1, actor=worker.actor, at=NOW)
    answer = worker.client.post(
        reverse("conferences:issue_run", args=[item.pk]),
        {"version": 1, "conclusion": "二つ目", "event": "consider"},
    )
    assert answer.status_code == 422
    assert "一つ目" in answer.content.decode()
    assert "二つ目" in answer.content.decode()
    issue.refresh_from_db()
    assert issue.state == IssueState.FOUND  # nothing half-done


def test_a_need_of_another_page_becomes_an_issue(worker, case):
    url = reverse("issues:new")
    form = worker.client.get(
        url, {"title": "短期の預かりがない", "theme": "care", "text": "空きの問い合わせが続けて断られた"}
    )
    assert form.context["form"]["title"].value() == "短期の預かりがない"
    assert form.context["form"]["theme"].value() == "care"
    data = {"title": "短期の預かりがない", "theme": "care", "area": "", "description": ""}
    assert worker.client.post(f"{url}?case={case.number}", data).status_code == 302
    assert IssueCase.objects.get().case == case
    hidden = worker.client.get(url, {"case": "K08-99999"})
    assert hidden.status_code == 404


def test_the_list_takes_as_many_queries_with_thirty(worker, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    raised(worker.actor)
    client, url = worker.client, reverse("issues:list")
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    for n in range(30):
        raised(worker.actor, title=f"{TITLE}{n}")
    with django_assert_num_queries(len(one)):
        client.get(url)
