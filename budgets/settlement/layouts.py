"""Files for other systems: one line per actual, worker's part or journal entry, in columns saved by name.

A municipality's finance system imports what its vendor laid down. So the columns are data: each has a heading and
either a field of the line or a fixed text (a code of the ledger).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from accounts.actor import Actor
from budgets.enums import Account, Payer
from budgets.models import ApportionmentRow, ExportLayout, FundingStream
from budgets.readers import shown_name
from budgets.settlement.actuals import month_actuals, standing_runs
from budgets.settlement.inputs import streams
from budgets.settlement.selectors import year_table
from budgets.workflow_claims import LayoutKind
from common.japan.fiscal import fiscal_year_label, fiscal_year_last, month_last
from common.japan.wareki import format_wareki
from common.tabular import Encoding, write_csv

_COMMON: Final = {
    "fiscal_year": "年度（西暦）",
    "fiscal_year_label": "年度（和暦）",
    "stream_code": "財源コード",
    "stream": "財源",
    "account": "会計",
    "yen": "金額",
}
_MONTH: Final = {
    "month": "月（2026-04）",
    "month_last": "月の末日（2026-04-30）",
    "month_last_wareki": "月の末日（和暦）",
}
FIELDS: Final[dict[LayoutKind, dict[str, str]]] = {
    LayoutKind.ACTUALS: {**_COMMON, **_MONTH, "minutes": "直接の分"},
    LayoutKind.WORKERS: {
        **_COMMON, **_MONTH, "staff_number": "職員番号", "staff": "職員", "agency_code": "機関コード", "agency": "機関",
        "minutes": "直接の分（分子）", "direct_minutes": "直接の分の合計（分母）",
    },
    LayoutKind.JOURNAL: {
        **_COMMON, "date": "日付", "date_wareki": "日付（和暦）", "number": "伝票番号", "debit": "借方科目", "credit": "貸方科目",
        "text": "摘要",
    },
}  # fmt: skip
LABOUR: Final = "人件費"


def columns_of(layout: ExportLayout) -> list[Mapping[str, str]]:
    return list(layout.columns)


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry (仕訳): the same yen on both sides."""

    on: date
    number: str
    debit: str
    credit: str
    yen: int
    text: str
    stream: FundingStream


def journal(actor: Actor, year: int) -> list[Entry]:
    """The locked months' personnel cost by stream, and at the year's end what each payer of a claim bears.

    By month and stream: 借方 the stream's cost, 貸方 人件費. By filed claim: 借方 what is to come in (国・都道府県・第2号),
    貸方 the revenue of the stream. Both sides of every entry are equal, so the journal balances by itself.
    """
    known = {s.pk: s for s in streams(actor)}
    entries = []
    for n, a in enumerate(month_actuals(actor, year), start=1):
        stream, last = known[a.stream_id], month_last(a.month)
        entries.append(
            Entry(
                last,
                f"A{year}{n:04d}",
                f"{stream.name}　事業費",
                LABOUR,
                a.yen,
                f"{a.month.month}月分 人件費の按分",
                stream,
            )
        )
    n = 0
    for line in year_table(actor, year).lines:
        if line.claim is None or line.claim.is_draft or line.table is None:
            continue
        for payer in (Payer.STATE, Payer.PREFECTURE, Payer.PREMIUM_2):
            if yen := line.table.parts[payer]:
                n += 1
                entries.append(
                    Entry(fiscal_year_last(year), f"S{year}{n:04d}", f"未収金　{payer.label}", f"{line.stream.name}　収入", yen,
                          f"精算 第{line.claim.revision}回 所要額", line.stream)
                )  # fmt: skip
    return entries


def _common(year: int, stream: FundingStream, yen: int) -> dict[str, Any]:
    return {
        "fiscal_year": year, "fiscal_year_label": fiscal_year_label(year), "stream_code": stream.code, "stream": stream.name,
        "account": Account(stream.account).label, "yen": yen,
    }  # fmt: skip


def _month(month: date) -> dict[str, Any]:
    last = month_last(month)
    return {
        "month": f"{month:%Y-%m}",
        "month_last": last.isoformat(),
        "month_last_wareki": format_wareki(last),
    }


def lines(actor: Actor, kind: LayoutKind, year: int) -> Iterator[dict[str, Any]]:
    """The lines of a file, each with every field of its kind."""
    if kind == LayoutKind.JOURNAL:
        for e in journal(actor, year):
            yield _common(year, e.stream, e.yen) | {
                "date": e.on.isoformat(), "date_wareki": format_wareki(e.on), "number": e.number, "debit": e.debit,
                "credit": e.credit, "text": e.text,
            }  # fmt: skip
    elif kind == LayoutKind.ACTUALS:
        known = {s.pk: s for s in streams(actor)}
        for a in month_actuals(actor, year):
            yield _common(year, known[a.stream_id], a.yen) | _month(a.month) | {"minutes": a.minutes}
    else:
        yield from _workers(actor, year)


def _workers(actor: Actor, year: int) -> Iterator[dict[str, Any]]:
    rows = (
        ApportionmentRow.objects.visible_to(actor)
        .filter(run__in=[r.pk for r in standing_runs(actor, year)])
        .select_related("staff", "agency", "stream", "run__month")
        .order_by("run__month__month", "agency__code", "staff_id", "stream__position")
    )
    for r in rows.iterator(chunk_size=2000):
        yield _common(year, r.stream, r.yen) | _month(r.run.month.month) | {
            "staff_number": r.staff.username, "staff": shown_name(actor, r.staff), "agency_code": r.agency.code,
            "agency": r.agency.name, "minutes": r.minutes, "direct_minutes": r.direct_minutes,
        }  # fmt: skip


def rows(columns: Sequence[Mapping[str, str]], found: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """The cells of each line in the order of the columns."""
    for line in found:
        yield [line[c["field"]] if c.get("field") else c.get("fixed", "") for c in columns]


def to_csv(actor: Actor, layout: ExportLayout, year: int) -> bytes:
    """The file as the layout says: columns, heading, encoding."""
    columns = columns_of(layout)
    table: list[Sequence[Any]] = [[c["label"] for c in columns]] if layout.has_header else []
    table += rows(columns, lines(actor, LayoutKind(layout.kind), year))
    encoding: Encoding = "cp932" if layout.encoding == "cp932" else "utf-8-sig"
    return write_csv(table, encoding)


def default_columns(kind: LayoutKind) -> list[dict[str, str]]:
    """Every field under its own name: where a new layout begins."""
    return [
        {"label": label.split("（")[0], "field": name, "fixed": ""} for name, label in FIELDS[kind].items()
    ]
