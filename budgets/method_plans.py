"""Which method decides on whose cost in a month: the dated choices, the studies that cover it, the assignments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import Appointment
from budgets.apportionment import CostInput, Plan, StudyWeights
from budgets.enums import Method
from budgets.models import DutyAssignment, MethodChoice, StudyMember, TimeStudy
from common.japan.fiscal import month_last


def methods_of(month: date) -> tuple[Method, dict[int, Method]]:
    """The method in force for all agencies, and those of agencies with a choice of their own. One query."""
    general, own = Method.ACTUAL_MINUTES, dict[int, Method]()
    rows = list(MethodChoice.objects.filter(valid_from__lte=month).order_by("valid_from", "pk"))
    for row in rows:  # the latest comes last and stays
        if row.agency_id is None:
            general = Method(row.method)
        else:
            own[row.agency_id] = Method(row.method)
    return general, own


def plans_of(month: date, costs: Sequence[CostInput]) -> tuple[tuple[Plan, ...], tuple[StudyWeights, ...]]:
    """Plans of the workers whose cost does not go by their own minutes, and the studies that they go by.

    Where an agency goes by a study or by assignments, a worker dedicated through all of the month's days of the
    appointment stays with the one stream. Whom neither decides gets a plan without stream and study, to be named.
    Under 専従 an assignment of 兼務, or one that covers only a part of the month, goes by the own minutes.
    """
    general, own = methods_of(month)
    method_of = {c.staff_id: own.get(c.agency_id, general) for c in costs}
    asked = {pk: method for pk, method in method_of.items() if method != Method.ACTUAL_MINUTES}
    if not asked:
        return (), ()
    dedicated, assigned = _assigned(month, asked)
    study_of, studies = _studied(month, asked)
    plans: list[Plan] = []
    for pk, method in sorted(asked.items()):
        if pk in dedicated:
            plans.append(Plan(pk, Method.DEDICATED, stream_id=dedicated[pk]))
        elif method == Method.TIME_STUDY:
            plans.append(Plan(pk, method, study_id=study_of.get(pk)))
        elif pk not in assigned:
            plans.append(Plan(pk, method))
    used = {plan.study_id for plan in plans}
    return tuple(plans), tuple(s for s in studies if s.study_id in used)


def _days(span: DateRange, month: date) -> set[date]:
    """The days of ``month`` that lie in a half-open span."""
    last = month_last(month)
    low = max(month, span.lower) if span.lower else month
    high = min(last, span.upper - timedelta(days=1)) if span.upper else last
    return {low + timedelta(days=n) for n in range((high - low).days + 1)}


def _assigned(month: date, staff: Iterable[int]) -> tuple[dict[int, int], set[int]]:
    """Who is dedicated to one stream on every day of an appointment in the month; and who has any assignment in it."""
    span = DateRange(month, month_last(month), "[]")
    employed: dict[int, set[date]] = {}
    for pk, during in Appointment.objects.filter(staff__in=staff, during__overlap=span).values_list(
        "staff_id", "during"
    ):
        employed.setdefault(pk, set()).update(_days(during, month))
    covered: dict[tuple[int, int | None], set[date]] = {}
    for pk, stream, during in DutyAssignment.objects.filter(
        staff__in=staff, during__overlap=span
    ).values_list("staff_id", "stream_id", "during"):
        covered.setdefault((pk, stream), set()).update(_days(during, month))
    dedicated = {
        pk: stream
        for (pk, stream), days in covered.items()
        if stream is not None and employed.get(pk) and employed[pk] <= days
    }
    return dedicated, {pk for pk, _ in covered}


def _studied(month: date, staff: Iterable[int]) -> tuple[dict[int, int], list[StudyWeights]]:
    """The approved study of each worker for the month (approval refuses a second one), and the studies' weights."""
    found = list(TimeStudy.objects.filter(pk__in=TimeStudy.objects.approved_for(month)).order_by("pk"))
    members = StudyMember.objects.filter(study__in=found, staff__in=staff).order_by("study_id")
    weights = [
        StudyWeights(s.pk, tuple(sorted((int(stream), n) for stream, n in s.result["weights"].items())))
        for s in found
    ]
    return dict(members.values_list("staff_id", "study_id")), weights
