"""取り消し of a merge: both records as they were; what was written since is not lost."""

from __future__ import annotations

from datetime import datetime

from django.apps import apps
from django.db import IntegrityError, transaction

from accounts.actor import Actor
from audit.actions import record
from common.errors import InvalidTransition, RuleViolation
from common.tags import check_tag
from households.actions.protection import carry_protection
from households.actions.search_index import refill_search
from households.enums import MergeChange
from households.merging import restore_row, row_values
from households.models import AddressProtection, MergedRow, Person, PersonMerge
from households.permissions import check_can_merge
from households.signals import merge_undone

_PROTECTED = "連絡先が秘匿されている人を含むため、支援措置の「見てよい機関」だけが取り消せます。"
_SINCE = "統合のあとに世帯や関係の記録が変わっているため、取り消せません。変わった記録を先に直してください。"


@transaction.atomic
def undo_merge(
    *, merge: PersonMerge, reason: str, actor: Actor, at: datetime, tag: str | None = None
) -> PersonMerge:
    """Every row that the merge touched is again what it was; rows written since stay with the person who was kept.

    A row that somebody changed since keeps these changes, and gets back only what nobody touched. Raises
    InvalidTransition for a merge that is undone already or has a later one on top, RuleViolation where somebody of the
    two is protected from the actor. A protection given since holds for both. ``tag``: the merge as it was read.
    """
    merge = PersonMerge.objects.visible_to(actor.by_office()).select_for_update(of=("self",)).get(pk=merge.pk)
    check_can_merge(actor)
    check_tag(merge, tag)
    if merge.undone_at is not None:
        raise InvalidTransition("この統合は、すでに取り消されています。")
    if not reason.strip():
        raise RuleViolation("取り消す理由を書いてください。", field="reason")
    if (
        AddressProtection.objects.closed_to(actor)
        .filter(person__in=[merge.kept_id, merge.absorbed_id])
        .exists()
    ):
        raise RuleViolation(_PROTECTED)
    later = PersonMerge.objects.in_force().filter(kept=merge.kept_id, pk__gt=merge.pk)
    if later.exists():
        raise InvalidTransition(
            "この人には、あとから別の統合があります。新しいものから順に取り消してください。"
        )
    people = Person.objects.filter(pk__in=[merge.kept_id, merge.absorbed_id])
    list(people.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    Person.objects.filter(pk=merge.absorbed_id).update(merged_into=None)
    if MergedRow.objects.filter(
        merge=merge, model=Person._meta.label_lower, row_id=merge.absorbed_id
    ).exists():
        # it gave its 宛名番号 to the other record, and lets go of that one's, so that each gets back its own
        Person.objects.filter(pk=merge.absorbed_id).update(register_no="")
    try:
        with transaction.atomic():
            _put_back(merge)
            kept, parted = sorted(people, key=lambda p: p.pk != merge.kept_id)
            carry_protection(kept=kept, parted=parted, since=merge.merged_at, actor=actor, at=at)
            for person in people.order_by("pk"):
                refill_search(person)  # what somebody changed while the two were one is found where it is now
    except IntegrityError:
        raise RuleViolation(_SINCE) from None
    _, staff = actor.office()
    merge.undone_at, merge.undone_by, merge.undo_reason = at, staff, reason.strip()
    merge.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    record(
        actor=actor, action="person.undo_merge", target=merge.kept, at=at, also=merge, absorbed=merge.absorbed_id,
        merge=merge.pk,
    )  # fmt: skip
    merge_undone.send(PersonMerge, merge=merge, actor=actor, at=at)
    return merge


def _put_back(merge: PersonMerge) -> None:
    rows = list(MergedRow.objects.filter(merge=merge).order_by("pk"))
    moved: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.change == MergeChange.MOVED:
            moved.setdefault((row.model, row.column), []).append(row.row_id)
    for (label, column), ids in moved.items():
        still = apps.get_model(label)._default_manager.filter(pk__in=ids, **{column: merge.kept_id})
        still.update(**{column: merge.absorbed_id})
    for row in rows:
        if row.change == MergeChange.ADDED:
            _take_away(row)
        if row.change == MergeChange.CHANGED:
            _change_back(row)
    for row in rows:
        if row.change == MergeChange.REMOVED:
            restore_row(apps.get_model(row.model), row.before)


def _take_away(row: MergedRow) -> None:
    """What the merge added goes, unless somebody has written in it since."""
    now = (
        apps.get_model(row.model)
        ._default_manager.select_for_update(of=("self",))
        .filter(pk=row.row_id)
        .first()
    )
    if now is not None and row_values(now) == row.after:
        now.delete()


def _change_back(row: MergedRow) -> None:
    """As it was, if nobody touched it; else only the fields that still hold what the merge wrote."""
    model = apps.get_model(row.model)
    now = model._default_manager.select_for_update(of=("self",)).filter(pk=row.row_id).first()
    if now is None:
        return
    values = row_values(now)
    if values == row.after:
        restore_row(model, row.before)
        return
    same = {name for name, value in values.items() if value == row.after[name]}
    for name in same - {"version"}:
        setattr(now, name, model._meta.get_field(name).to_python(row.before[name]))
    now.save()
