"""The cells of one worker's row, built at once: a month has thousands, and a template node each would be slow."""

from __future__ import annotations

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from budgets.enums import Method
from budgets.selectors_apportionment import Cell, WorkerLine

register = template.Library()

UNITS = {Method.ACTUAL_MINUTES: "分", Method.TIME_STUDY: "（調査）", Method.DEDICATED: "分の記録"}


def basis(cell: Cell) -> str:
    """「5430/8940分」 of the own minutes, 「6120/68800（調査）」 of a study, the recorded minutes of who is 専従."""
    if cell.method == Method.DEDICATED:
        return f"{cell.minutes:d}{UNITS[Method.DEDICATED]}"
    return f"{cell.minutes:d}/{cell.direct_minutes:d}{UNITS[Method(cell.method)]}"


EMPTY = '<td class="num muted">―</td>'


@register.simple_tag
def cells(line: WorkerLine, base: str) -> SafeString:
    """``td`` for every stream: yen as a link to the entries behind it, ratio and minutes below; ― where there is none.

    Besides the address, which is escaped, only numbers go in.
    """
    link = f"{escape(base)}{line.staff.pk:d}/"
    return SafeString(
        "".join(
            f'<td class="num{" is-changed" if cell.has_moved else ""}"><a href="{link}{cell.stream_id:d}/">{cell.yen:,d}円</a>'
            f'<span class="table__sub">{cell.percent}　{basis(cell)}</span></td>'
            if cell
            else EMPTY
            for cell in line.cells
        )
    )


@register.simple_tag
def signed(yen: int) -> str:
    """「+1,234円」「−1,234円」「±0円」: yen that move from one stream to another."""
    return f"{'+' if yen > 0 else '−'}{abs(yen):,}円" if yen else "±0円"
