"""タイムスタディ: drawing one up, its result with the interval, its approval; and the worker's own moments."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from budgets.actions.studies import StudyData, answer_moment, approve_study, create_study
from budgets.enums import StudySampling
from budgets.forms.settings import SampleSizeForm, StudyForm
from budgets.methods.statistics import StudyError, sample_size
from budgets.methods.time_study import evaluate
from budgets.models import FundingStream, StudyMember, StudyMoment, TimeStudy, WorkCategory, WorkEntry
from budgets.selectors_compare import percent
from budgets.selectors_people import recording_people
from budgets.study_inputs import digest, study_inputs, thaw_result
from common.errors import NotAllowed, RuleViolation

ENOUGH_ANSWERS = (4, 5)  # a study with fewer answers is marked
MOMENTS_SHOWN = 50


@require_safe
@permission(Permission.APPORTION_VIEW)
def study_list(request: ActorRequest) -> HttpResponse:
    """All studies, newest first."""
    rows = (
        TimeStudy.objects.visible_to(request.actor).annotate(n=Count("members")).order_by("-starts_on", "-pk")
    )
    context = {"rows": rows, "may_edit": request.actor.has(Permission.APPORTION_RUN)}
    return render(request, "apportionment/studies.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.APPORTION_RUN)
def study_new(request: ActorRequest) -> HttpResponse:
    """The form, and beside it the helper that says how many moments to ask."""
    people = recording_people(request.actor, timezone.localdate())
    asked = SampleSizeForm(request.GET if "margin" in request.GET else None)
    size, trouble = _size(asked)
    form = StudyForm(request.POST if request.method == "POST" else None, people=people)
    status = 200
    if request.method == "POST":
        study = _create(request, form) if form.is_valid() else None
        if study is not None:
            messages.success(request, "タイムスタディを登録しました。")
            return redirect("apportionment:study", pk=study.pk)
        status = 422
    context = {"form": form, "size_form": asked, "size": size, "trouble": trouble, "people": len(people)}
    return render(request, "apportionment/study_new.html", context, status=status)


def _size(form: SampleSizeForm) -> tuple[int | None, str]:
    if not form.is_bound:
        return None, ""
    if not form.is_valid():
        return None, ""
    try:
        return sample_size(**form.cleaned_data), ""
    except StudyError as error:
        return None, str(error)


def _create(request: ActorRequest, form: StudyForm) -> TimeStudy | None:
    data = form.cleaned_data
    chosen = StudyData(
        name=data["name"], sampling=StudySampling(data["sampling"]), starts_on=data["starts_on"],
        ends_on=data["ends_on"], covers_from=data["covers_from"], covers_to=data["covers_to"], basis=data["basis"],
        moments_each=data["moments_each"] or 0, level=data["level"],
    )  # fmt: skip
    try:
        return create_study(
            data=chosen,
            members=[form.people[pk] for pk in data["members"]],
            actor=request.actor,
            at=timezone.now(),
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        form.add_violation(violation)
        return None


def _study_context(request: ActorRequest, study: TimeStudy) -> dict[str, Any]:
    inputs = study_inputs(study)
    result, trouble = None, ""
    try:
        result = thaw_result(study.result) if study.is_approved else evaluate(inputs)
    except StudyError as error:
        trouble = str(error)
    streams = FundingStream.objects.visible_to(request.actor).in_bulk(list(result.weights) if result else [])
    lines = [
        (stream, result.weights[stream.pk], *map(percent, (i.ratio, i.low, i.high)), percent(i.half_width))
        for stream in sorted(streams.values(), key=lambda s: (s.position, s.code))
        if result and (i := result.intervals[stream.pk])
    ]  # fmt: skip
    least, of = ENOUGH_ANSWERS
    is_over = study.ends_on < timezone.localdate()
    return {
        "study": study, "result": result, "lines": lines, "trouble": trouble, "inputs": inputs, "digest": digest(inputs),
        "rate": percent(result.response_rate) if result else "", "is_over": is_over,
        "is_thin": bool(result) and result is not None and result.response_rate * of < least,
        "unit": "回" if study.sampling == StudySampling.MOMENTS else "分",
        "asked_unit": "時点" if study.sampling == StudySampling.MOMENTS else "人日",
        "members": StudyMember.objects.visible_to(request.actor).filter(study=study).select_related("staff", "agency").order_by("staff__kana", "pk"),
        "may_approve": request.actor.has(Permission.MONTH_LOCK) and not study.is_approved and is_over and result,
    }  # fmt: skip


@require_safe
@permission(Permission.APPORTION_VIEW)
def study(request: ActorRequest, pk: int) -> HttpResponse:
    """Ratio and interval by stream, and the response rate."""
    row = scoped_get(TimeStudy.objects.visible_to(request.actor), request, log=None, pk=pk)
    return render(request, "apportionment/study.html", _study_context(request, row))


@require_POST
@permission(Permission.MONTH_LOCK)
def study_approve(request: ActorRequest, pk: int) -> HttpResponse:
    """Freeze the result that was shown."""
    row = scoped_get(TimeStudy.objects.visible_to(request.actor), request, log=None, pk=pk)
    try:
        approve_study(
            study=row, expected_hash=request.POST.get("digest", ""), actor=request.actor, at=timezone.now()
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        context = _study_context(request, row) | {"violation": violation}
        return render(request, "apportionment/study.html", context, status=422)
    messages.success(
        request, "承認しました。方式がタイムスタディの機関の、対象の月の按分と比較に使われます。"
    )
    return redirect("apportionment:study", pk=pk)


# ── The worker's moments ────────────────────────────────────────────────────────────────────────────────────


def _moments_page(request: ActorRequest, refused: int | None = None, status: int = 200) -> HttpResponse:
    """The own moments that have come and wait, with what the work record says for each as a proposal."""
    now = timezone.now()
    mine = StudyMoment.objects.visible_to(request.actor).filter(
        Q(study__state="draft"), staff=request.actor.staff_id, moment_at__lte=now
    )
    waiting = list(
        mine.filter(category__isnull=True).select_related("study").order_by("moment_at", "pk")[:MOMENTS_SHOWN]
    )
    days = {timezone.localtime(m.moment_at).date() for m in waiting}
    entries = list(
        WorkEntry.objects.visible_to(request.actor)
        .filter(staff=request.actor.staff_id, worked_on__in=days)
        .values_list("during", "category__code")
    )
    rows = [
        (m, next((code for during, code in entries if during.lower <= m.moment_at < during.upper), ""))
        for m in waiting
    ]  # fmt: skip
    context = {
        "rows": rows, "refused": refused, "answered": mine.filter(category__isnull=False).count(),
        "choices": WorkCategory.objects.visible_to(request.actor).order_by("position", "code"),
    }  # fmt: skip
    return render(request, "work/moments.html", context, status=status)


@require_safe
@permission(Permission.WORK_RECORD)
def moments(request: ActorRequest) -> HttpResponse:
    """What were you doing then?"""
    return _moments_page(request)


@require_POST
@permission(Permission.WORK_RECORD)
def moment_answer(request: ActorRequest, pk: int) -> HttpResponse:
    """One answer."""
    row = scoped_get(StudyMoment.objects.visible_to(request.actor), request, log=None, pk=pk)
    try:
        answer_moment(
            moment=row, category_code=request.POST.get("category", ""), actor=request.actor, at=timezone.now()
        )
    except NotAllowed:
        raise
    except RuleViolation as violation:
        messages.error(request, violation.message)
        return _moments_page(request, refused=pk, status=422)
    return redirect("work:moments")
