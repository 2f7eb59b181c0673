"""Every action on a conference takes the conference row first: agenda, members and decisions hang on its state."""

from __future__ import annotations

from accounts.actor import Actor
from common.errors import InvalidTransition, NotAllowed
from referrals.models import Conference
from referrals.permissions_conferences import check_can_manage
from referrals.workflow import ConferenceState


def lock_conference(conference: Conference, actor: Actor) -> Conference:
    """The conference as it stands, locked. Raises Conference.DoesNotExist for a stranger."""
    return (
        Conference.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("convener")
        .get(pk=conference.pk)
    )


def lock_managed(conference: Conference, actor: Actor, *states: ConferenceState) -> Conference:
    """Locked, for the convening agency, in one of ``states`` (InvalidTransition otherwise)."""
    locked = lock_conference(conference, actor)
    check_can_manage(actor, locked)
    if states and locked.state not in states:
        label = ConferenceState(locked.state).label
        raise InvalidTransition(f"この会議は「{label}」のため、この操作はできません。")
    return locked


def check_papers_open(conference: Conference, actor: Actor) -> None:
    """In a secret conference even the convening agency works on the papers only through its named attendee."""
    if conference.is_secret and not conference.members.opened_by(actor).exists():
        raise NotAllowed("守秘の確認をした出席者だけが、この会議の議題を扱えます。")
