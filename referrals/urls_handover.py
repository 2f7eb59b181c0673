"""引き継ぎ."""

from django.urls import path

from referrals.views import handover

app_name = "handover"
urlpatterns = [
    path("", handover.overview, name="list"),
    path("<int:pk>/", handover.handover, name="staff"),
]
