"""Choosing the appointment in which one works."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import no_permission
from accounts.http import ActorRequest
from accounts.middleware import APPOINTMENT_KEY


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
