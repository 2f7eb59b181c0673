"""Choosing the appointment in which one works."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import no_permission, scoped_get
from accounts.actions.notices import read_notice
from accounts.http import ActorRequest
from accounts.middleware import APPOINTMENT_KEY
from accounts.models import Notice


@require_POST
@no_permission("one's own appointments only")
def switch(request: ActorRequest) -> HttpResponse:
    """Work on in another current appointment of one's own; anything else changes nothing."""
    wanted = request.POST.get("appointment", "")
    own = {str(a.pk): a for a in request.actor.other_appointments}
    if wanted in own:
        request.session[APPOINTMENT_KEY] = own[wanted].pk
        messages.success(request, f"{own[wanted].agency.name}として仕事をします。")
    return redirect("home")


@require_http_methods(["GET"])
@no_permission("one's own notices only")
def notice(request: ActorRequest, pk: int) -> HttpResponse:
    """A notice is read by following it to its page."""
    row = scoped_get(Notice.objects.visible_to(request.actor), request, log=None, pk=pk)
    read_notice(notice=row, at=timezone.now())
    return redirect(row.url or "home")
