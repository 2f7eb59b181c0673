"""気がかり."""

from django.urls import path

from cases.views import worries

app_name = "worries"
urlpatterns = [
    path("", worries.worry_list, name="list"),
    path("<int:pk>/put-off/", worries.worry_put_off, name="put_off"),
    path("case/<str:number>/", worries.case_part, name="case_fragment"),
]
