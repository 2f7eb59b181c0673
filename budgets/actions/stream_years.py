"""The conditions and shares of a stream in a fiscal year: changed with a version, copied forward each April."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db import transaction
from django.db.models import TextChoices

from accounts.actor import Actor
from accounts.enums import Sector
from audit.actions import record
from budgets.actions.review import review_months
from budgets.enums import Activity
from budgets.models import FundingShare, FundingStream, StreamYear
from budgets.permissions import check_can_edit_costs
from common.errors import RuleViolation
from common.japan.fiscal import (
    fiscal_year_first,
    fiscal_year_label,
    fiscal_year_last,
)


@dataclass(frozen=True, slots=True)
class YearData:
    """``shares``: payer → exact fraction; none at all (介護報酬) or together exactly one. ``sectors`` (Sector) and
    ``activities`` (Activity): none stands for any."""

    shares: Mapping[str, Fraction]
    standard_yen: int | None = None
    must_be_dedicated: bool = False
    age_from: int | None = None
    age_below: int | None = None
    sectors: Sequence[str] = ()
    activities: Sequence[str] = ()
    remainder_rule: str = ""
    ends_on: date | None = None
    source: str = ""
    needs_check: bool = True


def check_year(data: YearData, fiscal_year: int) -> None:
    """RuleViolation beside the field that is wrong."""
    if any(not 0 <= share <= 1 for share in data.shares.values()):
        raise RuleViolation("割合は0以上1以下で入力してください。", field="shares")
    total = sum(data.shares.values(), Fraction(0))
    if data.shares and total != 1:
        raise RuleViolation(f"負担割合の合計が1になりません（いまは {total}）。", field="shares")
    if data.age_from is not None and data.age_below is not None and data.age_from >= data.age_below:
        raise RuleViolation("年齢の範囲が逆か、空です。", field="age_below")
    if not set(data.sectors) <= set(Sector.values):
        raise RuleViolation("対象の分野が正しくありません。", field="sectors")
    if not set(data.activities) <= set(Activity.values):
        raise RuleViolation("対象の活動が正しくありません。", field="activities")
    first, last = fiscal_year_first(fiscal_year), fiscal_year_last(fiscal_year)
    if data.ends_on is not None and not first <= data.ends_on <= last:
        raise RuleViolation("終わりの日は、この年度の中の日にしてください。", field="ends_on")


def _in_order(chosen: Collection[str], choices: type[TextChoices]) -> list[str]:
    return [value for value in choices.values if value in chosen]


def _as_words(row: StreamYear | None, shares: Mapping[str, Fraction]) -> dict[str, object]:
    words: dict[str, object] = {payer: str(share) for payer, share in sorted(shares.items())}
    if row is not None:
        words |= {
            "standard_yen": row.standard_yen, "must_be_dedicated": row.must_be_dedicated, "age_from": row.age_from,
            "age_below": row.age_below, "sectors": list(row.sectors), "activities": list(row.activities),
            "remainder_rule": row.remainder_rule,
            "ends_on": row.ends_on.isoformat() if row.ends_on else None, "source": row.source, "needs_check": row.needs_check,
        }  # fmt: skip
    return words


def shares_of(stream: FundingStream, fiscal_year: int) -> dict[str, Fraction]:
    """Payer → exact share."""
    rows = FundingShare.objects.filter(stream=stream, fiscal_year=fiscal_year)
    return {r.payer: Fraction(r.numerator, r.denominator) for r in rows}


@transaction.atomic
def save_year(
    *, stream: FundingStream, fiscal_year: int, data: YearData, version: int, actor: Actor, at: datetime
) -> StreamYear:
    """Write the year whole. ``version`` is the one that was shown (0: there was none); the former values stay in the
    history, and the next version says that they changed. Where it asks for others now, the open months are looked at anew."""
    check_can_edit_costs(actor)
    check_year(data, fiscal_year)
    FundingStream.objects.select_for_update(of=("self",)).get(pk=stream.pk)
    row = StreamYear.objects.filter(stream=stream, fiscal_year=fiscal_year).first()
    if (row.version if row else 0) != version:
        raise RuleViolation("ほかの職員が先に変更しました。開き直して、内容を確かめてください。")
    before = _as_words(row, shares_of(stream, fiscal_year))
    asked = _conditions(row)
    row = row or StreamYear(stream=stream, fiscal_year=fiscal_year, version=0)
    row.standard_yen, row.must_be_dedicated = data.standard_yen, data.must_be_dedicated
    row.age_from, row.age_below, row.ends_on = data.age_from, data.age_below, data.ends_on
    row.sectors, row.activities = _in_order(data.sectors, Sector), _in_order(data.activities, Activity)
    row.remainder_rule, row.source, row.needs_check = (
        data.remainder_rule,
        data.source.strip(),
        data.needs_check,
    )
    row.version, row.changed_at, row.changed_by = row.version + 1, at, actor.office()[1]
    row.save()
    FundingShare.objects.filter(stream=stream, fiscal_year=fiscal_year).exclude(
        payer__in=data.shares
    ).delete()
    for payer, share in data.shares.items():
        FundingShare.objects.update_or_create(
            stream=stream, fiscal_year=fiscal_year, payer=payer,
            defaults={
                "numerator": share.numerator, "denominator": share.denominator, "source": data.source.strip(),
                "needs_check": data.needs_check,
            },
        )  # fmt: skip
    record(
        actor=actor, action="stream_year.save", target=row, at=at, stream=stream.code, year=fiscal_year,
        before=before, after=_as_words(row, data.shares),
    )  # fmt: skip
    if _conditions(row) != asked:
        review_months(fiscal_year_first(fiscal_year), fiscal_year_first(fiscal_year + 1), at)
    return row


def _conditions(row: StreamYear | None) -> tuple[object, ...]:
    """What the findings of a month ask of its records."""
    if row is None:
        return (None, None, [], [], False)
    return row.age_from, row.age_below, row.sectors, row.activities, row.must_be_dedicated


@transaction.atomic
def copy_year(*, from_year: int, actor: Actor, at: datetime) -> int:
    """Copy every stream's year and shares to the next one, marked 要確認. Returns how many streams.

    What the next year already has stays; a stream that ends within the year is not carried on.
    """
    check_can_edit_costs(actor)
    to_year, staff = from_year + 1, actor.office()[1]
    rows = list(
        StreamYear.objects.filter(fiscal_year=from_year, ends_on__isnull=True)
        .exclude(stream__in=StreamYear.objects.filter(fiscal_year=to_year).values("stream"))
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    if not rows:
        has_any = StreamYear.objects.filter(fiscal_year=to_year).exists()
        words = (
            f"{fiscal_year_label(to_year)}には、すべての財源がすでにあります。"
            if has_any
            else f"{fiscal_year_label(from_year)}に、写す財源がありません。"
        )
        raise RuleViolation(words)
    for row in rows:
        shares = shares_of(row.stream, from_year)
        row.pk, row._state.adding = None, True
        row.fiscal_year, row.version, row.needs_check = to_year, 1, True
        row.changed_at, row.changed_by = at, staff
        row.save(force_insert=True)
        known = set(
            FundingShare.objects.filter(stream=row.stream, fiscal_year=to_year).values_list(
                "payer", flat=True
            )
        )
        FundingShare.objects.bulk_create(
            FundingShare(
                stream=row.stream, fiscal_year=to_year, payer=payer, numerator=share.numerator,
                denominator=share.denominator, source=row.source or "前年度から", needs_check=True,
            )
            for payer, share in shares.items()
            if payer not in known
        )  # fmt: skip
    record(
        actor=actor, action="stream_year.copy", target=rows[0], at=at, from_year=from_year, streams=len(rows)
    )
    return len(rows)
