"""One page for what keeps a household safe: 支援措置, safe contact, and the workers who may never see it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.forms import KyoseiForm
from households.actions import denials, protection
from households.contact import safe_contacts
from households.forms_protection import (
    DenialForm,
    EndProtectionForm,
    ProtectionForm,
    ReleaseForm,
    RenewForm,
    SafeContactForm,
)
from households.models import AddressProtection, Household, HouseholdDenial, Person
from households.selectors import member_rows
from households.templatetags.contact import shield_of


def _household(request: ActorRequest, pk: int) -> Household:
    return scoped_get(Household.objects.visible_to(request.actor).select_related("area"), request, pk=pk)


def _people(household: Household) -> list[Person]:
    return [row.member.person for row in member_rows(household, timezone.localdate()) if row.is_current]


def _person(request: ActorRequest, household: Household, pk: int) -> Person:
    found = next((p for p in _people(household) if p.pk == pk), None)
    if found is None:
        raise Http404
    return found


def _page(request: ActorRequest, household: Household, **bound: Any) -> dict[str, Any]:
    """``bound`` holds the one form that was sent and is wrong, under (kind, pk)."""
    actor = request.actor
    people = _people(household)
    rows = {
        row.person_id: row
        for row in AddressProtection.objects.visible_to(actor)
        .in_force()
        .filter(person__in=[p.pk for p in people])
        .select_related("adversary", "given_by")
        .prefetch_related("units")
    }
    rules = safe_contacts([p.pk for p in people], actor)
    shield = shield_of(request)
    wrong: tuple[str, int] | None = bound.get("at")
    form: KyoseiForm | None = bound.get("form")

    def chosen(kind: str, pk: int, fresh: KyoseiForm) -> KyoseiForm:
        return form if form is not None and wrong == (kind, pk) else fresh

    blocks = []
    for person in people:
        row = rows.get(person.pk)
        initial = {"last_on": row.last_on, "version": row.version} if row else {}
        rule = rules.get(person.pk)
        kept = ("may_call", "may_write", "may_visit", "when", "by_whom", "caution")
        blocks.append(
            {
                "person": person,
                "key": str(person.pk),
                "protection": row,
                "units": [unit.short_name for unit in row.units.all()] if row else [],
                "is_hidden": person.pk in shield.people,
                "rule": rule,
                "give": None if row else chosen("give", person.pk, ProtectionForm(actor=actor)),
                "renew": chosen("renew", person.pk, RenewForm(initial=initial, actor=actor)) if row else None,
                "end": chosen("end", person.pk, EndProtectionForm(initial=initial)) if row else None,
                "safe": chosen(
                    "safe",
                    person.pk,
                    SafeContactForm(initial={k: getattr(rule, k) for k in kept} if rule else {}),
                ),
                "wrong": wrong[0] if wrong and wrong[1] == person.pk else "",
            }
        )
    return {
        "household": household,
        "blocks": blocks,
        "denials": list(
            HouseholdDenial.objects.visible_to(actor)
            .filter(household=household)
            .select_related("staff", "given_by", "ended_by")
            .order_by("ended_at", "-given_at")
        ),
        "denial_form": chosen("deny", 0, DenialForm(actor=actor)),
        "release_form": ReleaseForm(),
    }


@require_safe
@permission(Permission.PROTECTION_EDIT)
def page(request: ActorRequest, pk: int) -> HttpResponse:
    household = _household(request, pk)
    return render(request, "households/protection.html", _page(request, household))


def _again(request: ActorRequest, household: Household, form: KyoseiForm, kind: str, pk: int) -> HttpResponse:
    context = _page(request, household, form=form, at=(kind, pk))
    return render(request, "households/protection.html", context, status=422)


@require_POST
@permission(Permission.PROTECTION_EDIT)
def give(request: ActorRequest, pk: int, person_pk: int) -> HttpResponse:
    household = _household(request, pk)
    person = _person(request, household, person_pk)
    form = ProtectionForm(request.POST, actor=request.actor)
    if form.is_valid():
        data = dict(form.cleaned_data)
        wanted = data.pop("adversary")
        data.pop("adversary_text")
        adversary = Person.objects.findable_by(request.actor).filter(pk=wanted).first() if wanted else None
        try:
            if wanted and adversary is None:
                raise RuleViolation(
                    "選ばれた人は見つかりません。もう一度探してください。", field="adversary_text"
                )
            protection.protect_address(
                person=person, adversary=adversary, **data, actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            violation.field = "adversary_text" if violation.field == "adversary" else violation.field
            form.add_violation(violation)
        else:
            messages.success(request, "支援措置を登録しました。見てよい機関のほかには、連絡先が見えません。")
            return redirect("households:protection", pk=pk)
    return _again(request, household, form, "give", person_pk)


def _protection(request: ActorRequest, household: Household, person_pk: int) -> AddressProtection:
    person = _person(request, household, person_pk)
    rows = AddressProtection.objects.visible_to(request.actor).in_force()
    return scoped_get(rows, request, log=None, person=person)


@require_POST
@permission(Permission.PROTECTION_EDIT)
def renew(request: ActorRequest, pk: int, person_pk: int) -> HttpResponse:
    household = _household(request, pk)
    row = _protection(request, household, person_pk)
    form = RenewForm(request.POST, actor=request.actor)
    if form.is_valid():
        try:
            protection.renew_protection(
                protection=row, **form.cleaned_data, actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "支援措置を更新しました。")
            return redirect("households:protection", pk=pk)
    return _again(request, household, form, "renew", person_pk)


@require_POST
@permission(Permission.PROTECTION_EDIT)
def end(request: ActorRequest, pk: int, person_pk: int) -> HttpResponse:
    household = _household(request, pk)
    row = _protection(request, household, person_pk)
    form = EndProtectionForm(request.POST)
    if form.is_valid():
        try:
            protection.end_protection(
                protection=row, note=form.cleaned_data["end_note"], version=form.cleaned_data["version"],
                actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "支援措置の終了を記録しました。")
            return redirect("households:protection", pk=pk)
    return _again(request, household, form, "end", person_pk)


@require_POST
@permission(Permission.PROTECTION_EDIT)
def safe(request: ActorRequest, pk: int, person_pk: int) -> HttpResponse:
    """Set the rule of safe contact, or (``remove``) end it."""
    household = _household(request, pk)
    person = _person(request, household, person_pk)
    form = SafeContactForm(request.POST)
    try:
        if "remove" in request.POST:
            protection.end_safe_contact(person=person, actor=request.actor, at=timezone.now())
            messages.success(request, "連絡の決まりを終えました。")
            return redirect("households:protection", pk=pk)
        if form.is_valid():
            protection.set_safe_contact(
                person=person, **form.cleaned_data, actor=request.actor, at=timezone.now()
            )
            messages.success(
                request, "連絡の決まりを記録しました。連絡先の出るところに、いつも一緒に出ます。"
            )
            return redirect("households:protection", pk=pk)
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_violation(violation)
    return _again(request, household, form, "safe", person_pk)


@require_POST
@permission(Permission.PROTECTION_EDIT)
def deny(request: ActorRequest, pk: int) -> HttpResponse:
    household = _household(request, pk)
    form = DenialForm(request.POST, actor=request.actor)
    if form.is_valid():
        data = form.cleaned_data
        try:
            denials.deny_staff(
                household=household, staff=data["staff_text"], reason=data["reason"], note=data["note"],
                actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            violation.field = "staff_text" if violation.field == "staff" else violation.field
            form.add_violation(violation)
        else:
            messages.success(request, f"{data['staff_text'].name}さんには、この世帯は見えなくなりました。")
            return redirect("households:protection", pk=pk)
    return _again(request, household, form, "deny", 0)


@require_POST
@permission(Permission.PROTECTION_EDIT)
def release(request: ActorRequest, pk: int, denial_pk: int) -> HttpResponse:
    household = _household(request, pk)
    rows = HouseholdDenial.objects.visible_to(request.actor).filter(household=household)
    row = scoped_get(rows, request, log=None, pk=denial_pk)
    form = ReleaseForm(request.POST)
    reason = form.cleaned_data["end_reason"] if form.is_valid() else ""
    try:
        denials.release_staff(denial=row, reason=reason, actor=request.actor, at=timezone.now())
        messages.success(request, "解除しました。")
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
    return redirect("households:protection", pk=pk)
