"""Addresses of 業務記録."""

from django.urls import URLPattern, URLResolver, path

from budgets.views import approvals, review, studies, week_helpers, work

app_name = "work"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", work.week, name="week"),
    path("add/", work.add, name="add"),
    path("copy/", work.copy, name="copy_week"),
    path("<int:pk>/edit/", work.edit, name="edit"),
    path("<int:pk>/category/", work.recategorize, name="recategorize"),
    path("<int:pk>/delete/", work.delete, name="delete"),
    path("findings/<int:pk>/settle/", work.settle, name="settle"),
    path("review/", review.work_review, name="review"),
    path("review/<int:pk>/answer/", review.work_answer, name="review_answer"),
    path("templates/add/", week_helpers.template_add, name="template_add"),
    path("templates/<int:pk>/delete/", week_helpers.template_delete, name="template_delete"),
    path("timer/start/", week_helpers.timer_start, name="timer_start"),
    path("timer/stop/", week_helpers.timer_stop, name="timer_stop"),
    path("timer/drop/", week_helpers.timer_drop, name="timer_drop"),
    path("month/", approvals.month_now, name="month_now"),
    path("month/<str:key>/", approvals.month, name="month"),
    path("month/<str:key>/approve/", approvals.approve, name="month_approve"),
    path("month/<str:key>/withdraw/", approvals.withdraw, name="month_withdraw"),
    path("moments/", studies.moments, name="moments"),
    path("moments/<int:pk>/answer/", studies.moment_answer, name="moment_answer"),
]
