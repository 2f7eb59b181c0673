"""Before a stream runs dry or lapses unused: told on the clerk's home page, not only on the page of 見込み."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from budgets.models import StreamBudget
from budgets.settlement.actuals import month_actuals, standing_runs
from budgets.settlement.forecast import Alert, Forecast, forecast
from common.japan.fiscal import fiscal_months, fiscal_year, fiscal_year_last
from common.japan.wareki import format_wareki_month
from common.queue import QueueGroup, QueueRow


def alert_home_rows(actor: Actor, at: datetime) -> Sequence[QueueRow]:
    """One row for each stream of this fiscal year that the locked months warn of. Three queries, one without a budget."""
    if not actor.has(Permission.MONTH_LOCK):
        return []
    year = fiscal_year(timezone.localdate(at))
    budgets = StreamBudget.objects.visible_to(actor).filter(fiscal_year=year).select_related("stream")
    planned = list(budgets.order_by("stream__position", "stream__code"))
    runs = standing_runs(actor, year) if planned else []
    if not runs:
        return []
    yen = {(a.stream_id, a.month): a.yen for a in month_actuals(actor, year, runs=runs)}
    rows = []
    for budget in planned:
        actual = {run.month.month: yen.get((budget.stream_id, run.month.month), 0) for run in runs}
        found = forecast(fiscal_months(year), budget.months, actual)
        if found.alert is not None:
            rows.append(_row(budget, found))
    return rows


def _row(budget: StreamBudget, found: Forecast) -> QueueRow:
    year, code = budget.fiscal_year, budget.stream.code
    if found.alert == Alert.DRY and found.runs_dry is not None:
        words, due_on = "不足の見込み", found.runs_dry
        detail = f"{format_wareki_month(found.runs_dry)}に予算を超えます"
    else:
        words, due_on = "使い残しの見込み", fiscal_year_last(year)
        detail = f"年度末に{found.left:,}円残ります"
    return QueueRow(
        group=QueueGroup.MONTH, kind="見込み", title=f"{budget.stream.short_name}　{words}", detail=detail, due_on=due_on,
        url=reverse("claims:stream", args=[year, code]),
    )  # fmt: skip
