from django.urls import URLPattern, URLResolver, path

from referrals.views import director, outcome, referrals, send

app_name = "referrals"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", referrals.referral_list, name="list"),
    path("new/", send.new, name="new"),
    path("new/preview/", send.preview, name="preview"),
    path("new/agencies/", send.agency_options, name="agency_options"),
    path("sector/", director.director, name="director"),
    path("sector/<int:month>.pdf", director.director_paper, name="director_paper"),
    path("case/<str:number>/", referrals.case_fragment, name="case_fragment"),
    path("<int:pk>/", referrals.detail, name="detail"),
    path("<int:pk>/answer/<str:event>/", referrals.answer, name="answer"),
    path("<int:pk>/start/", outcome.start, name="start"),
    path("<int:pk>/outcome/", outcome.outcome, name="outcome"),
    path("<int:pk>/withdraw/", referrals.withdraw, name="withdraw"),
]
