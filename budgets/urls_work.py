"""Addresses of 業務記録."""

from django.urls import URLPattern, URLResolver, path

from budgets.views import work

app_name = "work"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", work.week, name="week"),
    path("add/", work.add, name="add"),
    path("copy/", work.copy, name="copy_week"),
    path("<int:pk>/edit/", work.edit, name="edit"),
    path("<int:pk>/delete/", work.delete, name="delete"),
    path("findings/<int:pk>/settle/", work.settle, name="settle"),
]
