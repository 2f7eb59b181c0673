from django.urls import URLPattern, URLResolver, path

from referrals.views import issues

app_name = "issues"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", issues.issue_list, name="list"),
    path("new/", issues.new, name="new"),
    path("<int:pk>/", issues.detail, name="detail"),
    path("<int:pk>/edit/", issues.edit, name="edit"),
    path("<int:pk>/move/", issues.move, name="move"),
    path("<int:pk>/link/", issues.link, name="link"),
    path("<int:pk>/take-up/", issues.take_up, name="take_up"),
    path("links/<int:pk>/remove/", issues.unlink, name="unlink"),
]
