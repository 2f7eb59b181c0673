from django.urls import URLPattern, URLResolver, path

from referrals.views import conference_agenda, conference_run, conferences

app_name = "conferences"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", conferences.conference_list, name="list"),
    path("new/", conferences.new, name="new"),
    path("<int:pk>/", conferences.detail, name="detail"),
    path("<int:pk>/edit/", conferences.edit, name="edit"),
    path("<int:pk>/members/add/", conferences.member_add, name="member_add"),
    path("<int:pk>/members/attend/", conferences.members_attend, name="members_attend"),
    path("members/<int:pk>/", conferences.member_edit, name="member_edit"),
    path("members/<int:pk>/remove/", conferences.member_remove, name="member_remove"),
    path("members/<int:pk>/secrecy/", conferences.secrecy, name="secrecy"),
    path("<int:pk>/items/add/", conference_agenda.item_add, name="item_add"),
    path("items/<int:pk>/", conference_agenda.item_edit, name="item_edit"),
    path("items/<int:pk>/move/", conference_agenda.item_move, name="item_move"),
    path("items/<int:pk>/remove/", conference_agenda.item_remove, name="item_remove"),
    path("<int:pk>/handout.pdf", conference_agenda.handout_pdf, name="handout_pdf"),
    path("<int:pk>/start/", conference_run.start, name="start"),
    path("<int:pk>/run/", conference_run.run, name="run"),
    path("<int:pk>/extend/", conference_run.extend, name="extend"),
    path("<int:pk>/close/", conference_run.close, name="close"),
    path("items/<int:pk>/parse/", conference_run.parse, name="parse"),
    path("items/<int:pk>/decide/", conference_run.decide, name="decide"),
    path("items/<int:pk>/conclude/", conference_run.conclude, name="conclude"),
    path("decisions/<int:pk>/drop/", conference_run.drop, name="drop"),
    path("decisions/<int:pk>/", conference_agenda.action_done, name="action_done"),
    path("case/<str:number>/", conference_agenda.case_fragment, name="case_fragment"),
]
