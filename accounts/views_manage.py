"""管理: agencies, staff and appointments. The administrator sees no case."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import no_permission, permission
from accounts.actions.staff import appoint, end_appointment, register_staff, set_home_town
from accounts.forms import AppointmentForm, EndAppointmentForm, HomeTownForm, StaffForm
from accounts.http import ActorRequest
from accounts.models import Agency, Staff
from accounts.roles import Permission
from audit.models import ChangeRecord
from common.errors import RuleViolation
from common.keyset import Sort, paginate

STAFF_SORTS = {"kana": Sort("氏名", ["kana", "pk"]), "username": Sort("職員番号", ["username"])}
RECORD_SORTS = {"at": Sort("日時", ["at", "pk"])}


@require_safe
@no_permission("links to what the role may administer")
def index(request: ActorRequest) -> HttpResponse:
    return render(request, "manage/index.html", {})


@require_safe
@permission(Permission.STAFF_ADMIN)
def agencies(request: ActorRequest) -> HttpResponse:
    """Every agency with its area, sector and number of staff today."""
    today = timezone.localdate()
    rows = (
        Agency.objects.visible_to(request.actor)
        .select_related("area", "successor")
        .annotate(staff_count=Count("appointments", filter=Q(appointments__during__contains=today)))
        .order_by("code")
    )
    return render(request, "manage/agencies.html", {"agencies": rows})


@require_safe
@permission(Permission.STAFF_ADMIN)
def staff_list(request: ActorRequest) -> HttpResponse:
    """Staff by kana with today's appointments; filter by name, number or agency."""
    query, agency = request.GET.get("q", "").strip(), request.GET.get("agency", "")
    today = timezone.localdate()
    rows = Staff.objects.visible_to(request.actor).with_current_appointments(today)
    if query:
        rows = rows.filter(
            Q(name__contains=query) | Q(kana__startswith=query) | Q(username__startswith=query)
        )
    if agency.isdigit():
        rows = rows.appointed_at(int(agency), today)
    page = paginate(rows, request_get=request.GET, sorts=STAFF_SORTS, default="kana")
    context = {
        "page": page, "q": query, "agency": agency,
        "agencies": Agency.objects.visible_to(request.actor).order_by("code"),
    }  # fmt: skip
    return render(request, "manage/staff_list.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.STAFF_ADMIN)
def staff_new(request: ActorRequest) -> HttpResponse:
    form = StaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            staff = register_staff(**form.cleaned_data, actor=request.actor, at=timezone.now())
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, f"{staff.name}さんを登録しました。続けて辞令を登録してください。")
            return redirect("manage:staff", pk=staff.pk)
    status = 422 if form.is_bound else 200
    return render(request, "manage/staff_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@permission(Permission.STAFF_ADMIN)
def staff_detail(request: ActorRequest, pk: int) -> HttpResponse:
    """One person's appointments, past and coming, and a form for the next."""
    staff = get_object_or_404(Staff.objects.visible_to(request.actor), pk=pk)
    form = AppointmentForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            appoint(staff=staff, **form.cleaned_data, actor=request.actor, at=timezone.now())
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "辞令を登録しました。")
            return redirect("manage:staff", pk=staff.pk)
    appointments = staff.appointments.select_related("agency").order_by("-during", "pk")
    context = {
        "staff": staff, "form": form, "appointments": appointments, "end_form": EndAppointmentForm(prefix="end"),
        "town_form": HomeTownForm(prefix="town", initial={"home_town": staff.home_town}),
        "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "manage/staff.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["POST"])
@permission(Permission.STAFF_ADMIN)
def staff_town(request: ActorRequest, pk: int) -> HttpResponse:
    """Correct the town where a worker lives."""
    staff = get_object_or_404(Staff.objects.visible_to(request.actor), pk=pk)
    form = HomeTownForm(request.POST, prefix="town")
    if form.is_valid():
        set_home_town(
            staff=staff, home_town=form.cleaned_data["home_town"], actor=request.actor, at=timezone.now()
        )
        messages.success(request, "住まいの町名を登録しました。")
    else:
        messages.error(request, "住まいの町名は60文字までです。")
    return redirect("manage:staff", pk=staff.pk)


@require_http_methods(["POST"])
@permission(Permission.STAFF_ADMIN)
def appointment_end(request: ActorRequest, pk: int, appointment_pk: int) -> HttpResponse:
    staff = get_object_or_404(Staff.objects.visible_to(request.actor), pk=pk)
    appointment = get_object_or_404(staff.appointments.all(), pk=appointment_pk)
    form = EndAppointmentForm(request.POST, prefix="end")
    if form.is_valid():
        try:
            end_appointment(
                appointment=appointment,
                ends_on=form.cleaned_data["ends_on"],
                actor=request.actor,
                at=timezone.now(),
            )
            messages.success(request, "辞令の最終日を登録しました。")
        except RuleViolation as violation:
            messages.error(request, violation.message)
    else:
        messages.error(request, "最終日の日付を確かめてください。")
    return redirect("manage:staff", pk=staff.pk)


@require_safe
@permission(Permission.AUDIT_VIEW)
def changes(request: ActorRequest) -> HttpResponse:
    """Every write, newest first: who, what, which record (ids only)."""
    rows = ChangeRecord.objects.visible_to(request.actor)
    if action := request.GET.get("action", "").strip():
        rows = rows.filter(action__startswith=action)
    page = paginate(rows, request_get=request.GET, sorts=RECORD_SORTS, default="-at")
    return render(request, "manage/changes.html", {"page": page, "action": action})
