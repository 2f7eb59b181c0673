"""世帯."""

from django.urls import path

from households import views, views_family, views_movements, views_register, views_same
from households import views_people as people
from households import views_protection as protection

app_name = "households"
urlpatterns = [
    path("<int:pk>/protection/", protection.page, name="protection"),
    path("<int:pk>/protection/<int:person_pk>/give/", protection.give, name="protection_give"),
    path("<int:pk>/protection/<int:person_pk>/renew/", protection.renew, name="protection_renew"),
    path("<int:pk>/protection/<int:person_pk>/end/", protection.end, name="protection_end"),
    path("<int:pk>/protection/<int:person_pk>/safe/", protection.safe, name="safe_contact"),
    path("<int:pk>/protection/deny/", protection.deny, name="deny"),
    path("<int:pk>/protection/denials/<int:denial_pk>/", protection.release, name="denial_release"),
    path("", views.household_list, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.household_edit, name="household_edit"),
    path("<int:pk>/members/", views.member_add, name="member_add"),
    path("<int:pk>/members/<int:member_pk>/", views.member_edit, name="member_edit"),
    path("<int:pk>/members/<int:member_pk>/end/", views.member_end, name="member_end"),
    path("<int:pk>/kinship/", views.kinship_add, name="kinship_add"),
    path("<int:pk>/kinship/<int:kinship_pk>/remove/", views.kinship_remove, name="kinship_remove"),
    path("register/", views_register.upload, name="register"),
    path("register/apply/", views_register.apply, name="register_apply"),
    path("<int:pk>/family/", views_family.family, name="family"),
    path("<int:pk>/history/", views_movements.history, name="history"),
    path("<int:pk>/movements/new/", views_movements.movement_new, name="movement_new"),
    path(
        "<int:pk>/movements/<int:movement_pk>/withdraw/",
        views_movements.movement_withdraw,
        name="movement_withdraw",
    ),
    path("people/<int:pk>/", views.person_edit, name="person_edit"),
    path("people/alike/", people.alike, name="alike"),
    path("people/<int:pk>/former-names/", people.former_names, name="former_names"),
    path(
        "people/<int:pk>/former-names/<int:former_pk>/remove/",
        people.former_name_remove,
        name="former_name_remove",
    ),
    path("people/<int:pk>/same/", views_same.same, name="same"),
    path("people/<int:pk>/merge/<int:other_pk>/", views_same.merge, name="merge"),
    path("merges/<int:pk>/undo/", views_same.merge_undo, name="merge_undo"),
]
