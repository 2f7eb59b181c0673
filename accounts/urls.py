from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("switch/", views.switch, name="switch"),
    path("notices/<int:pk>/", views.notice, name="notice"),
]
