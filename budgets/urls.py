"""按分."""

from django.urls import path

from budgets.views import apportionment, assignments, compare, costs, pools, review, rules, streams, studies

app_name = "apportionment"
urlpatterns = [
    path("", apportionment.month_list, name="list"),
    path("review/", review.finance_review, name="review"),
    path("review/<int:pk>/answer/", review.finance_answer, name="review_answer"),
    path("assignments/", assignments.assignments, name="assignments"),
    path("studies/", studies.study_list, name="studies"),
    path("studies/new/", studies.study_new, name="study_new"),
    path("studies/<int:pk>/", studies.study, name="study"),
    path("studies/<int:pk>/approve/", studies.study_approve, name="study_approve"),
    path("pools/", pools.pool_list, name="pools"),
    path("pools/new/", pools.pool_new, name="pool_new"),
    path("pools/<int:pk>/", pools.pool, name="pool"),
    path("pools/evidence/<int:pk>/", pools.evidence, name="pool_evidence"),
    path("streams/", streams.stream_list, name="streams"),
    path("streams/copy/", streams.stream_copy, name="stream_copy"),
    path("streams/<int:year>/<str:code>/", streams.stream_edit, name="stream_edit"),
    path("rules/", rules.rules, name="rules"),
    path("rules/edit/", rules.rules_edit, name="rules_edit"),
    path("<str:key>/", apportionment.month, name="month"),
    path("<str:key>/compare/", compare.comparison, name="compare"),
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
