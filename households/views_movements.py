"""世帯の異動: writing one down, and taking one back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.japan.wareki import parse_wareki
from households.actions.join import join_household
from households.actions.kinship import record_marriage
from households.actions.lives import record_birth, record_death
from households.actions.movements import withdraw_movement
from households.actions.moves import Place, change_living, move_household, move_out
from households.actions.persons import PersonData
from households.actions.split import NewHome, split_household
from households.contact import safe_contacts_of_homes
from households.enums import MovementKind
from households.forms_movements import FORMS, HINTS, MovementForm, WithdrawForm
from households.models import Household, HouseholdMovement
from households.permissions import can_edit_household
from households.selectors import member_rows
from households.selectors_history import address_on, household_on, movement_rows
from households.templatetags.contact import shield_of

# fields that the page puts in a place of their own
PLACED = ("request_key", "on", "people", "note", "person", "person_text")
PLACE = ("postal_code", "address", "phone")


def _household(request: ActorRequest, pk: int) -> Household:
    return scoped_get(Household.objects.visible_to(request.actor).select_related("area"), request, pk=pk)


def _kind(request: ActorRequest) -> MovementKind:
    asked = request.GET.get("kind", "")
    return (
        MovementKind(asked)
        if asked in MovementKind.values and MovementKind(asked) in FORMS
        else MovementKind.SPLIT
    )


def _as_of(request: ActorRequest, household: Household) -> dict[str, Any]:
    """「この日の世帯」: the household as it was on the day that ``?on=`` asks for."""
    if not (asked := request.GET.get("on", "").strip()):
        return {"day": None, "asked": ""}
    try:
        on = parse_wareki(asked)
    except ValueError as error:
        return {"day": None, "asked": asked, "day_error": str(error)}
    if on > timezone.localdate():
        return {"day": None, "asked": asked, "day_error": "今日より後の日は、まだわかりません。"}
    shield = shield_of(request)
    return {
        "day": on, "asked": asked, "day_rows": household_on(household, on, shield),
        "day_contact": address_on(household, on, shield, request.actor),
        "rules": safe_contacts_of_homes([household.pk]).get(household.pk, []),
    }  # fmt: skip


@require_safe
@permission(Permission.HOUSEHOLD_VIEW)
def history(request: ActorRequest, pk: int) -> HttpResponse:
    """世帯の歩み: what happened when, and who lived together on the day that ``?on=`` asks for."""
    household = _household(request, pk)
    context = {
        **_as_of(request, household), "household": household,
        "movements": movement_rows(household, request.actor, shield_of(request)),
        "may_edit": can_edit_household(request.actor),
    }  # fmt: skip
    return render(request, "households/history.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def movement_new(request: ActorRequest, pk: int) -> HttpResponse:
    """One page for all kinds: the kind is chosen by a link, so that only its own fields are asked."""
    household, kind = _household(request, pk), _kind(request)
    rows = member_rows(household, timezone.localdate(), shield_of(request))
    people = [r.member.person for r in rows if r.is_current or kind == MovementKind.BIRTH]
    form = FORMS[kind](request.POST or None, people=people)
    if request.method == "POST" and form.is_valid():
        try:
            movement = _record(household, kind, form, request)
        except NotAllowed:
            raise
        except RuleViolation as violation:
            violation.field = "person_text" if violation.field == "into" else violation.field
            form.add_violation(violation)
        else:
            messages.success(request, f"{movement.get_kind_display()}を記録しました。")
            return redirect("households:history", pk=pk)
    context = {
        "household": household, "form": form, "kind": kind, "kind_hint": HINTS[kind],
        "kinds": [(k.value, k.label, k == kind) for k in FORMS],
        "fields": [form[name] for name in form.fields if name not in PLACED],
    }  # fmt: skip
    return render(request, "households/movement.html", context, status=422 if form.is_bound else 200)


def _record(
    household: Household, kind: MovementKind, form: MovementForm, request: ActorRequest
) -> HouseholdMovement:
    data = form.cleaned_data
    said: dict[str, Any] = {
        "household": household, "moved": form.moved(), "actor": request.actor, "at": timezone.now(),
    }  # fmt: skip
    match kind:
        case MovementKind.SPLIT:
            return split_household(**said, home=NewHome(head=data["head"], **{k: data[k] for k in PLACE}))
        case MovementKind.JOIN:
            return join_household(**said, into=_target(request, data["person"]))
        case MovementKind.MOVE | MovementKind.MOVE_IN:
            return move_household(**said, place=Place(**{k: data[k] for k in PLACE}), kind=kind)
        case MovementKind.MOVE_OUT:
            return move_out(**said, place=Place(**{k: data[k] for k in PLACE}))
        case MovementKind.BIRTH:
            names = {k: v for k, v in data.items() if k in PersonData.__dataclass_fields__ and k != "note"}
            return record_birth(**said, child=PersonData(**names), relation=data["relation"])
        case MovementKind.DEATH:
            return record_death(**said)
        case MovementKind.MARRIAGE | MovementKind.DIVORCE:
            return record_marriage(**said, kind=kind)
        case _:
            return change_living(**said, kind=kind)


def _target(request: ActorRequest, person: int | None) -> Household:
    """The household of the chosen person that the actor sees too."""
    if person is not None:
        today = timezone.localdate()
        found = (
            Household.objects.visible_to(request.actor)
            .filter(members__person=person, members__during__contains=today)
            .order_by("pk")
            .first()
        )
        if found is not None:
            return found
    raise RuleViolation(
        "移る先の世帯が見つかりません。自分の機関が見られる世帯の人を選んでください。", field="into"
    )


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def movement_withdraw(request: ActorRequest, pk: int, movement_pk: int) -> HttpResponse:
    household = _household(request, pk)
    movement = scoped_get(
        HouseholdMovement.objects.visible_to(request.actor).filter(household=household).defer("changes"),
        request, log=None, pk=movement_pk,
    )  # fmt: skip
    told = movement_rows(household, request.actor, shield_of(request))
    if movement.pk not in {row.movement.pk for row in told}:
        raise Http404  # it tells of a protected person's whereabouts
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_movement(
                movement=movement, reason=form.cleaned_data["reason"], actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"{movement.get_kind_display()}を取り消しました。")
            return redirect("households:history", pk=pk)
    hidden = shield_of(request).people
    context = {
        "household": household, "movement": movement, "form": form,
        "people": [p for p in movement.people.defer("search_terms").order_by("pk") if p.pk not in hidden],
    }  # fmt: skip
    return render(request, "households/movement_withdraw.html", context, status=422 if form.is_bound else 200)
