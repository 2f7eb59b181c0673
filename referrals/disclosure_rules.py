"""What the ground of a referral lets go: which of the chosen parts, and whether taking part opens the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import models
from django.utils import timezone

from accounts.enums import ConsentState, Ground
from households.enums import InformationKind
from households.grounds import EVERYTHING, GROUND_RULES, NOTHING
from households.models import Consent
from referrals.enums import PART_KINDS, SharedPart
from referrals.models import OutsideRequest, Referral

Shared = Referral | OutsideRequest  # what is shared on a ground, by parts


@dataclass(frozen=True, slots=True)
class Coverage:
    """``covered`` goes; ``held_back`` was chosen but the ground does not cover it, for the reason ``why``."""

    covered: tuple[SharedPart, ...]
    held_back: tuple[SharedPart, ...]
    why: str


def covered_kinds(ground: str, consent: Consent | None, on: date) -> frozenset[InformationKind]:
    """The kinds of information that may go on a day; a consent that ended or was withdrawn covers nothing.

    That ``consent`` names the receiving agency was made sure when it was chosen (``standing_consent``).
    """
    rule = GROUND_RULES[Ground(ground)]
    if rule.kinds is not None:
        return rule.kinds
    if consent is None or not stands(consent, on):
        return NOTHING
    return frozenset(InformationKind(kind) for kind in consent.kinds)


def stands(consent: Consent, on: date) -> bool:
    """The same as ``Consent.objects.in_force``, for a row in hand."""
    return (
        consent.state == ConsentState.YES
        and consent.given_on <= on
        and (consent.ends_on is None or consent.ends_on >= on)
    )


def coverage(referral: Shared, on: date) -> Coverage:
    """Which of the parts chosen for a referral go to its receiver on a day; none once an emergency is over."""
    if is_over(referral, on):
        held = tuple(part for part in SharedPart if part.value in referral.parts)
        return Coverage(
            (), held, f"根拠「{Ground(referral.ground).label}」の期間が過ぎました。" if held else ""
        )
    return coverage_of(referral.parts, referral.ground, referral.consent, on)


def is_over(referral: Shared, on: date) -> bool:
    """Whether the ground has run out: it lasts from the answer, or from the sending while there is none."""
    lasts = GROUND_RULES[Ground(referral.ground)].lasts
    return lasts is not None and on > timezone.localdate((referral.answered_at or referral.sent_at) + lasts)


def ground_stands(referral: Referral, on: date) -> bool:
    """Whether the ground holds on a day: a consent that was withdrawn or ran out and an emergency that is over do not."""
    if referral.ground == Ground.CONSENT:
        return referral.consent is not None and stands(referral.consent, on)
    return not is_over(referral, on)


def names_person(referral: Referral, on: date) -> bool:
    """Whether the receiver may read who it is about. ``referral`` comes with its consent."""
    return SharedPart.BASIC in coverage(referral, on).covered


def coverage_of(parts: Sequence[str], ground: str, consent: Consent | None, on: date) -> Coverage:
    """Which of some parts go on a ground."""
    chosen = [part for part in SharedPart if part.value in parts]
    kinds = covered_kinds(ground, consent, on)
    covered = tuple(part for part in chosen if PART_KINDS[part] <= kinds)
    held = tuple(part for part in chosen if part not in covered)
    return Coverage(covered, held, _why(ground, consent, on) if held else "")


def _why(ground: str, consent: Consent | None, on: date) -> str:
    if ground != Ground.CONSENT:
        return f"根拠「{Ground(ground).label}」では、個人が分かる記録は渡せません。"
    if consent is None or not stands(consent, on):
        return "同意が撤回されたか、期限が切れています。"
    return "同意した情報の種類に入っていません。"


@dataclass(frozen=True, slots=True)
class Opening:
    """How taking part on a referral opens the record: on which basis, until when; or not at all."""

    opens_record: bool
    basis: models.Model
    ends_at: datetime | None


def opening_of(referral: Referral, at: datetime) -> Opening:
    """A consent opens the whole record only when it covers all six kinds, and until its last day."""
    rule = GROUND_RULES[Ground(referral.ground)]
    if referral.ground != Ground.CONSENT:
        return Opening(bool(rule.opens_record), referral, at + rule.lasts if rule.lasts else None)
    consent, today = referral.consent, timezone.localdate(at)
    if consent is None or not covered_kinds(referral.ground, consent, today) >= EVERYTHING:
        return Opening(False, referral, None)
    return Opening(True, consent, day_end(consent.ends_on) if consent.ends_on else None)


def day_end(last: date) -> datetime:
    """The first moment after a last day."""
    return timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
