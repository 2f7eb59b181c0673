"""旧姓 of a person; who is like the person that is being typed in."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from common.errors import NotAllowed, RuleViolation
from common.japan.names import split_words
from common.japan.wareki import parse_wareki
from households.actions.former_names import FormerNameData, add_former_name, remove_former_name
from households.forms import FormerNameForm
from households.models import FormerName, Person
from households.selectors_alike import Typed, people_alike
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


_FIRST_CONTACT = ("person_text", "new_kana", "new_birth_on", "new_phone")


@require_safe
@permission(Permission.PERSON_FIND)
def alike(request: ActorRequest) -> HttpResponse:
    """While a new person is typed in: who is registered already, and why one thinks so. Logged as one search."""
    typed = _typed(request)
    found = people_alike(request.actor, typed)
    if found:
        log_reads(request, AccessKind.SEARCH, "households.person", " ".join(typed.names)[:60])
    pick = "id_person_text" if request.GET.get("pick") else ""
    return render(request, "households/_alike.html", {"alike": found, "pick": pick})


def _typed(request: ActorRequest) -> Typed:
    """The fields of a person's form, or those of the first contact."""

    def said(name: str) -> str:
        return request.GET.get(name, "").replace("\x00", "").strip()[:60]

    family, given, family_kana, given_kana = map(
        said, ("family_name", "given_name", "family_kana", "given_kana")
    )
    person_text, new_kana, new_birth, new_phone = map(said, _FIRST_CONTACT)
    wholes = [
        family + given if family and given else "",
        family_kana + given_kana if family_kana and given_kana else "",
    ]
    return Typed(
        names=tuple(name for name in (*wholes, said("alias"), person_text, new_kana) if name),
        givens=tuple(name for name in (given, given_kana, _last(person_text), _last(new_kana)) if name),
        born=_day(said("birth_on") or new_birth),
        phone=said("phone") or new_phone,
    )


def _last(whole: str) -> str:
    """The given name of a whole one that was typed with a space."""
    words = split_words(whole)
    return words[-1] if len(words) > 1 else ""


def _day(text: str) -> date | None:
    try:
        return parse_wareki(text) if text else None
    except ValueError:
        return None  # not typed to its end yet
