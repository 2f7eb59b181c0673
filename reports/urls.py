"""閲覧の記録."""

from django.urls import path

from reports import views, views_refused

app_name = "reports"
urlpatterns = [
    path("person/<int:pk>/", views.person, name="person"),
    path("person/<int:pk>/pdf/", views.person_pdf, name="person_pdf"),
    path("leak/", views.leak, name="leak"),
    path("unusual/", views.unusual, name="unusual"),
    path("unusual/lines/", views.unusual_lines, name="unusual_lines"),
    path("refused/", views_refused.refused, name="refused"),
    path("chain/", views.chain, name="chain"),
]
