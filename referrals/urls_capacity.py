"""受け入れの問い合わせ."""

from django.urls import path

from referrals.views import capacity

app_name = "capacity"
urlpatterns = [
    path("", capacity.questions, name="list"),
    path("new/", capacity.new, name="new"),
    path("gaps/", capacity.gap_page, name="gaps"),
    path("gaps/fusoku.csv", capacity.gap_csv, name="gaps_csv"),
    path("<int:pk>/", capacity.detail, name="detail"),
    path("<int:pk>/withdraw/", capacity.withdraw, name="withdraw"),
]
