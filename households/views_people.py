"""旧姓 of a person, on the person's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from households.actions.former_names import add_former_name, remove_former_name
from households.forms import FormerNameForm
from households.models import FormerName, Person


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def former_name_add(request: ActorRequest, pk: int) -> HttpResponse:
    person = scoped_get(Person.objects.visible_to(request.actor), request, log=None, pk=pk)
    form = FormerNameForm(request.POST)
    if form.is_valid():
        try:
            add_former_name(person=person, **form.cleaned_data, actor=request.actor, at=timezone.now())
            messages.success(request, "旧姓を記録しました。")
        except NotAllowed:
            raise
        except RuleViolation as violation:
            messages.error(request, violation.message)
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("households:person_edit", pk=pk)


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def former_name_remove(request: ActorRequest, pk: int, former_pk: int) -> HttpResponse:
    person = scoped_get(Person.objects.visible_to(request.actor), request, log=None, pk=pk)
    former = scoped_get(
        FormerName.objects.visible_to(request.actor).filter(person=person).select_related("person"),
        request, log=None, pk=former_pk,
    )  # fmt: skip
    remove_former_name(former=former, actor=request.actor, at=timezone.now())
    messages.success(request, "旧姓を消しました（変更の記録には残ります）。")
    return redirect("households:person_edit", pk=pk)
