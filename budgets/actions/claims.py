"""精算: drafting, filing and correcting the claim of a stream; shares that change in mid-year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from fractions import Fraction

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from budgets.models import FundingStream, GrantClaim, ShareChange
from budgets.permissions import check_can_edit_costs, check_can_lock
from budgets.settlement.actuals import month_actuals, year_months
from budgets.settlement.inputs import claim_inputs, share_changes
from budgets.settlement.table import SettlementError, settle
from budgets.workflow_claims import CLAIM_TRANSITIONS, ClaimEvent, ClaimState
from common.errors import InvalidTransition, RuleViolation, StaleRecord
from common.japan.fiscal import fiscal_year, fiscal_year_first
from common.japan.wareki import format_wareki_month


@dataclass(frozen=True, slots=True)
class ClaimData:
    """What the clerk enters: yen; ``granted_yen`` None while nothing was granted."""

    other_yen: int = 0
    ineligible_yen: int = 0
    income_yen: int = 0
    granted_yen: int | None = None
    note: str = ""


def _locked(claim: GrantClaim, actor: Actor) -> GrantClaim:
    rows = GrantClaim.objects.visible_to(actor).select_related("stream").select_for_update(of=("self",))
    return rows.get(pk=claim.pk)


def _check_data(data: ClaimData) -> None:
    for name in ("other_yen", "ineligible_yen", "income_yen", "granted_yen"):
        if (getattr(data, name) or 0) < 0:
            raise RuleViolation("0円以上で入力してください。", field=name)


@transaction.atomic
def save_claim(
    *, stream: FundingStream, fiscal_year: int, data: ClaimData, version: int, actor: Actor, at: datetime
) -> GrantClaim:
    """Write the draft of a stream's claim; ``version`` is the one that was shown (0: there was no draft)."""
    check_can_edit_costs(actor)
    _check_data(data)
    FundingStream.objects.select_for_update(of=("self",)).get(pk=stream.pk)
    rows = GrantClaim.objects.filter(stream=stream, fiscal_year=fiscal_year)
    claim = rows.filter(state=ClaimState.DRAFT).first()
    if claim is None and rows.exists():
        raise InvalidTransition("この精算は提出済みです。直すときは「訂正する」から理由を書いてください。")
    if (claim.version if claim else 0) != version:
        if claim is None:
            raise RuleViolation("この精算はありません。開き直してください。")
        raise StaleRecord(current=claim)
    before = asdict(data_of(claim)) if claim else {}
    claim = claim or GrantClaim(
        stream=stream, fiscal_year=fiscal_year, version=0, drafted_at=at, drafted_by=actor.office()[1]
    )
    claim.other_yen, claim.ineligible_yen = data.other_yen, data.ineligible_yen
    claim.income_yen, claim.granted_yen, claim.note = data.income_yen, data.granted_yen, data.note.strip()
    claim.version += 1
    claim.save()
    record(
        actor=actor, action="claim.save", target=claim, at=at, stream=stream.code, year=fiscal_year, before=_audited(before),
        after=_audited(asdict(data_of(claim))),
    )  # fmt: skip
    return claim


def data_of(claim: GrantClaim) -> ClaimData:
    """The amounts of a claim as they are saved."""
    return ClaimData(claim.other_yen, claim.ineligible_yen, claim.income_yen, claim.granted_yen, claim.note)


def _audited(words: dict[str, object]) -> dict[str, object]:
    """The yen; a note may name somebody and stays in the history table."""
    return {key: value for key, value in words.items() if key != "note"}


def check_months(actor: Actor, claim: GrantClaim) -> None:
    """A year with open months is not claimed; months before kyosei's records want a word on where their cost stands."""
    months = year_months(actor, claim.fiscal_year)
    if months.opened:
        names = "、".join(format_wareki_month(m) for m in months.opened)
        raise RuleViolation(f"締めていない月があるため提出できません：{names}。", months=months.opened)
    if months.unknown and not claim.note:
        names = "、".join(format_wareki_month(m) for m in months.unknown)
        raise RuleViolation(
            f"記録のない月があります：{names}。その月の経費をどこに入れたかを備考に書いてください。",
            field="note",
        )


UNSAVED = "入力した金額か備考が、まだ保存されていません。保存して、精算書を確かめてから提出してください。"


def _check_saved(claim: GrantClaim, typed: ClaimData | None) -> None:
    """What stands typed beside the table is what is saved: nothing typed is left behind by filing."""
    if typed is not None and replace(typed, note=typed.note.strip()) != data_of(claim):
        raise RuleViolation(UNSAVED)


@transaction.atomic
def file_claim(
    *, claim: GrantClaim, typed: ClaimData | None, expected_hash: str, actor: Actor, at: datetime
) -> GrantClaim:
    """Freeze the claim with its inputs and its figures. ``expected_hash`` is the digest of the table that was looked at.

    ``typed``: the amounts that stand beside that table where they can be typed, saved or not; None where they cannot be.
    What is not saved yet is refused here, so that no surface files without it.

    A claim that corrects an earlier one takes its place: the earlier one is kept, marked as corrected.
    """
    check_can_lock(actor)
    claim = _locked(claim, actor)
    state = _next(claim, ClaimEvent.FILE)
    _check_saved(claim, typed)
    check_months(actor, claim)
    inputs = claim_inputs(
        actor, claim, month_actuals(actor, claim.fiscal_year), share_changes(actor, claim.fiscal_year)
    )
    if inputs.digest() != expected_hash:
        raise RuleViolation(
            "表示した精算のあとに金額が変わりました。開き直して、確かめてから提出してください。"
        )
    try:
        table = settle(inputs)
    except SettlementError as error:
        raise RuleViolation(str(error)) from None
    staff = actor.office()[1]
    if claim.corrects_id is not None:
        former = GrantClaim.objects.select_for_update(of=("self",)).get(pk=claim.corrects_id)
        former.state = _next(former, ClaimEvent.CORRECT)
        former.corrected_at, former.corrected_by = at, staff
        former.save(update_fields=["state", "corrected_at", "corrected_by"])
    claim.inputs, claim.result, claim.input_hash = inputs.frozen(), table.rows(), expected_hash
    claim.state, claim.filed_at, claim.filed_by = state, at, staff
    claim.save(update_fields=["inputs", "result", "input_hash", "state", "filed_at", "filed_by"])
    record(
        actor=actor, action="claim.file", target=claim, at=at, stream=claim.stream.code, year=claim.fiscal_year,
        revision=claim.revision, required=table.required, input_hash=expected_hash,
    )  # fmt: skip
    return claim


def _next(claim: GrantClaim, event: ClaimEvent) -> ClaimState:
    try:
        return CLAIM_TRANSITIONS[ClaimState(claim.state), event]
    except KeyError:
        raise InvalidTransition(
            f"この精算は「{claim.get_state_display()}」のため、この操作はできません。"
        ) from None


@transaction.atomic
def correct_claim(*, claim: GrantClaim, reason: str, actor: Actor, at: datetime) -> GrantClaim:
    """Begin the claim that will take the place of a filed one: a new draft with its amounts and a reason in words.

    The filed claim stands as it is until the new one is filed.
    """
    check_can_edit_costs(actor)
    claim = _locked(claim, actor)
    _next(claim, ClaimEvent.CORRECT)
    if not reason.strip():
        raise RuleViolation("訂正の理由を入力してください。", field="reason")
    if GrantClaim.objects.filter(corrects=claim, state=ClaimState.DRAFT).exists():
        raise InvalidTransition("訂正の精算はすでに作成中です。")
    fresh = GrantClaim.objects.create(
        stream=claim.stream, fiscal_year=claim.fiscal_year, revision=claim.revision + 1, corrects=claim,
        correction_reason=reason.strip()[:300], other_yen=claim.other_yen, ineligible_yen=claim.ineligible_yen,
        income_yen=claim.income_yen, granted_yen=claim.granted_yen, unit_yen=claim.unit_yen, note=claim.note,
        drafted_at=at, drafted_by=actor.office()[1],
    )  # fmt: skip
    record(
        actor=actor, action="claim.correct", target=fresh, at=at, stream=claim.stream.code, year=claim.fiscal_year,
        corrects=claim.pk,
    )  # fmt: skip
    return fresh


@transaction.atomic
def change_shares(
    *, stream: FundingStream, first: date, shares: Mapping[str, Fraction], source: str, actor: Actor, at: datetime
) -> None:  # fmt: skip
    """Other shares from a month within the year on; none at all takes the change back. Filed claims do not move."""
    check_can_edit_costs(actor)
    if first.day != 1 or first == fiscal_year_first(fiscal_year(first)):
        raise RuleViolation(
            "年度途中の月（5月〜3月）を選んでください。4月からの割合は年度の負担割合です。", field="first"
        )
    if shares and sum(shares.values(), Fraction(0)) != 1:
        total = sum(shares.values(), Fraction(0))
        raise RuleViolation(f"負担割合の合計が1になりません（いまは {total}）。", field="shares")
    if any(not 0 <= share <= 1 for share in shares.values()):
        raise RuleViolation("割合は0以上1以下で入力してください。", field="shares")
    if shares and not source.strip():
        raise RuleViolation("割合が変わる根拠（通知など）を入力してください。", field="source")
    FundingStream.objects.select_for_update(of=("self",)).get(pk=stream.pk)
    ShareChange.objects.filter(stream=stream, first=first).delete()
    ShareChange.objects.bulk_create(
        ShareChange(
            stream=stream, first=first, payer=payer, numerator=share.numerator, denominator=share.denominator,
            source=source.strip()[:200],
        )
        for payer, share in shares.items()
    )  # fmt: skip
    record(
        actor=actor, action="share_change.save", target=stream, at=at, stream=stream.code, first=first.isoformat(),
        shares={payer: str(share) for payer, share in sorted(shares.items())},
    )  # fmt: skip
