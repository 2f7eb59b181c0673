"""Which versions of the rules a computation rests on: kept with every run."""

from __future__ import annotations

from datetime import date
from typing import Any

from budgets.models import AttributionTable, MethodChoice, StreamYear, TimeStudy
from common.japan.fiscal import fiscal_year, month_last


def rule_versions(month: date) -> dict[str, Any]:
    """区分の表 in force at some day of the month, the year of each stream, choices of method and studies. Four queries."""
    last = month_last(month)
    tables = AttributionTable.objects.on(last).values_list("fiscal_year", "version", "valid_from")
    decided = []
    for year, version, valid_from in tables:
        decided.append({"fiscal_year": year, "version": version, "valid_from": valid_from.isoformat()})
        if valid_from <= month:
            break
    streams = StreamYear.objects.filter(fiscal_year=fiscal_year(month)).order_by(
        "stream__position", "stream__code"
    )
    choices = MethodChoice.objects.on(month).values_list("pk", "agency__code", "method", "valid_from")
    studies = TimeStudy.objects.approved_for(month).order_by("pk").values_list("pk", "input_hash")
    return {
        "attribution": decided or "出荷時の表",
        "streams": dict(streams.values_list("stream__code", "version")),
        "methods": [
            {"choice": pk, "agency": agency or "", "method": method, "valid_from": since.isoformat()}
            for pk, agency, method, since in choices
        ],
        "studies": {str(pk): digest for pk, digest in studies},
    }


def printed(versions: dict[str, Any]) -> str:
    """One line for the sheet: 「区分の表 2026年度第2版・財源の年度 care:1 …・方式の登録 3・調査 5」."""
    if not versions:
        return "（記録のない計算）"
    table = versions["attribution"]
    words = (
        table
        if isinstance(table, str)
        else "、".join(f"{t['fiscal_year']}年度第{t['version']}版" for t in table)
    )
    parts = [f"区分の表 {words}"]
    if versions["streams"]:
        parts.append("財源の年度 " + " ".join(f"{code}:{n}" for code, n in versions["streams"].items()))
    if versions["methods"]:
        parts.append("方式の登録 " + " ".join(str(m["choice"]) for m in versions["methods"]))
    if versions["studies"]:
        parts.append("調査 " + " ".join(versions["studies"]))
    return "・".join(parts)
