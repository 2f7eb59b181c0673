"""The cells of one worker's row, built at once: a month has thousands, and a template node each would be slow."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from budgets.selectors_apportionment import WorkerLine

register = template.Library()


@register.simple_tag
def cells(line: WorkerLine, base: str) -> SafeString:
    """``td`` for every stream: yen as a link to the entries behind it, ratio and minutes below; ― where there is none."""
    return format_html_join(
        "",
        "{}",
        (
            (
                format_html(
                    '<td class="num{}"><a href="{}{}/{}/">{}</a><span class="table__sub">{}</span></td>',
                    " is-changed" if cell.has_moved else "", base, line.staff.pk, cell.stream_id, cell.words, cell.detail,
                )
                if cell
                else format_html('<td class="num muted">{}</td>', "―"),
            )
            for cell in line.cells
        ),
    )  # fmt: skip
