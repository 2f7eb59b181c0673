"""Taking what an earlier conference left over onto the agenda of the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from common.errors import RuleViolation
from common.japan.wareki import format_wareki_short
from referrals.actions.agenda import add_item
from referrals.actions.lock_conference import check_papers_open, lock_managed
from referrals.models import ActionItem, AgendaItem, Conference
from referrals.selectors_carry import left_over
from referrals.workflow import ConferenceState


@dataclass(frozen=True, slots=True)
class Carried:
    """The items made, and in words why others could not be."""

    made: tuple[AgendaItem, ...]
    refused: tuple[str, ...]


@transaction.atomic
def carry_over(*, conference: Conference, item_ids: Iterable[int], actor: Actor, at: datetime) -> Carried:
    """One new item for each, with what was concluded and what is still to be done. Twice is once: what has been carried
    is no longer left over. An item that the conference does not take (its consent is gone) stops only itself.
    """
    conference = lock_managed(conference, actor, ConferenceState.PLANNED)
    check_papers_open(conference, actor)
    made, refused = [], []
    for item in left_over(conference, actor).filter(pk__in=list(item_ids)):
        try:
            with transaction.atomic():
                made.append(_carry(conference, item, actor, at))
        except RuleViolation as violation:
            refused.append(f"{item.topic}：{violation.message}")
    return Carried(tuple(made), tuple(refused))


def _carry(conference: Conference, item: AgendaItem, actor: Actor, at: datetime) -> AgendaItem:
    undone: list[ActionItem] = item.undone  # type: ignore[attr-defined]
    sitting = item.conference
    # not its name: it may be that of another household of the sitting
    day = format_wareki_short(timezone.localdate(sitting.starts_at))
    before = [f"前回（{sitting.get_kind_display()}　{day}）からの持ち越し"]
    before += [f"前回の結論：{item.conclusion}"] if item.conclusion else []
    before += [f"未実施：{one.text}（{one.agency.short_name}　{one.staff.name}）" for one in undone]
    return add_item(
        conference=conference, case=item.case, topic=item.topic, minutes=item.minutes, urgency=item.urgency,
        situation="\n".join(before), request_text=item.request_text,
        no_consent_reason=item.no_consent_reason if conference.is_secret else "", carried_from=item,
        actor=actor, at=at,
    )  # fmt: skip
