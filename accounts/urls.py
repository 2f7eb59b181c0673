from django.urls import path

from accounts import views, views_absence

app_name = "accounts"
urlpatterns = [
    path("switch/", views.switch, name="switch"),
    path("notices/<int:pk>/", views.notice, name="notice"),
    path("absences/", views_absence.absences, name="absences"),
    path("absences/<int:pk>/end/", views_absence.absence_end, name="absence_end"),
]
