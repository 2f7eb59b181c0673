"""Doing what a conference decided."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from audit.actions import record
from common.errors import InvalidTransition
from common.tags import check_tag
from referrals.models import ActionItem
from referrals.permissions_conferences import check_can_finish
from referrals.workflow import ACTION_ITEM_TRANSITIONS, ActionItemEvent, ActionItemState


@transaction.atomic
def finish_action_item(
    *, item: ActionItem, outcome: str, actor: Actor, at: datetime, tag: str | None = None
) -> ActionItem:
    """The agency that took it on reports it done, with its outcome. A second report is InvalidTransition.

    ``tag``: the item as it was read.
    """
    item = (
        ActionItem.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("agency")
        .get(pk=item.pk)
    )
    check_can_finish(actor, item)
    check_tag(item, tag)
    try:
        item.state = ACTION_ITEM_TRANSITIONS[ActionItemState(item.state), ActionItemEvent.FINISH]
    except KeyError:
        raise InvalidTransition("この決定事項は、すでに実施済です。") from None
    item.done_at, item.done_by, item.outcome = at, actor.staff, outcome.strip()
    item.save(update_fields=["state", "done_at", "done_by", "outcome"])
    record(actor=actor, action="action_item.finish", target=item, at=at, case=item.case_id)
    return item
