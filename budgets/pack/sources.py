"""What goes into a pack, read from the database: entries by COPY, everything else as rows. Staff and cases by pseudonym.

A pseudonym is a hash with a salt that is thrown away when the pack is made: within one pack it is always the same,
between two packs nothing matches. Rights are asked before (whoever reads money reads all minutes, never case text).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from accounts.actor import Actor
from budgets.models import (
    ApportionmentRow,
    ApportionmentRun,
    AttributionTable,
    FundingStream,
    GrantClaim,
    MonthApproval,
)
from budgets.readers import sealed
from budgets.settlement.actuals import standing_runs
from budgets.settlement.selectors import YearTable, year_table
from budgets.settlement.trail import adjustments_of
from common.japan.fiscal import add_months, fiscal_year_last
from common.tabular import guard

ENTRY_HEAD: Final = (
    "month", "day", "staff", "kind", "stream", "category", "minutes", "source", "case", "reason",
)  # fmt: skip
_ENTRIES: Final = """
COPY (
    WITH who AS (SELECT s.id, 'S' || substr(encode(sha256(convert_to(%(salt)s || ':s:' || s.id, 'UTF8')), 'hex'), 1, 12)
                   AS name FROM accounts_staff s)
    SELECT to_char(e.worked_on, 'YYYY-MM-01'), e.worked_on, w.name, c.kind, coalesce(f.code, ''), c.code, e.minutes,
           e.source_type,
           CASE WHEN e.case_number = '' THEN ''
                ELSE 'K' || substr(encode(sha256(convert_to(%(salt)s || ':k:' || e.case_number, 'UTF8')), 'hex'), 1, 12) END,
           CASE WHEN e.derived_category_id IS NOT NULL THEN '職員が直した区分（表では '
                     || (SELECT d.code FROM budgets_workcategory d WHERE d.id = e.derived_category_id) || '：' || e.reason || '）'
                WHEN e.reason ~ '^''*[=+\\-@＝＋－＠\t\r]' THEN '''' || e.reason ELSE e.reason END
      FROM budgets_workentry e JOIN who w ON w.id = e.staff_id JOIN budgets_workcategory c ON c.id = e.category_id
      LEFT JOIN budgets_fundingstream f ON f.id = c.stream_id
     WHERE e.worked_on >= %(first)s AND e.worked_on <= %(last)s {order}
) TO STDOUT WITH (FORMAT csv)"""


@dataclass(frozen=True, slots=True)
class Names:
    """Pseudonyms of one pack."""

    salt: str

    def staff(self, pk: int) -> str:
        return "S" + self._hash(f"s:{pk}")

    def agency(self, pk: int) -> str:
        return "A" + self._hash(f"a:{pk}")

    def _hash(self, text: str) -> str:
        return hashlib.sha256(f"{self.salt}:{text}".encode()).hexdigest()[:12]


SPAN: Final = (
    20_000  # entries that are copied at once: a fraction of a second, so that whoever cancels is heard
)
Span = tuple[date, date]


def spans_of(month: date) -> list[Span]:
    """The month in stretches of about ``SPAN`` entries, each a day at least. One query."""
    days = [month + timedelta(days=n) for n in range((add_months(month, 1) - month).days)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM budgets_workentry WHERE worked_on >= %s AND worked_on <= %s",
            [days[0], days[-1]],
        )
        step = max(len(days) * SPAN // max(cursor.fetchone()[0], 1), 1)
    return [(days[n], days[min(n + step, len(days)) - 1]) for n in range(0, len(days), step)]


def span_of_entries(cursor: CursorWrapper, names: Names, span: Span) -> Iterator[bytes]:
    """The entries of a stretch of days as CSV from the database's own COPY, by day, without heads."""
    query = _ENTRIES.replace("{order}", "ORDER BY e.worked_on" if span[0] != span[1] else "")
    with cursor.copy(query, {"salt": names.salt, "first": span[0], "last": span[1]}) as copy:
        yield from _gathered(copy)


def copy_entries(
    names: Names, months: Sequence[date], write: Callable[[bytes], Any], tick: Callable[[int], None]
) -> None:
    """All entries of the months as CSV, a stretch of days at a time; ``tick`` after each (the database is free then)."""
    write((",".join(ENTRY_HEAD) + "\n").encode())
    for n, month in enumerate(months):
        for span in spans_of(month):
            with connection.cursor() as cursor:
                for block in span_of_entries(cursor, names, span):
                    write(block)
            tick(n)


def _gathered(copy: Iterable[Any], size: int = 1 << 18) -> Iterator[bytes]:
    """COPY sends a row at a time: blocks of ``size`` cost less to write."""
    parts, length = [], 0
    for row in copy:
        parts.append(bytes(row))
        length += len(row)
        if length >= size:
            yield b"".join(parts)
            parts, length = [], 0
    yield b"".join(parts)


@dataclass(frozen=True, slots=True)
class Year:
    """Everything but the entries."""

    year: int
    runs: list[ApportionmentRun]
    table: YearTable
    names: Names
    codes: dict[int, str]

    @property
    def months(self) -> list[date]:
        return [run.month.month for run in self.runs]


def read_year(actor: Actor, year: int, names: Names) -> Year:
    codes = {s.pk: s.code for s in FundingStream.objects.visible_to(actor)}
    runs = standing_runs(actor, year, with_inputs=True)
    return Year(year, runs, year_table(actor, year), names, codes)


MONTH_HEAD: Final = (
    "month", "method", "version", "rule", "total_yen", "entries", "direct_minutes", "shared_minutes", "leave_minutes",
    "input_hash", "ran_at",
)  # fmt: skip


Sums = dict[tuple[int, str, int | None], tuple[int, int]]  # staff, kind, stream → entries, minutes


def entry_sums(year: Year, tick: Callable[[], None]) -> dict[date, Sums]:
    """What the entries of each month add up to, a month at a time (``tick`` after each)."""
    found: dict[date, Sums] = {}
    for month in year.months:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.staff_id, c.kind, c.stream_id, count(*), sum(e.minutes) FROM budgets_workentry e"
                " JOIN budgets_workcategory c ON c.id = e.category_id WHERE e.worked_on >= %s AND e.worked_on < %s"
                " GROUP BY 1, 2, 3",
                [month, add_months(month, 1)],
            )
            found[month] = {
                (s, kind, stream): (n, minutes) for s, kind, stream, n, minutes in cursor.fetchall()
            }
        tick()
    return found


def month_rows(year: Year, sums: Mapping[date, Sums]) -> list[list[Any]]:
    """A month with its method and its sums, against which the entries are checked."""
    rows = []
    for run in year.runs:
        own = sums[run.month.month]
        minutes = [
            sum(m for (_, kind, _), (_, m) in own.items() if kind == k) for k in ("direct", "shared", "leave")
        ]
        rows.append(
            [run.month.month, run.method, run.code_version, run.remainder_rule, run.total_yen, sum(n for n, _ in own.values()),
             *minutes, run.input_hash, timezone.localtime(run.ran_at).isoformat(timespec="seconds")]
        )  # fmt: skip
    return rows


STREAM_HEAD: Final = ("month", "stream", "position", "is_general", "rule")
COST_HEAD: Final = ("month", "staff", "agency", "yen")
RESULT_HEAD: Final = (
    "month",
    "staff",
    "agency",
    "stream",
    "minutes",
    "direct_minutes",
    "shared_minutes",
    "yen",
    "method",
)
ADJUSTMENT_HEAD: Final = ("month", "dated_on", "staff", "kind", "stream", "minutes", "yen", "reason")


def stream_rows(year: Year) -> list[list[Any]]:
    return [
        [run.month.month, s["code"], s["position"], int(s["is_general"]), s.get("rule", "")]
        for run in year.runs
        for s in run.inputs["streams"]
    ]


def cost_rows(year: Year) -> list[list[Any]]:
    name = year.names
    return [
        [run.month.month, name.staff(c["staff_id"]), name.agency(c["agency_id"]), c["yen"]]
        for run in year.runs
        for c in run.inputs["costs"]
    ]


PLAN_HEAD: Final = ("month", "staff", "method", "stream", "study")
STUDY_HEAD: Final = ("month", "study", "stream", "weight")


def study_name(pk: int) -> str:
    """The number of a study names nobody."""
    return f"T{pk}"


def plan_rows(year: Year) -> list[list[Any]]:
    """Whose cost did not go by the own minutes: to the one stream of who is dedicated, or by the weights of a study."""
    return [
        [run.month.month, year.names.staff(p["staff_id"]), p["method"],
         "" if p["stream_id"] is None else year.codes[p["stream_id"]],
         "" if p["study_id"] is None else study_name(p["study_id"])]
        for run in year.runs
        for p in run.inputs.get("plans", ())
    ]  # fmt: skip


def study_rows(year: Year) -> list[list[Any]]:
    """The frozen weights of each study that a month's plans go by; a stream without weight has no row."""
    return [
        [run.month.month, study_name(s["study_id"]), year.codes[stream], weight]
        for run in year.runs
        for s in run.inputs.get("studies", ())
        for stream, weight in s["weights"]
        if weight
    ]


def adjustment_rows(year: Year, sums: Mapping[date, Sums]) -> list[list[Any]]:
    """Minutes that the run of a locked month counts beyond its entries (or not): what was adjusted after the lock.

    The entries of a locked month never change, so whatever its frozen inputs say otherwise was added later. Cost that
    was adjusted stands in the run's own costs already, so there are no yen here.
    """
    rows: list[list[Any]] = []
    for run in year.runs:
        month, left = run.month.month, {key: m for key, (_, m) in sums[run.month.month].items()}
        for m in run.inputs["minutes"]:
            key = (m["staff_id"], m["kind"], m["stream_id"])
            left[key] = left.get(key, 0) - m["minutes"]
        on = timezone.localtime(run.ran_at).date()
        rows += [
            [
                month,
                on,
                year.names.staff(staff),
                kind,
                year.codes.get(stream, "") if stream else "",
                -minutes,
                0,
                "締め後の調整",
            ]
            for (staff, kind, stream), minutes in left.items()
            if minutes
        ]
    return rows


def result_rows(year: Year) -> Iterable[list[Any]]:
    """The stored rows of the locking runs, a month and worker at a time."""
    name = year.names
    rows = (
        ApportionmentRow.objects.filter(run__in=[r.pk for r in year.runs])
        .order_by("run__month__month", "staff_id", "stream__position", "stream__code")
        .values_list("run__month__month", "staff_id", "agency_id", "stream_id", "minutes", "direct_minutes",
                     "shared_minutes", "yen", "method")
    )  # fmt: skip
    for month, staff, agency, stream, *numbers in rows.iterator(chunk_size=5000):
        yield [month, name.staff(staff), name.agency(agency), year.codes[stream], *numbers]


CLAIM_HEAD: Final = (
    "stream", "revision", "state", "moved", "other", "ineligible", "income", "standard", "granted", "unit", "total", "net",
    "eligible", "selected", "required", "state_yen", "prefecture_yen", "municipality_yen", "premium_1_yen", "premium_2_yen",
    "input_hash", "problem",
)  # fmt: skip
CLAIM_MONTH_HEAD: Final = ("stream", "month", "yen")
SHARE_HEAD: Final = ("stream", "first", "payer", "numerator", "denominator")
_PARTS: Final = ("state", "prefecture", "municipality", "premium_1", "premium_2")


def claim_rows(year: Year) -> list[list[Any]]:
    rows = []
    for line in year.table.lines:
        i, t, claim = line.inputs, line.table, line.claim
        figures: list[Any] = (
            [t.total, t.net, t.eligible, t.selected, t.required, *(t.parts[p] for p in _PARTS)]
            if t
            else [""] * 10
        )
        rows.append(
            [line.stream.code, claim.revision if claim else 0, claim.state if claim else "", int(line.has_moved), i.other,
             i.ineligible, i.income, "" if i.standard is None else i.standard, "" if i.granted is None else i.granted,
             i.unit, *figures, claim.input_hash if claim else "", line.problem]
        )  # fmt: skip
    return rows


def claim_month_rows(year: Year) -> list[list[Any]]:
    return [
        [line.stream.code, month, yen]
        for line in year.table.lines
        for month, yen in sorted(line.inputs.monthly.items())
    ]


def share_rows(year: Year) -> list[list[Any]]:
    """Without any share there is one row that says so, with no payer."""
    return [
        [line.stream.code, first, payer, share.numerator, share.denominator]
        for line in year.table.lines
        for first, shares in line.inputs.changes
        for payer, share in (sorted(shares.items()) or [("", Fraction(0))])
    ]


APPROVAL_HEAD: Final = (
    "at", "what", "who", "proposed_by", "of", "hash", "reason_length", "reason_sha256",
)  # fmt: skip


def _agency_rows(actor: Actor, year: Year) -> Iterator[list[Any]]:
    """A manager's approval of an agency's month, the clerk's confirmation in its place, and what was taken back."""
    rows = MonthApproval.objects.visible_to(actor).filter(month__in=year.months)
    for a in rows.select_related("approved_by").order_by("approved_at", "pk"):
        of = f"{a.month:%Y-%m} {year.names.agency(a.agency_id)}"
        what = "承認に代わる確認" if a.instead_reason else "月の承認"
        yield [a.approved_at, what, a.approved_by.name, "", of, a.digest, a.instead_reason]
        if a.withdrawn_at is not None:
            yield [a.withdrawn_at, f"{what}の取り消し", "", "", of, a.digest, a.withdrawn_reason]


def approval_rows(actor: Actor, year: Year) -> list[list[Any]]:
    """Who approved, locked, adjusted, filed and corrected: officials by name, as they stand on the forms; no typed word."""
    rows: list[list[Any]] = list(_agency_rows(actor, year))
    finals = ApportionmentRun.objects.visible_to(actor).filter(month__month__in=year.months, is_final=True)
    for run in finals.select_related("month__locked_by", "ran_by").defer("inputs"):
        month, by = run.month, run.month.locked_by or run.ran_by
        rows.append(
            [
                month.locked_at or run.ran_at,
                "月の締め",
                by.name,
                "",
                f"{month.month:%Y-%m}",
                run.input_hash,
                "",
            ]
        )
    for row in adjustments_of(actor, year.year):
        if row.run is not None and row.decided_by is not None:
            of = f"{row.month.month:%Y-%m}"
            rows.append(
                [row.decided_at, "締め後の調整の承認", row.decided_by.name, row.proposed_by.name, of, row.run.input_hash,
                 row.reason]
            )  # fmt: skip
    claims = GrantClaim.objects.visible_to(actor).filter(fiscal_year=year.year, filed_at__isnull=False)
    for c in claims.select_related("stream", "filed_by").order_by("filed_at"):
        what = "訂正の精算の提出" if c.corrects_id else "精算の提出"
        who = c.filed_by.name if c.filed_by else ""
        rows.append(
            [
                c.filed_at,
                what,
                who,
                "",
                f"{c.stream.code} 第{c.revision}回",
                c.input_hash,
                c.correction_reason,
            ]
        )
    return [
        [timezone.localtime(at).isoformat(timespec="seconds"), *(guard(x) for x in rest), *sealed(reason)]
        for at, *rest, reason in sorted(rows, key=lambda r: r[0])
    ]


def rules(year: int) -> list[dict[str, Any]]:
    """The attribution tables that decided in the year, whole but for the words in which somebody said why they changed."""
    rows = AttributionTable.objects.filter(valid_from__lte=fiscal_year_last(year)).order_by(
        "valid_from", "version"
    )
    return [
        {"fiscal_year": r.fiscal_year, "version": r.version, "valid_from": r.valid_from.isoformat(), "lines": r.lines,
         "examples": r.examples, "note_length": sealed(r.note)[0], "note_sha256": sealed(r.note)[1]}
        for r in rows
    ]  # fmt: skip
