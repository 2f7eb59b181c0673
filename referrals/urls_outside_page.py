"""The pages of partners without an account."""

from django.urls import path

from referrals.views import outside_page

app_name = "outside_page"
urlpatterns = [
    path("<str:token>/", outside_page.page, name="page"),
    path("<str:token>/answer/", outside_page.answer, name="answer"),
    path("<str:token>/code/", outside_page.code, name="code"),
    path("<str:token>/new-code/", outside_page.new_code, name="new_code"),
    path("<str:token>/outcome/", outside_page.outcome, name="outcome"),
]
