"""書きかけ: kept while somebody types, gone when the form is saved."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from cases.models import Case, Consultation, Draft, FollowUp, Outreach, ProgressNote
from common.errors import NotAllowed, RuleViolation

MAX_BYTES = 500_000  # of UTF-8: the longest record (100 000 characters) and its other fields


@transaction.atomic
def save_draft(
    *, key: str, title: str, url: str, data: dict[str, list[str]], actor: Actor, at: datetime
) -> Draft | None:
    """Keep the fields of a form under ``key``, one draft a form, staff member and agency.

    None: the form is saved already, with all these words; a late draft of it would be a ghost.
    """
    if actor.staff is None or actor.agency is None:
        raise NotAllowed("書きかけを保存できません。")
    if not key or len(key) > 120 or not url.startswith("/") or url.startswith("//"):
        raise RuleViolation("書きかけの宛先が正しくありません。")
    if len(json.dumps(data, ensure_ascii=False).encode(errors="surrogatepass")) > MAX_BYTES:
        raise RuleViolation("書きかけが大きすぎます。早めに保存してください。")
    if _is_saved(data, actor):
        return None
    _check_still_waits(key, actor)
    draft, _ = Draft.objects.update_or_create(
        staff=actor.staff, agency=actor.agency, key=key,
        defaults={"title": title[:120], "url": url[:300], "data": data, "updated_at": at},
    )  # fmt: skip
    return draft


def _is_saved(data: dict[str, list[str]], actor: Actor) -> bool:
    """The form's key has made its record, and the record holds the draft's text; with more words the draft is kept."""
    try:
        key = UUID((data.get("request_key") or [""])[0])
    except ValueError:
        return False
    for model, name in ((Consultation, "text"), (ProgressNote, "text"), (Outreach, "worry")):
        rows = model.objects.filter(request_key=key, agency=actor.agency)
        text = _plain((data.get(name) or [""])[0])
        if any(text in _plain(words) for words in rows.values_list(name, flat=True)):
            return True
    return False


def _check_still_waits(key: str, actor: Actor) -> None:
    """A closing and a turn of the watch are written once: when that is done, a late draft has no page any more."""
    form, number, turn = [*key.split(":"), "", ""][:3]
    if form == "close" and not Case.objects.visible_to(actor).open().filter(number=number).exists():
        raise RuleViolation("このケースは、もう終結しています。")
    if form == "turn":
        waiting = FollowUp.objects.visible_to(actor).waiting().filter(case__number=number)
        if not turn.isdecimal() or not waiting.filter(pk=int(turn[:18])).exists():
            raise RuleViolation("このフォローは、もう記録されています。")


def _plain(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def forget_draft(*, key: str, actor: Actor) -> None:
    """Remove one's own draft of a form, in the transaction that saves the form."""
    Draft.objects.filter(staff=actor.staff_id, agency=actor.agency_id, key=key).delete()
