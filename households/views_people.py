"""旧姓 of a person, on the person's page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from households.actions.former_names import FormerNameData, add_former_name, remove_former_name
from households.forms import FormerNameForm
from households.models import FormerName, Person
from households.views_same import get_person


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def former_names(request: ActorRequest, pk: int) -> HttpResponse:
    """The names that a person had before, each with why, how known and when; one more is added here."""
    person = get_person(request, pk)
    form = FormerNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_former_name(
                person=person,
                data=FormerNameData(**form.cleaned_data),
                actor=request.actor,
                at=timezone.now(),
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "以前の氏名を記録しました。")
            return redirect("households:former_names", pk=person.pk)
    context = {"person": person, "form": form, **_around(request, person)}
    return render(request, "households/former_names.html", context, status=422 if form.errors else 200)


def _around(request: ActorRequest, person: Person) -> dict[str, Any]:
    formers = FormerName.objects.visible_to(request.actor).filter(person=person)
    return {
        "formers": list(formers.order_by("-until_on", "-pk")),
        "back": person.memberships.order_by("-pk").first(),
    }


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def former_name_remove(request: ActorRequest, pk: int, former_pk: int) -> HttpResponse:
    person = scoped_get(Person.objects.visible_to(request.actor), request, log=None, pk=pk)
    former = scoped_get(
        FormerName.objects.visible_to(request.actor).filter(person=person).select_related("person"),
        request, log=None, pk=former_pk,
    )  # fmt: skip
    remove_former_name(former=former, actor=request.actor, at=timezone.now())
    messages.success(request, "以前の氏名を消しました（変更の記録には残ります）。")
    return redirect("households:former_names", pk=pk)
