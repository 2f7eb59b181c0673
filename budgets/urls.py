"""Addresses of 按分."""

from __future__ import annotations

from datetime import date

from django.urls import URLPattern, URLResolver, path, register_converter

from budgets.views import apportionment, costs, papers


class MonthConverter:
    """202611 ↔ the first day of the month; anything that is no month is a 404."""

    regex = "[0-9]{6}"

    def to_python(self, value: str) -> date:
        if not 1900 <= int(value[:4]) <= 2199:
            raise ValueError(value)
        return date(int(value[:4]), int(value[4:]), 1)

    def to_url(self, value: date | str | int) -> str:
        return f"{value:%Y%m}" if isinstance(value, date) else str(value)


register_converter(MonthConverter, "yyyymm")

app_name = "apportionment"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", apportionment.month_list, name="list"),
    path("<yyyymm:month>/", apportionment.month_page, name="month"),
    path("<yyyymm:month>/run/", apportionment.run, name="run"),
    path("<yyyymm:month>/lock/", apportionment.lock, name="lock"),
    path("<yyyymm:month>/entries/<int:staff>/<str:stream>/", apportionment.entries, name="entries"),
    path("<yyyymm:month>/costs/", costs.grid, name="costs"),
    path("<yyyymm:month>/costs/import/", costs.cost_import, name="cost_import"),
    path("<yyyymm:month>/costs/template.csv", costs.cost_template, name="cost_template"),
    path("<yyyymm:month>/xlsx/", papers.xlsx, name="xlsx"),
    path("<yyyymm:month>/csv/", papers.csv, name="csv"),
    path("<yyyymm:month>/pdf/", papers.pdf, name="pdf"),
]
