"""Whether the form of a draft is saved already, with all the words of the draft: asked before a late draft is kept.

A draft may be on its way while its form is saved. It is dropped only where its words are read in the record; a draft
with more words than the record is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

from accounts.actor import Actor
from cases.models import (
    AssessmentItem,
    Consultation,
    Outreach,
    OutreachAttempt,
    PlanItem,
    ProgressNote,
    SupportPlan,
    WatchAttempt,
    WatchChange,
    WatchCycle,
)
from cases.models.draft import records

Fields = Mapping[str, list[str]]
LATE = timedelta(minutes=2)  # no draft of a form is longer on its way
# what a page carries beside what somebody typed: other in every opening of the page
CARRIED = frozenset({"request_key", "version", "ticks_before", "look_before", "minutes", "from", "another"})
_KEYED: dict[str, tuple[type[models.Model], str]] = {
    "consultation": (Consultation, "text"), "note": (ProgressNote, "text"), "outreach": (Outreach, "worry"),
    "attempt": (OutreachAttempt, "note"), "turn": (WatchAttempt, "note"),
}  # fmt: skip
SavedByKey = Callable[[UUID, Fields, Actor], bool]
_added: dict[str, SavedByKey] = {}


def add_keyed(form: str, is_saved_by: SavedByKey) -> None:
    """A higher app tells whether a form of its own was saved under its ``request_key`` with the words of a draft: by the
    records alone that the actor sees, or a draft could try words against those that are closed.
    """
    _added[form] = is_saved_by


def plain(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def words_of(data: Fields) -> dict[str, list[str]]:
    """What somebody typed and chose, without what the page carries and without empty fields."""
    typed = {name: [plain(v) for v in values if plain(v)] for name, values in data.items()}
    return {
        name: values
        for name, values in typed.items()
        if values and name not in CARRIED and not name.endswith("_FORMS")
    }


def says_no_more(data: Fields, said: Fields) -> bool:
    """Whether every word of a draft is read in the same field of ``said``."""
    whole = words_of(said)
    return all(
        value in "\n".join(whole.get(name, ())) for name, values in words_of(data).items() for value in values
    )


def one(data: Fields, name: str) -> str:
    return plain((data.get(name) or [""])[0])


def is_saved(key: str, data: Fields, actor: Actor, at: datetime) -> bool:
    """Whether the form has made or changed its record, and the record holds the draft's text."""
    form, number, pk = [*key.split(":"), "", ""][:3]
    if form in _KEYED or form in _added:
        return _saved_by_key(form, data, actor)
    if form == "item":
        return _item_saved(number, data, actor, at)
    if form == "watch":
        return _watch_saved(number, data, actor)
    if pk.isascii() and pk.isdecimal() and len(pk) < 19:
        return _record_saved(form, int(pk), data, actor)
    return False


def _saved_by_key(form: str, data: Fields, actor: Actor) -> bool:
    try:
        key = UUID(one(data, "request_key"))
    except ValueError:
        return False
    if form in _added:
        return _added[form](key, data, actor)
    model, name = _KEYED[form]
    seen: QuerySet[Any] = model._default_manager.visible_to(actor)  # type: ignore[attr-defined]
    rows = seen.filter(request_key=key, agency=actor.agency)
    return any(one(data, name) in plain(words) for words in rows.values_list(name, flat=True))


def _version(data: Fields) -> int:
    text = one(data, "version")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _record_saved(form: str, pk: int, data: Fields, actor: Actor) -> bool:
    """A correction, or a plan: saved since the page was opened, and every text of the draft stands in it."""
    rows = SupportPlan.objects.visible_to(actor) if form == "plan" else records(form, actor)
    row: Any = rows.filter(pk=pk).first()
    opened = _version(data)
    if row is None or not opened or opened >= getattr(row, "version", 0):
        return False
    texts = {f.name: str(getattr(row, f.name)) for f in row._meta.concrete_fields if _is_text(f)}
    if any(one(data, name) not in plain(text) for name, text in texts.items()):
        return False
    return form != "plan" or _table_saved(row, data)


def _is_text(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.CharField | models.TextField) and not field.choices


def _table_saved(plan: SupportPlan, data: Fields) -> bool:
    """The role table of a plan: each text of the draft stands in some row."""
    names = ("problem", "action", "doer_text", "frequency")
    items = PlanItem.objects.filter(plan=plan).values(*names)
    stood = {name: "\n".join(plain(item[name]) for item in items) for name in names}
    for field, values in words_of(data).items():
        _, _, name = field.rpartition("-")
        if field.startswith("items-") and name in stood and any(v not in stood[name] for v in values):
            return False
    return True


def _item_saved(number: str, data: Fields, actor: Actor, at: datetime) -> bool:
    """A 見立て has no key: one that this worker has just noted with these words."""
    own = AssessmentItem.objects.visible_to(actor).filter(
        case__number=number, staff=actor.staff_id, written_at__gte=at - LATE, kind=one(data, "kind")
    )
    return any(one(data, "text") in plain(text) for text in own.values_list("text", flat=True))


def _watch_saved(number: str, data: Fields, actor: Actor) -> bool:
    """The agreement of a watch: begun or changed since the page was opened, with the words of the draft."""
    cycle = WatchCycle.objects.visible_to(actor).running().filter(case__number=number).first()
    if cycle is None or _version(data) >= cycle.version or one(data, "ask") not in plain(cycle.ask):
        return False
    changes = WatchChange.objects.visible_to(actor).filter(cycle=cycle).order_by("-changed_at", "-pk")
    reason = changes.values_list("reason", flat=True).first() or ""
    return one(data, "reason") in plain(reason)
