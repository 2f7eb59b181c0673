"""Consents of a case's person: which one stands, and the summary that the case shows."""

from __future__ import annotations

from datetime import date

from accounts.enums import ConsentState
from accounts.models import Agency
from cases.models import Case
from households.models import Consent


def standing_consent(case: Case, agency: Agency, on: date) -> Consent | None:
    """The consent in force of the case's person that names ``agency``; of several the widest, then the newest."""
    if case.person_id is None:
        return None
    rows = (
        Consent.objects.in_force(on).naming(agency).filter(household=case.household_id, person=case.person_id)
    )
    return max(rows.order_by("pk"), key=lambda c: (len(set(c.kinds)), c.given_on, c.pk), default=None)


def consent_summary(case: Case, on: date) -> tuple[str, date | None]:
    """State and day that the case shows: あり while one yes stands, else the newest answer, else 未確認."""
    if case.person_id is None:
        return ConsentState.UNKNOWN, None
    rows = list(
        Consent.objects.filter(household=case.household_id, person=case.person_id).order_by("given_on", "pk")
    )
    standing = [c for c in rows if c.state == ConsentState.YES and (c.ends_on is None or c.ends_on >= on)]
    if standing:
        return ConsentState.YES, standing[-1].given_on
    if not rows:
        return ConsentState.UNKNOWN, None
    newest = max(rows, key=lambda c: (c.withdrawn_on or c.given_on, c.pk))
    if newest.state == ConsentState.YES:
        return ConsentState.UNKNOWN, None
    return newest.state, newest.withdrawn_on or newest.given_on
