"""What casework does when people are linked or merged, or a household moves; connected in apps.py."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.notice_kinds import NoticeKind
from cases.actions.grants import grant_coordinators
from cases.models import Case, FollowUp
from households.models import (
    Household,
    HouseholdDenial,
    HouseholdMember,
    Person,
    PersonLink,
    PersonMerge,
)


def follow_area(
    sender: object, *, household: Household, actor: Actor, at: datetime, **kwargs: object
) -> None:
    """The directors of the new area see the open case of several sectors, those of the old one no longer."""
    for case in Case.objects.open().filter(household=household).select_for_update(of=("self",)):
        grant_coordinators(case=case, actor=actor, at=at)


def tell_of_link(sender: object, *, link: PersonLink, actor: Actor, at: datetime, **kwargs: object) -> None:
    """The lead workers of both records hear of it: who sees only one of them cannot merge, they can."""
    _tell(
        [link.person_id, link.other_id], actor, at,
        "同じ人かもしれない記録が二つあると、知らせがありました。",
    )  # fmt: skip


def tell_of_merge(
    sender: object, *, merge: PersonMerge, actor: Actor, at: datetime, **kwargs: object
) -> None:
    """The lead workers of all households of the person learn that two records are now one."""
    _tell([merge.kept_id], actor, at, "担当の世帯の人の記録が、ほかの記録と統合されました。")


def tell_of_undo(sender: object, *, merge: PersonMerge, actor: Actor, at: datetime, **kwargs: object) -> None:
    _tell(
        [merge.kept_id, merge.absorbed_id], actor, at,
        "担当の世帯の人の記録の統合が、取り消されました。",
    )  # fmt: skip


def tell_of_death(sender: object, *, person: Person, actor: Actor, at: datetime, **kwargs: object) -> None:
    """The lead workers of the person's households hear of it at once; the case stays open until they close it. Whoever is
    to look again after a closing hears it too: nobody is sent to ask after somebody who has died.
    """
    _tell([person.pk], actor, at, "担当の世帯の人の死亡が記録されました。", page="households:detail")
    homes = list(person.memberships.filter(by_identity=False).values_list("household_id", flat=True))
    denied = _denied(homes)
    turns = FollowUp.objects.waiting().filter(case__household__in=homes).select_related("case")
    for turn in turns.exclude(case__in=Case.objects.open()).order_by("pk"):
        home = turn.case.household_id
        looks = {turn.staff_id or turn.case.lead_staff_id, turn.case.lead_staff_id}
        notify(
            staff_ids=sorted(looks - {actor.staff_id} - denied), at=at, kind=NoticeKind.WATCH, about=home,
            text="見守っている世帯の人の死亡が記録されました。見守りを続けるか決めてください。",
            url=reverse("cases:follow_up", args=[turn.pk]),
        )  # fmt: skip


def _denied(homes: list[int]) -> set[int]:
    rows = HouseholdDenial.objects.in_force().filter(household__in=homes)
    return set(rows.values_list("staff_id", flat=True))


def _tell(people: list[int], actor: Actor, at: datetime, text: str, page: str = "households:same") -> None:
    """Lead workers of open cases of the people's households, each with a page that they see; never a denied worker."""
    homes = dict(
        HouseholdMember.objects.filter(person__in=people, by_identity=False)
        .order_by("-pk")
        .values_list("household_id", "person_id")
    )
    denied = _denied(list(homes))
    leads = Case.objects.open().filter(household__in=list(homes)).values_list("lead_staff_id", "household_id")
    for staff_id, household_id in leads:
        if staff_id != actor.staff_id and staff_id not in denied:
            key = homes[household_id] if page == "households:same" else household_id
            url = reverse(page, args=[key])
            notify(staff_ids=[staff_id], text=text, url=url, at=at, kind=NoticeKind.CASE, about=household_id)
