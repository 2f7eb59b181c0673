"""協力者: the directory, and what they are asked."""

from django.urls import path

from referrals.views import outside

app_name = "outside"
urlpatterns = [
    path("", outside.partners, name="partners"),
    path("new/", outside.partner_new, name="partner_new"),
    path("<int:pk>/edit/", outside.partner_edit, name="partner_edit"),
    path("ask/", outside.new, name="new"),
    path("ask/<int:pk>/", outside.detail, name="detail"),
    path("ask/<int:pk>/page/", outside.reissue, name="reissue"),
    path("ask/<int:pk>/code/", outside.code, name="code"),
    path("ask/<int:pk>/withdraw/", outside.withdraw, name="withdraw"),
]
