"""知らせ: telling a worker at once, on the home page and by mail. The words hold no name and no address of anybody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction

from accounts.models import Notice
from common.jobs import enqueue


@transaction.atomic
def notify(*, staff_ids: Iterable[int], text: str, url: str, at: datetime) -> None:
    """One notice for each worker; the mail goes out after the commit, or at the next round if the queue is down."""
    rows = [Notice(staff_id=pk, text=text, url=url, created_at=at) for pk in sorted(set(staff_ids))]
    Notice.objects.bulk_create(rows)
    if rows:
        enqueue("accounts.tasks.mail_notices")


def mail_notices(*, at: datetime, limit: int = 200) -> int:
    """Mail what has not been mailed yet; a mail holds the sentence and the page, nothing else. Returns how many."""
    sent = 0
    with transaction.atomic():
        rows = list(
            Notice.objects.filter(mailed_at__isnull=True)
            .exclude(staff__email="")
            .select_related("staff")
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("created_at", "pk")[:limit]
        )
        if not rows:
            return 0
        with get_connection() as connection:
            for row in rows:
                body = f"{row.text}\n\n{settings.PUBLIC_URL}{row.url}\n"
                EmailMessage("kyosei からの知らせ", body, to=[row.staff.email], connection=connection).send()
                row.mailed_at = at
                row.save(update_fields=["mailed_at"])
                sent += 1
    return sent


@transaction.atomic
def read_notice(*, notice: Notice, at: datetime) -> None:
    """The worker has seen it."""
    if notice.read_at is None:
        notice.read_at = at
        notice.save(update_fields=["read_at"])
