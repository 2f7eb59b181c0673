"""The streams of a fiscal year beside those of the year before."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from accounts.actor import Actor
from budgets.attribution import sector_names
from budgets.enums import Activity, Payer, RemainderRule
from budgets.models import FundingShare, FundingStream, StreamYear
from common.japan.wareki import format_wareki


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a stream in words, and in the year before; "" where there is none."""

    label: str
    now: str
    before: str

    @property
    def has_changed(self) -> bool:
        return self.now != self.before


@dataclass(frozen=True, slots=True)
class StreamLine:
    stream: FundingStream
    year: StreamYear | None
    values: list[Value]

    @property
    def has_changed(self) -> bool:
        return any(value.has_changed for value in self.values)


def percent_words(share: Fraction) -> str:
    """「38.5%」 where that is exact, else the fraction 「1/3」."""
    tenths = share * 10_000
    if tenths.denominator != 1:
        return str(share)
    whole, rest = divmod(tenths.numerator, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"


def _words(row: StreamYear | None, shares: dict[str, Fraction]) -> dict[str, str]:
    words = {payer.label: percent_words(shares[payer]) if payer in shares else "" for payer in Payer}
    if row is None:
        return words
    ages = (f"{row.age_from}歳以上" if row.age_from is not None else "") + (
        f"{row.age_below}歳未満" if row.age_below is not None else ""
    )
    return words | {
        "基準額": "" if row.standard_yen is None else f"{row.standard_yen:,}円", "年齢": ages,
        "分野": sector_names(row.sectors),
        "活動": "・".join(Activity(activity).label for activity in row.activities),
        "専従": "求める" if row.must_be_dedicated else "",
        "端数": RemainderRule(row.remainder_rule).label if row.remainder_rule else "",
        "終わり": format_wareki(row.ends_on) if row.ends_on else "",
    }  # fmt: skip


def stream_lines(actor: Actor, year: int) -> list[StreamLine]:
    """Every stream in its printed order. Three queries."""
    years = {
        (row.stream_id, row.fiscal_year): row
        for row in StreamYear.objects.visible_to(actor).filter(fiscal_year__in=(year, year - 1)).select_related("changed_by")
    }  # fmt: skip
    shares: dict[tuple[int, int], dict[str, Fraction]] = {}
    for share in FundingShare.objects.filter(fiscal_year__in=(year, year - 1)):
        own = shares.setdefault((share.stream_id, share.fiscal_year), {})
        own[share.payer] = Fraction(share.numerator, share.denominator)
    lines = []
    for stream in FundingStream.objects.visible_to(actor).order_by("position", "code"):
        now, before = (
            _words(years.get((stream.pk, y)), shares.get((stream.pk, y), {})) for y in (year, year - 1)
        )
        values = [Value(label, now.get(label, ""), before.get(label, "")) for label in {**now, **before}]
        shown = [value for value in values if value.now or value.before]
        lines.append(StreamLine(stream, years.get((stream.pk, year)), shown))
    return lines
