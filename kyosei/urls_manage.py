"""管理."""

from django.urls import path

from accounts import views_manage as views
from accounts import views_notices
from cases.views import coordination
from referrals.views import close_agency, conference_rules, what_if

app_name = "manage"
urlpatterns = [
    path("", views.index, name="index"),
    path("agencies/", views.agencies, name="agencies"),
    path("agencies/<int:pk>/close/", close_agency.close, name="agency_close"),
    path("staff/", views.staff_list, name="staff_list"),
    path("staff/new/", views.staff_new, name="staff_new"),
    path("staff/<int:pk>/town/", views.staff_town, name="staff_town"),
    path("staff/<int:pk>/", views.staff_detail, name="staff"),
    path(
        "staff/<int:pk>/appointments/<int:appointment_pk>/end/", views.appointment_end, name="appointment_end"
    ),
    path("conference-kinds/", conference_rules.rule_list, name="conference_rules"),
    path("conference-kinds/new/", conference_rules.rule_edit, name="conference_rule_new"),
    path("conference-kinds/<slug:code>/", conference_rules.rule_edit, name="conference_rule"),
    path("notices/", views_notices.post, name="notices"),
    path("notices/again/", views_notices.again, name="notices_again"),
    path("coordination/", coordination.coordination, name="coordination"),
    path("coordination/new/", coordination.coordination_new, name="coordination_new"),
    path("coordination/<int:pk>/withdraw/", coordination.coordination_withdraw, name="coordination_withdraw"),
    path("coordination/what-if/", what_if.what_if, name="what_if"),
    path("coordination/what-if/order/", what_if.order, name="what_if_order"),
    path("coordination/what-if/progress/", what_if.progress, name="what_if_progress"),
    path("changes/", views.changes, name="changes"),
]
