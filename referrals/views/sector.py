"""The director's sector: the numbers of both pages that show it, and the tab of つなぎ with its lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from accounts.http import ActorRequest
from cases.selectors.coordination import load_directory
from common.keyset import Sort, paginate
from referrals.selectors import LIST_LIMIT, multi_sector_cases, silent_cases, with_team
from referrals.selectors_director import COUNT_LIMIT, Standing, risen_rows, standing

SILENT_DAYS: Final = 30  # 最後の対応からこの日数を過ぎたケースは気がかり
CASE_SORTS: Final = {
    "opened": Sort("受理", ["opened_at"]),
    "contact": Sort("最後の対応", ["last_contact_at"], nulls_last=True),
}


def sector_stats(found: Standing) -> list[dict[str, Any]]:
    """Numbers that open lists."""
    url, escalated, put = reverse("referrals:list"), len(found.escalated), len(found.put)
    figures = [
        ("返事待ち", found.waiting, f"{url}?tab=history&state=sent", ""),
        ("期限を過ぎて上がった", escalated, f"{url}?tab=sector#escalated", "error" if escalated else ""),
        ("会議を待つ", put, f"{url}?tab=sector#put", "warn" if put else ""),
        ("複数分野のケース", found.multi, f"{url}?tab=sector#multi", ""),
        (f"{SILENT_DAYS}日以上記録なし", found.silent, f"{url}?tab=sector&show=silent#multi", "warn" if found.silent else ""),
    ]  # fmt: skip
    return [
        {"label": label, "value": min(value, COUNT_LIMIT), "url": to, "kind": kind,
         "note": "以上" if value > COUNT_LIMIT else ""}
        for label, value, to, kind in figures
    ]  # fmt: skip


def sector_tab(request: ActorRequest) -> dict[str, Any]:
    """What rose and what waits for a conference, each from its oldest deadline, and the cases of one of two lists."""
    actor, at = request.actor, timezone.now()
    silent_before = at - timedelta(days=SILENT_DAYS)
    found = standing(actor, silent_before)
    escalated, put = risen_rows(found, actor, load_directory(), at, first=LIST_LIMIT)
    show = "silent" if request.GET.get("show") == "silent" else "multi"
    cases = silent_cases(actor, silent_before) if show == "silent" else multi_sector_cases(actor)
    title = f"{SILENT_DAYS}日以上記録のないケース" if show == "silent" else "複数の分野にまたがるケース"
    page = paginate(
        with_team(cases), request_get=request.GET, sorts=CASE_SORTS, default="-opened", page_size=LIST_LIMIT
    )
    return {
        "stats": sector_stats(found), "escalated": escalated, "put_to_conference": put, "first": LIST_LIMIT,
        "more_escalated": len(found.escalated) > LIST_LIMIT, "more_put": len(found.put) > LIST_LIMIT,
        "show": show, "cases_title": title, "page": page, "silent_before": silent_before,
    }  # fmt: skip
