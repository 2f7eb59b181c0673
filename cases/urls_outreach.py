"""アウトリーチ."""

from django.urls import path

from cases.views import outreach as views

app_name = "outreach"
urlpatterns = [
    path("", views.outreach_list, name="list"),
    path("counts/", views.counts, name="counts"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/agree/", views.agree, name="agree"),
    path("<int:pk>/end/", views.end, name="end"),
    path("<int:pk>/resume/", views.resume, name="resume"),
]
