"""The minutes of a conference: written while it sits, closed with, and corrected afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Conflict, Saved, save_merging
from households.templatetags.contact import shield_of
from referrals.actions.run_conference import close_conference, save_minutes
from referrals.forms.conference import CloseForm, MinutesForm
from referrals.models import AgendaItem, Conference
from referrals.models.issue import agenda_in_order
from referrals.permissions_conferences import check_can_speak_for, papers_open
from referrals.selectors_conferences import agenda_of, readable_summary, seat_of
from referrals.selectors_issues import issue_items_of
from referrals.selectors_papers import draft_minutes
from referrals.views.conferences import get_managed
from referrals.workflow import REFERRAL_WAITING, ConferenceState


def _managed_with_papers(request: ActorRequest, pk: int) -> Conference:
    conference = get_managed(request, pk)
    if not papers_open(request.actor, conference, seat_of(conference, request.actor), timezone.now()):
        raise NotAllowed("守秘の確認をした出席者だけが、この会議の要旨を書けます。")
    check_can_speak_for(request.actor, conference)
    return conference


def _draft(conference: Conference, items: list[AgendaItem], request: ActorRequest) -> str:
    """What has been saved, else the lines of the sitting."""
    if conference.summary:
        return conference.summary
    rows = agenda_in_order([*items, *issue_items_of(conference, request.actor)])
    return draft_minutes(rows, shield_of(request))


@permission(Permission.CONFERENCE_CONVENE)
def minutes(request: ActorRequest, pk: int) -> HttpResponse:
    """The minutes alone. Two people saving at once: what only one changed is kept, else both texts are shown."""
    conference = _managed_with_papers(request, pk)
    if conference.state == ConferenceState.PLANNED:
        return redirect("conferences:detail", pk=pk)
    items = list(agenda_of(conference, request.actor))
    if readable_summary(conference, items, request.actor) is None:
        raise NotAllowed("この会議には、あなたに開かれていない議題があるため、要旨を書けません。")
    for item in items:
        shield_of(request).check_readable(item.case.household_id, conference.summary)
    initial = {"summary": _draft(conference, items, request), "version": conference.version}
    form = MinutesForm(request.POST or None, initial=initial)
    context: dict[str, Any] = {"conference": conference, "form": form}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            done = save_merging(form, lambda: _save(form, conference, request))
            if isinstance(done, Saved):
                messages.success(request, done.words("要旨を保存しました。"))
                return redirect("conferences:minutes", pk=pk)
            context |= _conflict(done, MinutesForm(done.data))
    return render(request, "conferences/minutes.html", context, status=status)


def _save(form: MinutesForm, conference: Conference, request: ActorRequest) -> None:
    data = form.cleaned_data
    save_minutes(
        conference=conference,
        summary=data["summary"],
        version=data["version"],
        actor=request.actor,
        at=timezone.now(),
    )


def _conflict(done: Conflict, form: Any) -> dict[str, Any]:
    return {"compare": done.rows, "who": done.current.convener.short_name, "form": form}


@permission(Permission.CONFERENCE_CONVENE)
def close(request: ActorRequest, pk: int) -> HttpResponse:
    """The minutes, drafted from the lines, the real times, and the end."""
    conference, at = get_managed(request, pk), timezone.now()
    if not papers_open(request.actor, conference, seat_of(conference, request.actor), timezone.now()):
        raise NotAllowed("守秘の確認をした出席者だけが、この会議を終了できます。")
    check_can_speak_for(request.actor, conference)
    if conference.state != ConferenceState.RUNNING:
        return redirect("conferences:detail", pk=pk)
    items = list(agenda_of(conference, request.actor))
    issues = list(issue_items_of(conference, request.actor))
    assert conference.started_at is not None
    opened = timezone.localtime(conference.started_at)
    initial = {
        "started_at": opened.time(), "ended_at": timezone.localtime(at).time(),
        "summary": _draft(conference, items, request), "version": conference.version,
    }  # fmt: skip
    form = CloseForm(request.POST or None, initial=initial)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        try:
            conflict = _close(conference, form, request, opened, at)
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if conflict is None:
                messages.success(request, "会議を終了しました。決定事項は各機関のホームに出ています。")
                return redirect("conferences:detail", pk=pk)
            context = _conflict(conflict, CloseForm(conflict.data))
    context = {
        "conference": conference,
        "form": form,
        "items": items,
        "unsettled": [i for i in items if i.referral and i.referral.state in REFERRAL_WAITING],
        "unfinished": [i for i in items if not (i.conclusion or i.decisions or i.is_undecided)],  # type: ignore[attr-defined]
        "open_issues": [i for i in issues if not (i.conclusion or i.decisions)],  # type: ignore[attr-defined]
        "seats": conference.seats,  # type: ignore[attr-defined]
    } | context
    return render(request, "conferences/close.html", context, status=422 if request.method == "POST" else 200)


def _close(
    conference: Conference, form: CloseForm, request: ActorRequest, opened: datetime, at: datetime
) -> Conflict | None:
    """Save the minutes and close, both or neither. A conflict: somebody else has saved other minutes meanwhile."""
    started, ended = _moments(form, opened, at)
    minutes = MinutesForm(request.POST)
    minutes.is_valid()
    with transaction.atomic():
        done = save_merging(minutes, lambda: _save(minutes, conference, request))
        if isinstance(done, Conflict):
            return done
        close_conference(
            conference=conference, summary=minutes.cleaned_data["summary"], actor=request.actor, at=at,
            started_at=started, ended_at=ended,
        )  # fmt: skip
    return None


def _moments(form: CloseForm, opened: datetime, at: datetime) -> tuple[datetime | None, datetime | None]:
    """A time left as it was shown keeps its seconds; a closing before the opening is past midnight."""
    started, ended = form.moments(opened.date())
    if started is not None and started == opened.replace(second=0, microsecond=0):
        started = opened
    local = timezone.localtime(at)
    if ended is not None and ended < (started or opened) - timedelta(minutes=1):
        ended += timedelta(days=1)
    if ended is not None and ended == local.replace(second=0, microsecond=0):
        ended = at
    return started, ended
