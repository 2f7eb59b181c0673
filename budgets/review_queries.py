"""What an auditor would ask about a worker's month, found by the database: each check is one statement over a month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from budgets import review_entries
from budgets.enums import FindingKind
from budgets.review_entries import Found, given, hours, rows
from common.japan.fiscal import add_months
from common.japan.wareki import format_wareki_month

JUMP_POINTS: Final = 20  # against the same month of last year
JUMP_DAYS: Final = 10  # a month that still runs is compared from so many recorded days on
UNNAMED_MINUTES: Final = 600  # hours that nobody stands behind are asked about from ten on
COPIED_ENTRIES, COPIED_MINUTES, COPIED_TENTHS = 40, 1200, 9


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that a worker's month has raised before, as far as it decides whether anything changes."""

    key: str
    text: str
    is_answered: bool
    is_mended: bool


def _given(month: date, of: int | None) -> dict[str, Any]:
    return given(month, of) | {
        "before": add_months(month, -12), "least": UNNAMED_MINUTES, "points": JUMP_POINTS, "days": JUMP_DAYS,
        "entries": COPIED_ENTRIES, "minutes": COPIED_MINUTES, "tenths": COPIED_TENTHS,
    }  # fmt: skip


def _one(column: str, of_one: bool) -> str:
    """The condition that keeps a check of a month to one worker."""
    return f"AND {column} = %(of)s" if of_one else ""


def _nobody_sql(of_one: bool) -> str:
    return f"""
        SELECT e.staff_id, min(e.agency_id), s.id, s.short_name, sum(e.minutes),
               sum(e.minutes) FILTER (WHERE e.case_number = '' AND e.source_type = 'manual')
          FROM budgets_workentry e
          JOIN budgets_workcategory c ON c.id = e.category_id AND c.kind = 'direct'
          JOIN budgets_fundingstream s ON s.id = c.stream_id
          JOIN budgets_streamyear y ON y.stream_id = s.id AND y.fiscal_year = %(year)s
                                   AND (y.age_from IS NOT NULL OR y.age_below IS NOT NULL)
         WHERE e.worked_on >= %(month)s AND e.worked_on < %(until)s {_one("e.staff_id", of_one)}
         GROUP BY e.staff_id, s.id, s.short_name
        HAVING sum(e.minutes) FILTER (WHERE e.case_number = '' AND e.source_type = 'manual') >= %(least)s
           AND 2 * sum(e.minutes) FILTER (WHERE e.case_number = '' AND e.source_type = 'manual') >= sum(e.minutes)
         ORDER BY e.staff_id, s.id"""  # noqa: S608


def _nobody(
    month: date, staff: int, agency: int, stream_id: int, stream: str, total: int, unnamed: int
) -> Found:
    """Most minutes of a worker on a stream for certain people, with no person behind them."""
    return Found(
        f"nobody:{month:%Y%m}:{staff}:{stream_id}", FindingKind.NO_PERSON, staff, agency,
        f"財源「{stream}」の{hours(total)}のうち{hours(unnamed)}に、対象となる人の記録がありません"
        f"（{format_wareki_month(month)}）。",
    )  # fmt: skip


def _not_dedicated_sql(of_one: bool) -> str:
    return f"""
        SELECT e.staff_id, min(e.agency_id), s.id, s.short_name, sum(e.minutes), count(DISTINCT e.worked_on)
          FROM budgets_workentry e
          JOIN budgets_workcategory c ON c.id = e.category_id AND c.kind = 'direct'
          JOIN budgets_fundingstream s ON s.id = c.stream_id
          JOIN budgets_streamyear y ON y.stream_id = s.id AND y.fiscal_year = %(year)s AND y.must_be_dedicated
         WHERE e.worked_on >= %(month)s AND e.worked_on < %(until)s {_one("e.staff_id", of_one)}
           AND NOT EXISTS (SELECT 1 FROM budgets_dutyassignment a WHERE a.staff_id = e.staff_id
                              AND a.during @> e.worked_on AND a.stream_id = s.id)
         GROUP BY e.staff_id, s.id, s.short_name ORDER BY e.staff_id, s.id"""  # noqa: S608


def _not_dedicated(
    month: date, staff: int, agency: int, pk: int, stream: str, minutes: int, days: int
) -> Found:
    """Minutes on a stream that asks for dedicated staff, of a worker who is not 専従 for it on that day."""
    return Found(
        f"not_dedicated:{month:%Y%m}:{staff}:{pk}", FindingKind.NOT_DEDICATED, staff, agency,
        f"財源「{stream}」は専従の職員を求めますが、専従の割当のない日に{hours(minutes)}（{days}日）あります"
        f"（{format_wareki_month(month)}）。",
    )  # fmt: skip


def _jumps_sql(of_one: bool) -> str:
    return f"""
        WITH now AS (SELECT e.staff_id, min(e.agency_id) AS agency_id, c.stream_id, sum(e.minutes) AS n
                       FROM budgets_workentry e
                       JOIN budgets_workcategory c ON c.id = e.category_id AND c.kind = 'direct'
                      WHERE e.worked_on >= %(month)s AND e.worked_on < %(until)s {_one("e.staff_id", of_one)}
                      GROUP BY e.staff_id, c.stream_id),
             whole AS (SELECT staff_id, min(agency_id) AS agency_id, sum(n) AS n FROM now GROUP BY staff_id),
             was AS (SELECT r.staff_id, r.stream_id, r.minutes, r.direct_minutes FROM budgets_apportionmentrow r
                       JOIN budgets_apportionmentrun u ON u.id = r.run_id AND u.is_final
                       JOIN budgets_workmonth m ON m.id = u.month_id
                      WHERE m.month = %(before)s AND r.direct_minutes > 0 {_one("r.staff_id", of_one)})
        SELECT w.staff_id, w.agency_id, s.id, s.short_name, COALESCE(now.n, 0), w.n,
               COALESCE(was.minutes, 0), d.direct_minutes
          FROM whole w
          JOIN (SELECT DISTINCT staff_id, direct_minutes FROM was) d ON d.staff_id = w.staff_id
          JOIN budgets_fundingstream s ON true
          LEFT JOIN now ON now.staff_id = w.staff_id AND now.stream_id = s.id
          LEFT JOIN was ON was.staff_id = w.staff_id AND was.stream_id = s.id
         WHERE 100 * abs(COALESCE(now.n, 0) * d.direct_minutes - COALESCE(was.minutes, 0) * w.n)
               >= %(points)s * w.n * d.direct_minutes
           AND (%(is_over)s OR (SELECT count(DISTINCT e.worked_on) FROM budgets_workentry e
                        WHERE e.staff_id = w.staff_id AND e.worked_on >= %(month)s AND e.worked_on < %(until)s) >= %(days)s)
         ORDER BY w.staff_id, s.id"""  # noqa: S608


def _jump(
    month: date, staff: int, agency: int, pk: int, stream: str, n: int, whole: int, was: int, was_whole: int
) -> Found:
    """A ratio that moved by twenty points or more against the same month of last year; before the month is over, from
    ten recorded days on: a first day says nothing."""
    before = add_months(month, -12)
    return Found(
        f"jump:{month:%Y%m}:{staff}:{pk}", FindingKind.JUMP, staff, agency,
        f"財源「{stream}」の割合が、{format_wareki_month(before)}の{100 * was // was_whole}%から"
        f"{100 * n // whole}%に動いています。",
    )  # fmt: skip


def _copied_sql(of_one: bool) -> str:
    return f"""
        SELECT e.staff_id, min(e.agency_id), count(*), count(p.id)
          FROM budgets_workentry e
          LEFT JOIN budgets_workentry p
            ON p.staff_id = e.staff_id AND p.worked_on = e.worked_on - 7 AND p.source_type = 'manual'
           AND p.category_id = e.category_id AND p.minutes = e.minutes
           AND lower(p.during) = lower(e.during) - interval '7 days'
         WHERE e.worked_on >= %(month)s AND e.worked_on < %(until)s AND e.source_type = 'manual' {_one("e.staff_id", of_one)}
         GROUP BY e.staff_id
        HAVING count(*) >= %(entries)s AND sum(e.minutes) >= %(minutes)s AND 10 * count(p.id) >= %(tenths)s * count(*)
         ORDER BY e.staff_id"""  # noqa: S608


def _copied(month: date, staff: int, agency: int, entries: int, same: int) -> Found:
    """A month of a worker that looks written off from one week: same weekday, hour, length and work."""
    return Found(
        f"copied:{month:%Y%m}:{staff}", FindingKind.COPIED, staff, agency,
        f"{format_wareki_month(month)}の手入力{entries}件のうち{same}件が、前の週と曜日・時刻・長さ・業務まで同じです。",
    )  # fmt: skip


def _double_sql(of_one: bool) -> str:
    return f"""
        SELECT k.staff_id, k.agency_id, o.id, o.name, k.yen FROM budgets_costpool o
          JOIN budgets_personnelcost k ON k.staff_id = ANY(o.worker_ids) AND k.month = %(month)s AND k.yen > 0
         WHERE %(month)s BETWEEN o.month_from AND o.month_to {_one("k.staff_id", of_one)} ORDER BY k.staff_id, o.id"""  # noqa: S608


def _double(month: date, staff: int, agency: int, pool_id: int, pool: str, yen: int) -> Found:
    """A personnel cost that is in a pool and is apportioned as well."""
    return Found(
        f"double:{month:%Y%m}:{staff}:{pool_id}", FindingKind.DOUBLE, staff, agency,
        f"人件費{yen:,}円は共通経費「{pool}」の総費用に含まれています。按分すると二重に財源がつきます"
        f"（{format_wareki_month(month)}）。",
    )  # fmt: skip


def _studies_sql(of_one: bool) -> str:
    return f"""
        SELECT m.staff_id, min(m.agency_id), string_agg(t.name, '」と「' ORDER BY t.id) FROM budgets_timestudy t
          JOIN budgets_studymember m ON m.study_id = t.id
         WHERE t.state = 'approved' AND %(month)s BETWEEN t.covers_from AND t.covers_to {_one("m.staff_id", of_one)}
         GROUP BY m.staff_id HAVING count(*) > 1 ORDER BY m.staff_id"""  # noqa: S608


def _studies(month: date, staff: int, agency: int, names: str) -> Found:
    """A month that two studies cover."""
    return Found(
        f"studies:{month:%Y%m}:{staff}", FindingKind.DOUBLE, staff, agency,
        f"承認されたタイムスタディ「{names}」が同じ月（{format_wareki_month(month)}）を対象にしています。",
    )  # fmt: skip


# the statement of a check, how many columns it has, and what a row of it says
_WHOLE: Final[tuple[tuple[Callable[[bool], str], int, Callable[..., Found]], ...]] = (
    (_nobody_sql, 6, _nobody), (_not_dedicated_sql, 6, _not_dedicated), (_jumps_sql, 8, _jump), (_copied_sql, 4, _copied),
    (_double_sql, 5, _double), (_studies_sql, 3, _studies),
)  # fmt: skip


def _of_worker_sql() -> str:
    """Every check of one worker's month, and what it has raised before (number -1), as rows of (number, columns)."""
    parts = [
        """SELECT -1, json_build_array(f.key, f.text, f.answered_at IS NOT NULL, f.mended_at IS NOT NULL)
              FROM budgets_compliancefinding f
             WHERE f.month = %(month)s AND f.staff_id = %(of)s AND f.entry_id IS NULL"""
    ]
    for number, (sql, count, _) in enumerate(_WHOLE):
        names = ", ".join(f"c{n}" for n in range(count))
        parts.append(f"SELECT {number}, json_build_array({names}) FROM ({sql(True)}) x({names})")  # noqa: S608
    return " UNION ALL ".join(parts)


_OF_WORKER: Final = _of_worker_sql()


def of_worker(month: date, staff_id: int, *, is_over: bool) -> tuple[list[Found], list[Known]]:
    """What the month of one worker raises as a whole, and what of it was known. One statement over that worker's rows."""
    found, known = [], []
    for number, columns in rows(_OF_WORKER, _given(month, staff_id) | {"is_over": is_over}):
        if number < 0:
            known.append(Known(*columns))
        else:
            found.append(_WHOLE[number][2](month, *columns))
    return found, known


def of_month(month: date, *, is_over: bool = True) -> list[Found]:
    """Everything that a month raises. Eight statements, whatever its size."""
    asked = _given(month, None) | {"is_over": is_over}
    whole = [tell(month, *row) for sql, _, tell in _WHOLE for row in rows(sql(False), asked)]
    return [*review_entries.of_entries(month), *whole]
