"""書きかけ: kept while somebody types, gone when the form is saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from cases.actions.saved_forms import is_saved, says_no_more, words_of
from cases.models import Case, Draft, FollowUp
from cases.models.draft import ABOUT_RECORD, records
from common.errors import NotAllowed, RuleViolation, StaleRecord

MAX_BYTES = 500_000  # of UTF-8: the longest record (100 000 characters) and its other fields
Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Page:
    """What the page that writes says of itself: the draft that it was filled with (``Draft.base``), and the openings of
    the page whose words it holds (``Draft.window``), its own first. A page without script says nothing.
    """

    base: str = ""
    windows: tuple[str, ...] = ()

    @property
    def window(self) -> str:
        return self.windows[0] if self.windows else ""

    def holds(self, draft: Draft) -> bool:
        """Whether the page knows the words of the draft: it was filled with them or wrote them."""
        return self.base == draft.base or draft.window in (self.windows or ("",))


@transaction.atomic
def save_draft(
    *, key: str, title: str, url: str, data: Fields, actor: Actor, at: datetime, page: Page = Page()
) -> Draft | None:
    """Keep the fields of a form under ``key``, one draft a form, staff member and agency.

    None: the form is saved already, with all these words; a late draft of it would be a ghost. StaleRecord: another
    window has written other words since ``page`` was filled; nothing is kept then, and nothing of theirs is lost.
    """
    if actor.staff is None or actor.agency is None:
        raise NotAllowed("書きかけを保存できません。")
    if not key or len(key) > 120 or not url.startswith("/") or url[1:2] in ("/", "\\"):
        raise RuleViolation("書きかけの宛先が正しくありません。")
    if len(json.dumps(data, ensure_ascii=False).encode(errors="surrogatepass")) > MAX_BYTES:
        raise RuleViolation("書きかけが大きすぎます。早めに保存してください。")
    record = _record_of(key, actor)
    if is_saved(key, data, actor, at):
        return None
    _check_still_waits(key, actor)
    fields = {
        "title": title[:120], "url": url[:300], "data": data, "updated_at": at, "window": page.window[:40],
        "record": record,
    }  # fmt: skip
    draft, is_new = Draft.objects.select_for_update(of=("self",)).get_or_create(
        staff=actor.staff, agency=actor.agency, key=key, defaults=fields
    )
    if is_new:
        return draft
    if words_of(draft.data) != words_of(data):
        if not page.holds(draft):
            raise StaleRecord(
                "別の画面で、この書きかけに新しい言葉が書かれています。どちらも消えていません。",
                current=draft,
            )
    elif draft.data == data:
        return draft  # the same again
    for name, value in fields.items():
        setattr(draft, name, value)
    draft.save()
    return draft


def _record_of(key: str, actor: Actor) -> int | None:
    """The id of the record that the key names; RuleViolation when the actor does not see it (any more)."""
    form, _, number = [*key.split(":"), "", ""][:3]
    pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None
    if form in ABOUT_RECORD and (pk is None or not records(form, actor).filter(pk=pk).exists()):
        raise RuleViolation("もとの記録が見られないため、書きかけをサーバーに保存できません。")
    return pk


def _check_still_waits(key: str, actor: Actor) -> None:
    """A closing and a turn of the watch are written once: when that is done, a late draft has no page any more."""
    form, number, turn = [*key.split(":"), "", ""][:3]
    if form == "close" and not Case.objects.visible_to(actor).open().filter(number=number).exists():
        raise RuleViolation("このケースは、もう終結しています。")
    if form == "turn":
        waiting = FollowUp.objects.visible_to(actor).waiting().filter(case__number=number)
        if not waiting.filter(pk=int(turn)).exists():
            raise RuleViolation("このフォローは、もう記録されています。")


@transaction.atomic
def forget_draft(
    *, key: str, actor: Actor, page: Page = Page(), said: Mapping[str, list[str]] | None = None
) -> Draft | None:
    """Remove one's own draft of a form that was saved with the fields ``said``.

    The draft stays, and is returned, when another window wrote words into it that the saved form does not have.
    """
    own = Draft.objects.filter(staff=actor.staff_id, agency=actor.agency_id, key=key)
    draft = own.select_for_update(of=("self",)).first()
    if draft is None:
        return None
    tells = bool(page.base or page.windows)
    if tells and not page.holds(draft) and not says_no_more(draft.data, said or {}):
        return draft
    draft.delete()
    return None
