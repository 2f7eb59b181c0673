"""いまこの記録を開いている人: asked by the pages on which two people may write at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import no_permission, scoped_get
from accounts.actor import Actor
from accounts.http import ActorRequest
from accounts.presence import be_here
from cases.models import AssessmentItem, Case, Consultation, Outreach, ProgressNote, SupportPlan
from households.models import Household, Person
from referrals.models import Conference

# kind in the address → the rows that the actor sees, and the column of the key
_KINDS: Final[dict[str, tuple[Callable[[Actor], QuerySet[Any, Any]], str]]] = {
    "case": (lambda actor: Case.objects.visible_to(actor), "number"),
    "note": (lambda actor: ProgressNote.objects.visible_to(actor), "pk"),
    "item": (lambda actor: AssessmentItem.objects.visible_to(actor), "pk"),
    "plan": (lambda actor: SupportPlan.objects.visible_to(actor), "pk"),
    "consultation": (lambda actor: Consultation.objects.visible_to(actor), "receipt_no"),
    "person": (lambda actor: Person.objects.visible_to(actor), "pk"),
    "household": (lambda actor: Household.objects.visible_to(actor), "pk"),
    "outreach": (lambda actor: Outreach.objects.visible_to(actor), "pk"),
    "conference": (lambda actor: Conference.objects.visible_to(actor), "pk"),
}


@require_safe
@no_permission("each kind through its own scope")
def presence(request: ActorRequest, kind: str, key: str) -> HttpResponse:
    """Names of colleagues; of other agencies only that somebody is there."""
    if kind not in _KINDS:
        raise Http404
    rows, column = _KINDS[kind]
    row = scoped_get(rows(request.actor), request, log=None, **{column: key})
    others = be_here(kind, str(row.pk), request.actor, at=timezone.now().timestamp())
    mine = [name for agency, name in others if agency == request.actor.agency_id]
    elsewhere = len(others) - len(mine)
    return render(request, "components/_present.html", {"names": mine, "elsewhere": elsewhere})
