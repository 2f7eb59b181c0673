"""管理."""

from django.urls import path

from accounts import views_manage as views

app_name = "manage"
urlpatterns = [
    path("", views.index, name="index"),
    path("agencies/", views.agencies, name="agencies"),
    path("staff/", views.staff_list, name="staff_list"),
    path("staff/new/", views.staff_new, name="staff_new"),
    path("staff/<int:pk>/town/", views.staff_town, name="staff_town"),
    path("staff/<int:pk>/", views.staff_detail, name="staff"),
    path(
        "staff/<int:pk>/appointments/<int:appointment_pk>/end/", views.appointment_end, name="appointment_end"
    ),
    path("changes/", views.changes, name="changes"),
]
