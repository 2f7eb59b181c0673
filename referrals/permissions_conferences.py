"""Who may do what with a conference: ``check_can_x`` raises a sentence, ``can_x`` is its twin for the button."""

from __future__ import annotations

from datetime import datetime

from accounts.actor import Actor
from accounts.roles import Permission
from common.errors import NotAllowed
from referrals.enums import Attendance
from referrals.models import ActionItem, Conference, ConferenceMember
from referrals.workflow import ConferenceState


def check_can_convene(actor: Actor) -> None:
    """Directors and the agencies that lead cases call conferences."""
    if not actor.has(Permission.CONFERENCE_CONVENE) or actor.agency is None or actor.staff is None:
        raise NotAllowed("会議を招集する権限がありません。")


def can_convene(actor: Actor) -> bool:
    try:
        check_can_convene(actor)
    except NotAllowed:
        return False
    return True


def check_can_manage(actor: Actor, conference: Conference) -> None:
    """The convening agency keeps agenda, members and minutes."""
    check_can_convene(actor)
    if conference.convener_id != actor.agency_id:
        raise NotAllowed(f"会議を招集した機関（{conference.convener.short_name}）だけができる操作です。")


def check_can_speak_for(actor: Actor, conference: Conference) -> None:
    """Name, place and minutes stand for the whole sitting: nobody writes over what they do not read (deny list).
    ``conference`` comes from ``visible_to``.
    """
    check_can_manage(actor, conference)
    if getattr(conference, "keeps_back", True):
        raise NotAllowed("この会議の名称・日時・要旨は、招集した機関のほかの担当者が書きます。")


def can_speak_for(actor: Actor, conference: Conference) -> bool:
    try:
        check_can_speak_for(actor, conference)
    except NotAllowed:
        return False
    return True


def can_manage(actor: Actor, conference: Conference) -> bool:
    try:
        check_can_manage(actor, conference)
    except NotAllowed:
        return False
    return True


def check_can_seat(actor: Actor, member: ConferenceMember) -> None:
    """Who comes is named by the agency itself or by the convening agency."""
    if member.agency_id == actor.agency_id and actor.staff is not None:
        return
    check_can_manage(actor, member.conference)


def can_seat(actor: Actor, member: ConferenceMember) -> bool:
    try:
        check_can_seat(actor, member)
    except NotAllowed:
        return False
    return True


def check_can_accept_secrecy(actor: Actor, member: ConferenceMember) -> None:
    """Nobody accepts the duty of secrecy for another."""
    if actor.staff is None or member.agency_id != actor.agency_id:
        raise NotAllowed("守秘の確認は、出席者本人だけができます。")
    if member.staff_id not in (None, actor.staff_id):
        name = member.staff.name if member.staff else ""
        raise NotAllowed(
            f"守秘の確認は、出席者（{name}）本人だけができます。出席者を替えるときは、先に変えてください。"
        )


def papers_open(actor: Actor, conference: Conference, member: ConferenceMember | None, at: datetime) -> bool:
    """Whether papers can be open to the actor at a moment; ``AgendaItem.objects.visible_to`` then says which."""
    if not conference.is_secret:
        return member is not None or conference.convener_id == actor.agency_id
    if member is None or member.staff_id != actor.staff_id or member.secrecy_accepted_at is None:
        return False
    return conference.convener_id == actor.agency_id or is_sitting(conference, at)


def is_sitting(conference: Conference, at: datetime) -> bool:
    """Between opening and closing, and not past the moment at which forgotten papers close by themselves."""
    return (
        conference.state == ConferenceState.RUNNING
        and conference.papers_until is not None
        and at < conference.papers_until
    )


def check_can_finish(actor: Actor, item: ActionItem) -> None:
    """What was decided is done by the agency that took it on."""
    if not actor.has(Permission.ACTION_ITEM_DO) or actor.staff is None or item.agency_id != actor.agency_id:
        raise NotAllowed(f"担当機関（{item.agency.short_name}）の職員だけが実施済にできます。")


def can_finish(actor: Actor, item: ActionItem) -> bool:
    try:
        check_can_finish(actor, item)
    except NotAllowed:
        return False
    return True


def check_can_answer(actor: Actor, member: ConferenceMember) -> None:
    """Who attended says how it was, once it is over; nobody for another."""
    if member.conference.state != ConferenceState.CLOSED:
        raise NotAllowed("アンケートには、会議が終わってから答えます。")
    if actor.staff is None or member.staff_id != actor.staff_id or member.attendance != Attendance.ATTENDING:
        raise NotAllowed("アンケートに答えられるのは、出席した人だけです。")


def can_answer(actor: Actor, member: ConferenceMember) -> bool:
    try:
        check_can_answer(actor, member)
    except NotAllowed:
        return False
    return True
