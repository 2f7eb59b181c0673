"""The frozen inputs of a time study: nobody writes the study's minutes twice, they are the work records themselves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Count, Sum

from budgets.enums import StudySampling
from budgets.methods.statistics import Interval
from budgets.methods.time_study import Answer, StudyInputs, StudyResult
from budgets.models import StudyMember, StudyMoment, TimeStudy, WorkEntry
from common.japan.business_days import is_working_day
from common.japan.fiscal import month_last


def working_days(first: date, last: date) -> list[date]:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if is_working_day(day)]


def study_inputs(study: TimeStudy) -> StudyInputs:
    """Three queries. Leave answers for its day, but counts for no stream."""
    staff = list(
        StudyMember.objects.filter(study=study).order_by("staff_id").values_list("staff_id", flat=True)
    )
    if study.sampling == StudySampling.MOMENTS:
        return _moments(study)
    days = working_days(study.starts_on, study.ends_on)
    rows = (
        WorkEntry.objects.filter(
            staff__in=staff, worked_on__gte=study.starts_on, worked_on__lte=study.ends_on
        )
        .values_list("staff_id", "worked_on", "category__kind", "category__stream_id")
        .annotate(total=Sum("minutes"))
        .order_by("staff_id", "worked_on", "category__kind", "category__stream_id")
    )
    answers = tuple(Answer(person, day.isoformat(), kind, stream, n) for person, day, kind, stream, n in rows)
    wanted = {day.isoformat() for day in days}
    return StudyInputs(
        sampling=StudySampling.CONTINUOUS, asked=len(staff) * len(days),
        answered=len({(a.staff_id, a.day) for a in answers if a.day in wanted}), answers=answers,
        covered_days=len(staff) * len(working_days(study.covers_from, month_last(study.covers_to))), level=study.level,
    )  # fmt: skip


def _moments(study: TimeStudy) -> StudyInputs:
    rows = StudyMoment.objects.filter(study=study)
    counted = (
        rows.filter(category__isnull=False)
        .values_list("staff_id", "category__kind", "category__stream_id")
        .annotate(n=Count("pk"))
        .order_by("staff_id", "category__kind", "category__stream_id")
    )
    answers = tuple(Answer(person, "", kind, stream, n) for person, kind, stream, n in counted)
    return StudyInputs(
        sampling=StudySampling.MOMENTS, asked=rows.count(), answered=sum(a.amount for a in answers), answers=answers,
        level=study.level,
    )  # fmt: skip


def digest(inputs: StudyInputs) -> str:
    """SHA-256 over the inputs in their order."""
    return hashlib.sha256(json.dumps(asdict(inputs), sort_keys=True).encode()).hexdigest()


def frozen_result(inputs: StudyInputs, result: StudyResult) -> dict[str, Any]:
    """As plain data: exact weights, bounds as fractions in text, the answers it came from."""
    return {
        "inputs": asdict(inputs),
        "weights": {str(stream): weight for stream, weight in sorted(result.weights.items())},
        "intervals": {
            str(s): [str(i.ratio), str(i.low), str(i.high), i.sampled] for s, i in sorted(result.intervals.items())
        },
        "shared": result.shared, "response_rate": str(result.response_rate),
    }  # fmt: skip


def thaw_result(data: dict[str, Any]) -> StudyResult:
    """What ``frozen_result`` wrote down."""
    return StudyResult(
        weights={int(stream): weight for stream, weight in data["weights"].items()},
        intervals={
            int(s): Interval(Fraction(ratio), Fraction(low), Fraction(high), sampled)
            for s, (ratio, low, high, sampled) in data["intervals"].items()
        },
        shared=data["shared"], response_rate=Fraction(data["response_rate"]),
    )  # fmt: skip
