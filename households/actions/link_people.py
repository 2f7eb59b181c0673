"""同一人の確認: saying that two records may be one person, or that they are two. Nothing is joined by it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from audit.actions import record
from common.errors import RuleViolation
from common.tags import check_tag
from households.actions.protection import check_not_together
from households.enums import LinkState
from households.models import AddressProtection, Person, PersonLink
from households.permissions import check_can_merge
from households.signals import people_linked


@transaction.atomic
def link_people(
    *,
    person: Person,
    other: Person,
    state: str,
    reason: str,
    actor: Actor,
    at: datetime,
    tag: str | None = None,
) -> PersonLink:
    """The actor sees ``person`` and may find ``other``; a judgement made before is replaced and kept in the history
    (``tag``: as it was read).

    Raises RuleViolation without a reason, for one and the same record, and where a protection forbids it.
    """
    check_can_merge(actor)
    person = Person.objects.visible_to(actor.by_office()).select_for_update(of=("self",)).get(pk=person.pk)
    if person.pk == other.pk:
        raise RuleViolation("同じ記録です。もう一人を選んでください。", field="other")
    if not Person.objects.findable_by(actor).filter(pk=other.pk).exists():
        raise RuleViolation("その人は見つかりません。", field="other")
    if state not in LinkState.values:
        raise RuleViolation("判断を選んでください。", field="state")
    if not reason.strip():
        raise RuleViolation("そう考えた理由を書いてください。", field="reason")
    check_not_together([person.pk], [other.pk])
    _, staff = actor.office()
    both = PersonLink.objects.of(person).filter(Q(person=other) | Q(other=other))
    link = both.select_for_update(of=("self",)).first()
    if link is not None:
        check_tag(link, tag)
    link = link or PersonLink(person=person, other=other)
    link.state, link.reason, link.judged_by, link.judged_at = state, reason.strip(), staff, at
    link.save()
    record(actor=actor, action="person.link", target=person, at=at, other=other.pk, state=state)
    # to those who keep the other record; where a protection hides it from the actor, nobody is told of anything
    if (
        state == LinkState.POSSIBLE
        and not AddressProtection.objects.closed_to(actor).filter(person=other).exists()
    ):
        people_linked.send(PersonLink, link=link, actor=actor, at=at)
    return link
