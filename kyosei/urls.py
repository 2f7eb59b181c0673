"""All addresses of kyosei. Each app has its own urls.py; pages that join several apps live here."""

from django.conf import settings
from django.urls import include, path

from kyosei import views
from kyosei.presence import presence
from referrals.views.calendar import feed

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("search/texts/", views.search_texts_fragment, name="search_texts"),
    path("presence/<slug:kind>/<slug:key>/", presence, name="presence"),
    path("healthz", views.health, name="health"),
    path("accounts/", include("allauth.account.urls")),
    path("staff/", include("accounts.urls")),
    path("households/", include("households.urls")),
    path("consultations/", include("cases.urls_consultations")),
    path("cases/", include("cases.urls")),
    path("outreach/", include("cases.urls_outreach")),
    path("worries/", include("cases.urls_worries")),
    path("break-glass/", include("cases.urls_break_glass")),
    path("referrals/capacity/", include("referrals.urls_capacity")),
    path("referrals/partners/", include("referrals.urls_outside")),
    path("referrals/", include("referrals.urls")),
    path("e/", include("referrals.urls_outside_page")),
    path("conferences/", include("referrals.urls_conferences")),
    path("calendar/<str:token>.ics", feed, name="calendar_feed"),
    path("issues/", include("referrals.urls_issues")),
    path("handover/", include("referrals.urls_handover")),
    path("work/", include("budgets.urls_work")),
    path("apportionment/", include("budgets.urls")),
    path("claims/", include("budgets.urls_claims")),
    path("manage/", include("kyosei.urls_manage")),
    path("trail/", include("reports.urls")),
    path("api/", include("kyosei.urls_api")),
]

if settings.DEBUG or settings.KYOSEI_ENV == "test":
    urlpatterns.append(path("gallery/", views.gallery, name="gallery"))

handler403 = "kyosei.views.forbidden"
handler404 = "kyosei.views.not_found"
handler500 = "kyosei.views.server_error"
