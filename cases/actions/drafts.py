"""書きかけ: kept while somebody types, gone when the form is saved."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from cases.models import Consultation, Draft, ProgressNote
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
    text = _plain((data.get("text") or [""])[0])
    saved = [
        words
        for model in (Consultation, ProgressNote)
        for words in model.objects.filter(request_key=key, staff=actor.staff).values_list("text", flat=True)
    ]
    return any(text in _plain(words) for words in saved)


def _plain(text: str) -> str:
    return text.strip().replace("\r\n", "\n")


def forget_draft(*, key: str, actor: Actor) -> None:
    """Remove one's own draft of a form, in the transaction that saves the form."""
    Draft.objects.filter(staff=actor.staff_id, agency=actor.agency_id, key=key).delete()
