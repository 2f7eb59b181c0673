"""引き継ぎ: the open work of somebody who leaves goes to named colleagues, in one act, with nothing left over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actions.notices import notify
from accounts.actor import Actor
from accounts.models import Staff
from accounts.notice_kinds import NoticeKind
from accounts.roles import Permission
from audit.actions import record
from cases.actions.team import change_lead_worker
from cases.models import Case, CasePartner, FollowUp, Outreach, WatchCycle
from common.errors import NotAllowed, RuleViolation
from households.models import HouseholdDenial
from referrals.handover import Kind, Piece, open_work
from referrals.models import ActionItem, ConferenceMember


def check_can_hand_over(actor: Actor) -> None:
    """The manager of an agency sees to it that nobody's work is left without a person."""
    if not actor.has(Permission.HAND_OVER) or actor.agency is None:
        raise NotAllowed("引き継ぎは、機関の長が行います。")


@transaction.atomic
def hand_over(*, staff: Staff, to: Mapping[str, Staff], note: str, actor: Actor, at: datetime) -> int:
    """Each piece of ``staff``'s open work in the actor's agency goes to the colleague that ``to`` names by its key.

    All or nothing: raises RuleViolation beside the piece that has nobody, whose new person is not of the agency
    then, is the same person, or may not see the household (deny list). Returns how many pieces moved.
    """
    check_can_hand_over(actor)
    agency, _ = actor.office()
    today = timezone.localdate(at)
    pieces = open_work(staff, agency, actor, lock=True)
    if not pieces:
        raise RuleViolation("引き継ぐ仕事がありません。")
    here = {s.pk for s in Staff.objects.of_agency(agency, on=today)}
    denied = set(
        HouseholdDenial.objects.in_force()
        .filter(household__in=[p.household_id for p in pieces if p.household_id])
        .values_list("household_id", "staff_id")
    )
    for piece in pieces:
        _check(piece, to.get(piece.key), staff, here, denied)
    for piece in pieces:
        _move(piece, to[piece.key], actor, at)
    record(
        actor=actor, action="staff.hand_over", target=staff, at=at, note=note.strip()[:200],
        pieces={piece.key: to[piece.key].pk for piece in pieces},
    )  # fmt: skip
    for pk in {to[piece.key].pk for piece in pieces}:
        count = sum(to[piece.key].pk == pk for piece in pieces)
        notify(
            staff_ids=[pk], text=f"{staff.name}さんから{count}件の仕事を引き継ぎました。", url="/", at=at,
            kind=NoticeKind.HANDOVER, agency_id=agency.pk,
        )  # fmt: skip
    return len(pieces)


def _check(piece: Piece, new: Staff | None, old: Staff, here: set[int], denied: set[tuple[int, int]]) -> None:
    if new is None:
        raise RuleViolation(f"「{piece.title}」を引き継ぐ人を選んでください。", field=piece.key)
    if new.pk == old.pk:
        raise RuleViolation(f"「{piece.title}」の引き継ぎ先が、元の担当者のままです。", field=piece.key)
    if new.pk not in here:
        raise RuleViolation(f"{new.name}さんは、この機関に所属していません。", field=piece.key)
    if (piece.household_id, new.pk) in denied:
        raise RuleViolation(
            f"「{piece.title}」は、{new.name}さんには引き継げません。別の人を選んでください。",
            field=piece.key,
        )


def _move(piece: Piece, new: Staff, actor: Actor, at: datetime) -> None:
    """The lead agency stays; only its named person changes (invariant 2: one named lead worker, always)."""
    if piece.kind is Kind.CASE:
        case = Case.objects.get(pk=piece.pk)
        change_lead_worker(case=case, staff_id=new.pk, since=at, actor=actor, at=at)
    elif piece.kind is Kind.FOLLOW_UP:
        turn = FollowUp.objects.get(pk=piece.pk)
        before = turn.staff
        turn.staff = new
        turn.save(update_fields=["staff"])
        for cycle in WatchCycle.objects.running().filter(follow_ups=turn, staff=before).order_by("pk"):
            cycle.staff = new  # the turns to come go with it
            cycle.save(update_fields=["staff"])
    elif piece.kind is Kind.PARTNER:
        CasePartner.objects.filter(pk=piece.pk).update(staff=new)
    elif piece.kind in (Kind.OUTREACH, Kind.COMPANION):
        outreach = Outreach.objects.get(pk=piece.pk)
        field = "staff" if piece.kind is Kind.OUTREACH else "companion"
        setattr(outreach, field, new)
        outreach.save(update_fields=[field])
    elif piece.kind is Kind.ACTION_ITEM:
        ActionItem.objects.filter(pk=piece.pk).update(staff=new)
    else:
        ConferenceMember.objects.filter(pk=piece.pk).update(staff=new, secrecy_accepted_at=None)
