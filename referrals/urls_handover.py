"""引き継ぎ."""

from django.urls import path

from referrals.views import handover, transfer

app_name = "handover"
urlpatterns = [
    path("", handover.overview, name="list"),
    path("<int:pk>/", handover.handover, name="staff"),
    path("april/", transfer.transfers, name="transfers"),
    path("april/new/", transfer.new, name="transfer_new"),
    path("april/<int:pk>/", transfer.detail, name="transfer"),
    path("april/<int:pk>/progress/", transfer.progress, name="transfer_progress"),
    path("april/<int:pk>/plan/", transfer.plan, name="transfer_plan"),
    path("april/<int:pk>/drop/", transfer.drop, name="transfer_drop"),
    path("april/<int:pk>/undo/", transfer.undo, name="transfer_undo"),
    path("april/<int:pk>/rows/<int:row_pk>/undo/", transfer.row_undo, name="transfer_row_undo"),
]
