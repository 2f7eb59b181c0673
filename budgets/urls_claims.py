"""精算, 見込み, 帳票."""

from django.urls import path

from budgets.views import claim_trail, claims, layouts, outlook, report_jobs

app_name = "claims"
urlpatterns = [
    path("", claims.claim_list, name="list"),
    path("outlook/", outlook.outlook_list, name="outlook"),
    path("corrections/", claim_trail.correction_list, name="corrections"),
    path("statement/", claim_trail.statement, name="statement"),
    path("statement/anbun.<str:kind>", claim_trail.statement_file, name="statement_file"),
    path("reports/", report_jobs.reports, name="reports"),
    path("reports/order/", report_jobs.order, name="order"),
    path("reports/<int:pk>/", report_jobs.report, name="report"),
    path("reports/<int:pk>/progress/", report_jobs.progress, name="progress"),
    path("reports/<int:pk>/cancel/", report_jobs.cancel, name="cancel"),
    path("reports/<int:pk>/file/", report_jobs.download, name="download"),
    path("layouts/", layouts.layouts, name="layouts"),
    path("layouts/new/", layouts.layout_new, name="layout_new"),
    path("layouts/<int:pk>/", layouts.layout_edit, name="layout_edit"),
    path("layouts/<int:pk>/remove/", layouts.layout_remove, name="layout_remove"),
    path("layouts/<int:pk>/<int:year>.csv", layouts.layout_file, name="layout_file"),
    path("filed/<int:pk>/", claims.revision, name="revision"),
    path("filed/<int:pk>/file/", claims.file, name="file"),
    path("filed/<int:pk>/correct/", claims.correct, name="correct"),
    path("<int:year>/seisan.xlsx", claims.xlsx, name="xlsx"),
    path("<int:year>/seisan.csv", claims.csv, name="csv"),
    path("<int:year>/seisan.pdf", claims.pdf, name="pdf"),
    path("<int:year>/<str:code>/", claims.claim, name="claim"),
    path("<int:year>/<str:code>/shares/", claims.shares, name="shares"),
    path("<int:year>/<str:code>/outlook/", outlook.stream_outlook, name="stream"),
    path("<int:year>/<str:code>/budget/", outlook.budget, name="budget"),
    path("<int:year>/<str:code>/<str:key>/workers/", claim_trail.workers, name="workers"),
    path(
        "<int:year>/<str:code>/<str:key>/workers/<int:staff_pk>/",
        claim_trail.entries,
        name="entries",
    ),
]
