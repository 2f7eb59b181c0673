"""The needs of a household that a request can be about."""

from __future__ import annotations

from django.db.models import QuerySet

from cases.enums import ItemKind
from cases.models import AssessmentItem, Case, Consultation

NEED_KINDS = (ItemKind.PROBLEM, ItemKind.WISH)


def standing_needs(case: Case) -> QuerySet[AssessmentItem]:
    """Problems and wishes of a visible case that stand, problems first."""
    return AssessmentItem.objects.standing().filter(case=case, kind__in=NEED_KINDS).order_by("kind", "pk")


def concerns_in_words(case: Case) -> str:
    """The ticked concerns of the latest contact of a visible case, "" if there are none."""
    latest = Consultation.objects.filter(case=case).order_by("-started_at", "-pk").first()
    if latest is None:
        return ""
    return "・".join(latest.concerns.order_by("code__position", "code").values_list("code__label", flat=True))
