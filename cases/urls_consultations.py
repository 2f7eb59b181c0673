"""相談."""

from django.urls import path

from cases.views import consultations as views
from cases.views import drafts

app_name = "consultations"
urlpatterns = [
    path("", views.consultation_list, name="list"),
    path("new/", views.new, name="new"),
    path("hint/", views.concern_hint, name="concern_hint"),
    path("people/", views.person_find, name="person_find"),
    path("drafts/", drafts.save, name="draft_save"),
    path("drafts/<int:pk>/delete/", drafts.delete, name="draft_delete"),
    path("<str:receipt_no>/", views.detail, name="detail"),
    path("<str:receipt_no>/edit/", views.edit, name="edit"),
]
