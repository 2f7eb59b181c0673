"""世帯: the list, the page, its people and their kinship."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import kept_get, permission, scoped_get
from accounts.actor import Actor
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, save_merging
from common.keyset import Sort, paginate
from households.actions import members as member_actions
from households.actions.kinship import add_kinship, remove_kinship
from households.actions.persons import register_household, update_household, update_person
from households.contact import safe_contacts, safe_contacts_of_homes
from households.enums import Relation
from households.forms import (
    CONTACT_FIELDS,
    HouseholdFilter,
    HouseholdForm,
    KinshipForm,
    MemberEditForm,
    MemberEndForm,
    MemberForm,
    NewHouseholdForm,
    PersonForm,
)
from households.models import Household, HouseholdMember, Kinship, Person
from households.permissions import can_edit_household, can_protect
from households.sections import rendered
from households.selectors import filter_households, find_relative, kinship_rows, member_rows
from households.templatetags.contact import shield_of
from households.views_same import get_person

SORTS = {"created": Sort("登録日", ["created_at"]), "name": Sort("世帯名", ["name"])}


def _household(request: ActorRequest, pk: int) -> Household:
    return scoped_get(Household.objects.visible_to(request.actor).select_related("area"), request, pk=pk)


def _opened(actor: Actor, pk: int) -> QuerySet[Household]:
    rows = Household.objects.visible_to(actor).with_access_ground(actor).filter(pk=pk)
    return rows.select_related("area")


@require_safe
@permission(Permission.HOUSEHOLD_VIEW)
def household_list(request: ActorRequest) -> HttpResponse:
    filters = HouseholdFilter(request.GET, actor=request.actor)
    chosen = {k: v for k, v in (filters.cleaned_data if filters.is_valid() else {}).items() if v}
    page = paginate(
        filter_households(request.actor, **chosen), request_get=request.GET, sorts=SORTS, default="-created"
    )
    rules = safe_contacts_of_homes(row.pk for row in page.rows)
    rows = [(row, rules.get(row.pk, [])) for row in page.rows]
    context = {"page": page, "rows": rows, "filters": filters, "is_filtered": bool(chosen)}
    return render(request, "households/list.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def new(request: ActorRequest) -> HttpResponse:
    form = NewHouseholdForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            household = register_household(data=form.person_data(), actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "世帯を登録しました。")
            return redirect("households:detail", pk=household.pk)
    return render(request, "households/new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
@permission(Permission.HOUSEHOLD_VIEW)
def detail(request: ActorRequest, pk: int) -> HttpResponse:
    """The place of work: what other apps bring (stream, cases, つなぎ), then members with dates, kinship, address."""
    household = kept_get(Household, _opened, request, pk=pk)
    asked = request.GET.get("add", "") if can_edit_household(request.actor) else ""
    forms = _asked_forms(request, household, asked)
    if request.htmx and forms:
        return render(request, f"households/_{asked}_form.html", {"household": household, **forms})
    return render(request, "households/detail.html", _page(request, household, **forms))


def _asked_forms(request: ActorRequest, household: Household, asked: str) -> dict[str, Any]:
    """The form that somebody opened; closed ones are not made."""
    if asked == "member":
        return {"member_form": MemberForm()}
    if asked == "kinship":
        rows = member_rows(household, timezone.localdate(), shield_of(request))
        return {"kinship_form": _kinship_form([row.member.person for row in rows])}
    return {}


def _kinship_form(people: list[Person], data: Any = None) -> KinshipForm:
    return KinshipForm(data, people=people, auto_id="kinship_%s")


def _page(request: ActorRequest, household: Household, **forms: Any) -> dict[str, Any]:
    rows = member_rows(household, timezone.localdate(), shield_of(request))
    people = [row.member.person for row in rows]
    may_edit, asked = (
        can_edit_household(request.actor),
        str(forms.get("edited") or request.GET.get("member", "")),
    )
    # the row that is being corrected; twelve rows of fields would be slow to read, and to make
    edited = next(
        (r.member for r in rows if may_edit and not r.hides_move and str(r.member.pk) == asked), None
    )
    head, main, aside = rendered(request, household, [row.member.person for row in rows if row.is_current])
    return {
        "rules": safe_contacts([p.pk for p in people], request.actor),
        "may_protect": can_protect(request.actor),
        "household": household,
        "rows": rows,
        "kinships": kinship_rows(request.actor, people),
        "may_edit": may_edit,
        "edited": edited.pk if edited else None,
        "edit_form": forms.get("edit_form") or (MemberEditForm(member=edited) if edited else None),
        "member_form": forms.get("member_form"),
        "kinship_form": forms.get("kinship_form"),
        "relations": Relation.choices,
        "head_sections": head,
        "main_sections": main,
        "aside_sections": aside,
    }


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def member_add(request: ActorRequest, pk: int) -> HttpResponse:
    household = _household(request, pk)
    form = MemberForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        person = None
        if data["person"]:
            person = Person.objects.findable_by(request.actor).filter(pk=data["person"]).first()
        try:
            if data["person"] and person is None:
                raise RuleViolation(
                    "選ばれた人は見つかりません。もう一度探してください。", field="person_text"
                )
            member_actions.add_member(
                household=household, person=person, data=_typed(form) if person is None else None,
                relation=data["relation"], lives_together=data["lives_together"],
                is_key_person=data["is_key_person"], since=data["since"], actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            violation.field = "person_text" if violation.field == "person" else violation.field
            form.add_violation(violation)
        else:
            messages.success(request, "世帯員を加えました。")
            return redirect("households:detail", pk=pk)
    return render(request, "households/detail.html", _page(request, household, member_form=form), status=422)


def _typed(form: MemberForm) -> Any:
    """A new person needs at least one word; an empty form is a slip, not a person."""
    data = form.person_data()
    words = (
        data.family_name,
        data.given_name,
        data.family_kana,
        data.given_kana,
        data.alias,
        data.birth_note,
    )
    return data if any(words) or data.birth_on else None


def _member(request: ActorRequest, pk: int, member_pk: int) -> HouseholdMember:
    household = _household(request, pk)
    return scoped_get(
        household.members.select_related("household", "person"), request, log=None, pk=member_pk
    )


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def member_edit(request: ActorRequest, pk: int, member_pk: int) -> HttpResponse:
    member = _member(request, pk, member_pk)
    form = MemberEditForm(request.POST, member=member)
    if form.is_valid():
        try:
            member_actions.edit_member(
                member=member, **form.correction(), actor=request.actor, at=timezone.now()
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "世帯員を訂正しました。")
            return redirect(f"{reverse('households:detail', args=[pk])}#members-head")
    page = _page(request, _household(request, pk), edited=member.pk, edit_form=form)
    return render(request, "households/detail.html", page, status=422)


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def member_end(request: ActorRequest, pk: int, member_pk: int) -> HttpResponse:
    member = _member(request, pk, member_pk)
    form = MemberEndForm(request.POST)
    if form.is_valid():
        try:
            member_actions.end_membership(
                member=member, last_on=form.cleaned_data["last_on"], actor=request.actor, at=timezone.now()
            )
            messages.success(request, "世帯を離れた日を記録しました。")
        except NotAllowed:
            raise
        except RuleViolation as violation:
            messages.error(request, violation.message)
    else:
        messages.error(request, " ".join(str(e) for e in form.errors["last_on"]))
    return redirect(f"{reverse('households:detail', args=[pk])}#members-head")


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def kinship_add(request: ActorRequest, pk: int) -> HttpResponse:
    household = _household(request, pk)
    people = [row.member.person for row in member_rows(household, timezone.localdate())]
    form = _kinship_form(people, request.POST)
    if form.is_valid():
        by_id = {p.pk: p for p in people}
        data = form.cleaned_data
        try:
            relative = by_id.get(data["relative"]) or find_relative(request.actor, data["elsewhere"])
            add_kinship(
                household=household, person=by_id[data["person"]], relative=relative,
                kind=data["kind"], note=data["note"], is_sure=data["is_sure"], actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            is_elsewhere = violation.field == "relative" and data["relative"] is None
            violation.field = "elsewhere_text" if is_elsewhere else violation.field
            form.add_violation(violation)
        else:
            messages.success(request, "関係を記録しました。")
            return redirect("households:detail", pk=pk)
    return render(request, "households/detail.html", _page(request, household, kinship_form=form), status=422)


@require_POST
@permission(Permission.HOUSEHOLD_EDIT)
def kinship_remove(request: ActorRequest, pk: int, kinship_pk: int) -> HttpResponse:
    household = _household(request, pk)
    people = Person.objects.visible_to(request.actor).filter(memberships__household=household).values("pk")
    kinship = scoped_get(
        Kinship.objects.visible_to(request.actor).filter(Q(person__in=people) | Q(relative__in=people)),
        request, log=None, pk=kinship_pk,
    )  # fmt: skip
    remove_kinship(household=household, kinship=kinship, actor=request.actor, at=timezone.now())
    messages.success(request, "関係を取り消しました。")
    return redirect("households:detail", pk=pk)


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def person_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """Correct a person; somebody else's correction is shown beside one's own."""
    person = get_person(request, pk)
    if person.pk != pk and request.method == "GET":
        return redirect("households:person_edit", pk=person.pk)
    seen = Household.objects.visible_to(request.actor)
    back = person.memberships.filter(household__in=seen).order_by("-pk").first()
    hidden = person.pk in shield_of(request).people
    if request.method == "GET":
        form = PersonForm(
            initial={name: getattr(person, name) for name in PersonForm.base_fields}, hides_contact=hidden
        )
        context = {"form": form, "person": person, "back": back, "hides_contact": hidden}
        return render(request, "households/person.html", context)
    form, compare = PersonForm(request.POST, hides_contact=hidden), None
    if form.is_valid():
        if (
            person.pk != pk
        ):  # the record was merged away while the form was open: no version of it is known here
            form.cleaned_data["version"] = 0
        try:
            done = save_merging(
                form,
                lambda: update_person(
                    person=person, data=form.person_data(), version=form.cleaned_data["version"],
                    actor=request.actor, at=timezone.now(),
                ),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                messages.success(request, done.words("保存しました。"))
                return (
                    redirect("households:detail", pk=back.household_id)
                    if back
                    else redirect("households:list")
                )
            compare = done.rows
            form = PersonForm(done.data, hides_contact=hidden)
    context = {"form": form, "person": person, "back": back, "compare": compare, "hides_contact": hidden}
    return render(request, "households/person.html", context, status=422)


@require_http_methods(["GET", "POST"])
@permission(Permission.HOUSEHOLD_EDIT)
def household_edit(request: ActorRequest, pk: int) -> HttpResponse:
    household = _household(request, pk)
    hidden = shield_of(request).hides(household)
    if request.method == "GET":
        initial = {name: getattr(household, name) for name in HouseholdForm.base_fields}
        form = HouseholdForm(initial=initial, actor=request.actor, hides_contact=hidden)
        context = {"form": form, "household": household, "hides_contact": hidden}
        return render(request, "households/edit.html", context)
    form, compare = HouseholdForm(request.POST, actor=request.actor, hides_contact=hidden), None
    if form.is_valid():
        unseen: dict[str, Any] = dict.fromkeys(CONTACT_FIELDS, "") | {"area": None} if hidden else {}
        try:
            done = save_merging(
                form,
                lambda: update_household(
                    household=household, **unseen, **form.cleaned_data, actor=request.actor, at=timezone.now()
                ),
            )
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                messages.success(request, done.words("保存しました。"))
                return redirect("households:detail", pk=pk)
            compare = done.rows
            form = HouseholdForm(done.data, actor=request.actor, hides_contact=hidden)
    context = {"form": form, "household": household, "compare": compare, "hides_contact": hidden}
    return render(request, "households/edit.html", context, status=422)
