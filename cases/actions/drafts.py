"""書きかけ: kept while somebody types, gone when the form is saved."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from cases.models import Draft
from common.errors import NotAllowed, RuleViolation

MAX_BYTES = 200_000


@transaction.atomic
def save_draft(
    *, key: str, title: str, url: str, data: dict[str, list[str]], actor: Actor, at: datetime
) -> Draft:
    """Keep the fields of a form under ``key``, one draft a form, staff member and agency."""
    if actor.staff is None or actor.agency is None:
        raise NotAllowed("書きかけを保存できません。")
    if not key or len(key) > 120 or not url.startswith("/") or url.startswith("//"):
        raise RuleViolation("書きかけの宛先が正しくありません。")
    if len(json.dumps(data)) > MAX_BYTES:
        raise RuleViolation("書きかけが大きすぎます。早めに保存してください。")
    draft, _ = Draft.objects.update_or_create(
        staff=actor.staff, agency=actor.agency, key=key,
        defaults={"title": title[:120], "url": url[:300], "data": data, "updated_at": at},
    )  # fmt: skip
    return draft


def forget_draft(*, key: str, actor: Actor) -> None:
    """Remove one's own draft of a form, in the transaction that saves the form."""
    Draft.objects.filter(staff=actor.staff_id, agency=actor.agency_id, key=key).delete()
