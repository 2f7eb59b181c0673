"""会議後アンケート: answering, and the results of one conference for who called it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import permission
from accounts.http import ActorRequest
from accounts.roles import Permission
from common.errors import NotAllowed, RuleViolation
from referrals.actions.survey import answer_survey
from referrals.enums import Agreement
from referrals.forms.survey import SurveyForm
from referrals.models import SurveyAnswer
from referrals.models.survey import SURVEY
from referrals.permissions_conferences import check_can_answer
from referrals.selectors_conferences import seat_of
from referrals.views.conferences import get_conference, get_managed


@permission(Permission.CONFERENCE_VIEW)
def survey(request: ActorRequest, pk: int) -> HttpResponse:
    """Five questions for who attended."""
    conference = get_conference(request, pk)
    own = seat_of(conference, request.actor)
    if own is None:
        raise NotAllowed("アンケートに答えられるのは、出席した人だけです。")
    own.conference = conference
    check_can_answer(request.actor, own)
    known = SurveyAnswer.objects.visible_to(request.actor).filter(member=own).first()
    initial = {name: getattr(known, name) for name in (*SURVEY, "comment")} if known else {}
    form = SurveyForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            answer_survey(
                member=own, answers={name: data[name] for name in SURVEY}, comment=data["comment"],
                actor=request.actor, at=timezone.now(),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "アンケートに答えました。ありがとうございます。")
            return redirect("conferences:detail", pk=pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "conferences/survey.html", {"conference": conference, "form": form}, status=status)


@require_safe
@permission(Permission.CONFERENCE_CONVENE)
def results(request: ActorRequest, pk: int) -> HttpResponse:
    """How many said what, and who said it."""
    conference = get_managed(request, pk)
    answers = list(
        SurveyAnswer.objects.visible_to(request.actor)
        .filter(conference=conference)
        .select_related("staff", "member__agency")
        .order_by("answered_at", "pk")
    )
    rows = [
        (
            label,
            [
                sum(getattr(answer, name) == choice for answer in answers)
                for choice in reversed(Agreement.values)
            ],
        )
        for name, label in SURVEY.items()
    ]
    context = {
        "conference": conference, "answers": answers, "rows": rows, "labels": list(reversed(Agreement.labels)),
        "seats": sum(seat.attendance == "attending" for seat in conference.seats),  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "conferences/survey_results.html", context)
