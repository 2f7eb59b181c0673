"""Calendars: one's own feed behind a secret address, and one conference as a file."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import quote_etag
from django.views.decorators.http import require_POST, require_safe

from accounts.access import no_permission, permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from referrals.actions.calendar import WINDOW, count_read, make_feed, stop_feed
from referrals.ical import calendar_of
from referrals.models import CalendarFeed
from referrals.selectors_calendar import feed_of_token, sittings_of
from referrals.views.conferences import get_conference

FRESH = timedelta(minutes=15)


@permission(Permission.CONFERENCE_VIEW)
def own(request: ActorRequest) -> HttpResponse:
    """Make, show once, and stop the address of one's own calendar."""
    feed = CalendarFeed.objects.visible_to(request.actor).in_force().first()
    token = request.session.pop("calendar_token", "")
    address = request.build_absolute_uri(reverse("calendar_feed", args=[token])) if token else ""
    return render(request, "conferences/calendar.html", {"feed": feed, "address": address})


@require_POST
@permission(Permission.CONFERENCE_VIEW)
def make(request: ActorRequest) -> HttpResponse:
    """A new address; it is shown on the next page, once."""
    _, token = make_feed(actor=request.actor, at=timezone.now())
    request.session["calendar_token"] = token
    return redirect("conferences:calendar")


@require_POST
@permission(Permission.CONFERENCE_VIEW)
def stop(request: ActorRequest) -> HttpResponse:
    if stop_feed(actor=request.actor, at=timezone.now()):
        messages.success(request, "予定表の購読を止めました。前のアドレスでは、もう読めません。")
    return redirect("conferences:calendar")


@require_safe
@no_permission("the secret of the address is the key; it shows kind, time and place only", login=False)
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar behind a secret address. 404 for an unknown or stopped one, 429 for a client that asks too often."""
    row, now = feed_of_token(token), timezone.now()
    if row is None:
        raise Http404
    if not count_read(feed=row, at=now):
        refused = HttpResponse(
            "読み込みが多すぎます。しばらくしてから読み込んでください。\n",
            status=429,
            content_type="text/plain; charset=utf-8",
        )
        refused["Retry-After"] = str(int(WINDOW.total_seconds()))
        return refused
    body = calendar_of(sittings_of(row.staff, now))
    etag = quote_etag(sha256(body).hexdigest()[:32])
    unchanged = etag in [
        part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")
    ]
    response = (
        HttpResponse(status=304)
        if unchanged
        else HttpResponse(body, content_type="text/calendar; charset=utf-8")
    )
    response["ETag"] = etag
    response["Referrer-Policy"] = "no-referrer"
    patch_cache_control(response, private=True, max_age=int(FRESH.total_seconds()))
    return response


@require_safe
@permission(Permission.CONFERENCE_VIEW)
def one(request: ActorRequest, pk: int) -> HttpResponse:
    """One conference for the calendar of who reads it."""
    conference = get_conference(request, pk)
    response = HttpResponse(calendar_of([conference]), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="conference-{pk}.ics"'
    return response
