"""緊急閲覧."""

from django.urls import path

from cases.views import break_glass

app_name = "break_glass"
urlpatterns = [
    path("", break_glass.history, name="list"),
    path("people/<int:pk>/", break_glass.open_case, name="open"),
    path("<int:pk>/", break_glass.review, name="review"),
]
