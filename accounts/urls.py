from django.urls import path

from accounts import views, views_absence, views_notices

app_name = "accounts"
urlpatterns = [
    path("switch/", views.switch, name="switch"),
    path("notices/<int:pk>/", views_notices.notice, name="notice"),
    path("notices/settings/", views_notices.settings, name="notice_settings"),
    path("absences/", views_absence.absences, name="absences"),
    path("absences/<int:pk>/end/", views_absence.absence_end, name="absence_end"),
]
