"""Addresses of 業務記録."""

from django.urls import URLPattern, URLResolver, path

from budgets.views import review, studies, work

app_name = "work"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", work.week, name="week"),
    path("add/", work.add, name="add"),
    path("copy/", work.copy, name="copy_week"),
    path("<int:pk>/edit/", work.edit, name="edit"),
    path("<int:pk>/delete/", work.delete, name="delete"),
    path("findings/<int:pk>/settle/", work.settle, name="settle"),
    path("review/", review.work_review, name="review"),
    path("review/<int:pk>/answer/", review.work_answer, name="review_answer"),
    path("moments/", studies.moments, name="moments"),
    path("moments/<int:pk>/answer/", studies.moment_answer, name="moment_answer"),
]
