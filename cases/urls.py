"""ケース."""

from django.urls import path

from cases.views import assessment, cases, closing, consents, plans, stream, team, watch, watch_agreement

app_name = "cases"
urlpatterns = [
    path("", cases.case_list, name="list"),
    path("notes/<int:pk>/", cases.note_edit, name="note_edit"),
    path("items/<int:pk>/", assessment.item_edit, name="item_edit"),
    path("items/<int:pk>/end/", assessment.item_end, name="item_end"),
    path("plans/<int:pk>/", plans.plan_detail, name="plan"),
    path("plans/<int:pk>/edit/", plans.plan_edit, name="plan_edit"),
    path("plans/<int:pk>/pdf/", plans.plan_pdf, name="plan_pdf"),
    path("plans/<int:pk>/evaluate/", plans.evaluate, name="evaluate"),
    path("follow-ups/<int:pk>/", watch.follow_up, name="follow_up"),
    path("follow-ups/<int:pk>/back/", watch.follow_up_back, name="follow_up_back"),
    path("watch/", watch.watch_list, name="watch_list"),
    path("watch/results/", watch.watch_results, name="watch_results"),
    path("watch/results/list/", watch.watch_turns, name="watch_turns"),
    path("households/<int:pk>/stream/", stream.stream, name="stream"),
    path("households/<int:pk>/stream/text/", stream.stream_text, name="stream_text"),
    path("households/<int:pk>/stream/print/", stream.stream_print, name="stream_print"),
    path("households/<int:pk>/stream/pdf/", stream.stream_pdf, name="stream_pdf"),
    path("<str:number>/", cases.detail, name="detail"),
    path("<str:number>/team/<int:pk>/until/", team.reads_until, name="reads_until"),
    path("<str:number>/notes/", cases.note_add, name="note_add"),
    path("<str:number>/items/", assessment.item_add, name="item_add"),
    path("consents/<int:pk>/scan/", consents.scan, name="consent_scan"),
    path("<str:number>/consent/", consents.consent, name="consent"),
    path("<str:number>/consent/paper/", consents.paper, name="consent_paper"),
    path("<str:number>/consent/<int:pk>/withdraw/", consents.withdraw, name="consent_withdraw"),
    path("<str:number>/sectors/", assessment.sectors, name="sectors"),
    path("<str:number>/plans/", plans.plan_start, name="plan_start"),
    path("<str:number>/close/", closing.close, name="close"),
    path("<str:number>/reopen/", closing.reopen, name="reopen"),
    path("<str:number>/watch/", watch_agreement.watch_edit, name="watch_edit"),
    path("<str:number>/watch/stop/", watch_agreement.watch_stop, name="watch_stop"),
]
