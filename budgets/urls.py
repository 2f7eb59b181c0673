"""按分."""

from django.urls import path

from budgets.views import apportionment, costs

app_name = "apportionment"
urlpatterns = [
    path("", apportionment.month_list, name="list"),
    path("<str:key>/", apportionment.month, name="month"),
    path("<str:key>/costs/", costs.costs, name="costs"),
    path("<str:key>/costs/template.csv", costs.template, name="cost_template"),
    path("<str:key>/costs/import/", costs.cost_import, name="cost_import"),
    path("<str:key>/costs/confirm/", costs.cost_confirm, name="cost_confirm"),
    path("<str:key>/run/", apportionment.run, name="run"),
    path("<str:key>/lock/", apportionment.lock, name="lock"),
    path("<str:key>/entries/<int:staff_pk>/<str:stream>/", apportionment.entries, name="entries"),
    path("<str:key>/anbun.xlsx", apportionment.xlsx, name="xlsx"),
    path("<str:key>/anbun.csv", apportionment.csv, name="csv"),
    path("<str:key>/anbun.pdf", apportionment.pdf, name="pdf"),
]
