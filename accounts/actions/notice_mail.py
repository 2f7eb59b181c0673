"""Letters of 知らせ: at once, and once a day. A row is marked before its letter leaves (decision 0014): never twice.

A letter says how many of which kind wait and where to read them. It holds no name, no number of a case, no address.
"""

from __future__ import annotations

import smtplib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actions.notice_delivery import address_notices, make_row, retry_after
from accounts.actor import Actor
from accounts.models import Notice, NoticeDelivery, Staff
from accounts.notice_kinds import Channel, DeliveryState, NoticeKind, Urgency, channel_after
from accounts.roles import Permission
from audit.actions import record
from common.errors import NotAllowed
from common.japan.business_days import is_working_day
from common.japan.wareki import format_wareki

log = structlog.get_logger(__name__)
GIVE_UP: Final = 12  # attempts: about a day
LOST_AFTER: Final = timedelta(minutes=10)  # a letter that is still being sent then was interrupted
AT_ONCE: Final = (Channel.AT_ONCE, Channel.REMINDER)
FEW: Final = 500  # letters in one round


class _Unsure(Exception):
    """The connection broke while the letter was handed over: it may have been taken or not."""


def mail_notices(*, at: datetime) -> int:
    """One round: find out whom to tell, look after what was interrupted, send what is due. Returns the letters sent."""
    address_notices(at=at)
    recover_interrupted(at=at)
    return send_at_once(at=at) + send_digests(at=at)


def recover_interrupted(*, at: datetime) -> int:
    """Rows whose sender died after marking them. Whether the letter left is not known, so it is not sent again."""
    stale = NoticeDelivery.objects.filter(state=DeliveryState.SENDING, claimed_at__lte=at - LOST_AFTER)
    count = 0
    for pk in list(stale.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = stale.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if row is not None:
                _unsure([row], at=at)
                count += 1
    return count


def _unsure(rows: list[NoticeDelivery], *, at: datetime) -> None:
    """Mark them; what is still unread comes by the next way: a reminder for what is urgent, then the daily digest."""
    follow = []
    for row in rows:
        row.state, row.error = DeliveryState.UNSURE, "送っている途中で止まりました"
        row.save(update_fields=["state", "error"])
        channel = channel_after(Channel(row.channel), row.notice.urgency)
        if channel is not None and row.notice.read_at is None:
            follow.append(make_row(row.notice_id, row.staff_id, channel, at))
    NoticeDelivery.objects.bulk_create(follow, ignore_conflicts=True)


# ── At once ─────────────────────────────────────────────────────────────────────────────────────────────────


def send_at_once(*, at: datetime) -> int:
    """Each letter that is due, one after the other."""
    sent = 0
    for pk in list(
        NoticeDelivery.objects.due(at)
        .filter(channel__in=AT_ONCE)
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)[:FEW]
    ):
        row = _claim(pk, at)
        if row is not None:
            sent += _hand_over([row], _letter(row, at), at=at)
    return sent


@transaction.atomic
def _claim(pk: int, at: datetime) -> NoticeDelivery | None:
    """The row, marked as being sent; None when another worker has it, or when nobody needs the letter any more."""
    row = (
        NoticeDelivery.objects.due(at)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("notice", "staff")
        .filter(pk=pk)
        .first()
    )
    if row is None or not _mark([row], at):
        return None
    return row


def _mark(rows: list[NoticeDelivery], at: datetime) -> list[NoticeDelivery]:
    """Rows whose reader has not read yet and still is the one to read are marked; the others need no letter."""
    needed = []
    for row in rows:
        readable = Notice.objects.readable_by(row.staff_id, timezone.localdate(at)).unread()
        if row.staff.email and readable.filter(pk=row.notice_id).exists() and row.staff.is_active:
            row.state, row.claimed_at, row.attempts = DeliveryState.SENDING, at, row.attempts + 1
            needed.append(row)
        else:
            row.state = DeliveryState.SKIPPED
        row.save(update_fields=["state", "claimed_at", "attempts"])
    return needed


def _unread_count(staff_id: int, at: datetime) -> int:
    return Notice.objects.readable_by(staff_id, timezone.localdate(at)).unread().count()


def _letter(row: NoticeDelivery, at: datetime) -> EmailMessage:
    notice = row.notice
    kind = NoticeKind(notice.kind).label
    urgent = "【急ぎ】" if notice.urgency is Urgency.URGENT else ""
    lines = [f"「{kind}」の知らせが1件あります。"]
    if notice.staff_id != row.staff_id:
        lines.append("不在の人の代わりに、あなたに届いています。")
    if row.channel == Channel.REMINDER:
        lines.append("先ほどの知らせが届いたか分からないため、もう一度お知らせします。")
    lines.append(f"まだ読んでいない知らせは、これを入れて{_unread_count(row.staff_id, at)}件です。")
    url = settings.PUBLIC_URL + reverse("accounts:notice", args=[row.notice_id])
    lines += ["", "内容はkyoseiで見てください。このメールには書いていません。", url]
    return _message(
        row.staff.email,
        f"{urgent}kyosei 知らせ1件（{kind}）",
        lines,
        key=f"notice-{row.notice_id}-{row.channel}-{row.staff_id}",
    )


# ── Once a day ──────────────────────────────────────────────────────────────────────────────────────────────


def send_digests(*, at: datetime) -> int:
    """One letter for each person who has something due, on working days."""
    if not is_working_day(timezone.localdate(at)):
        return 0
    due = NoticeDelivery.objects.due(at).filter(channel=Channel.DIGEST)
    sent = 0
    for staff_id in list(due.order_by("staff").values_list("staff", flat=True).distinct()[:FEW]):
        rows = _claim_digest(staff_id, at)
        if rows:
            sent += _hand_over(rows, _digest(rows, at), at=at)
    return sent


@transaction.atomic
def _claim_digest(staff_id: int, at: datetime) -> list[NoticeDelivery]:
    """All that is due for one person; the lock on the person keeps two workers from making two letters of it."""
    person = Staff.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).filter(pk=staff_id)
    if person.first() is None:
        return []
    rows = NoticeDelivery.objects.due(at).filter(channel=Channel.DIGEST, staff=staff_id)
    locked = rows.select_for_update(of=("self",)).select_related("notice", "staff").order_by("pk")
    return _mark(list(locked), at)


def _digest(rows: list[NoticeDelivery], at: datetime) -> EmailMessage:
    """「令和8年11月24日（火）の知らせ」: how many of each kind, how many of them for others, how many are older."""
    first = rows[0]
    kinds = Counter(NoticeKind(row.notice.kind).label for row in rows)
    lines = [f"{format_wareki(timezone.localdate(at))}の知らせです。", ""]
    lines += [f"・{kind}　{n}件" for kind, n in sorted(kinds.items())]
    for_others = sum(row.notice.staff_id != row.staff_id for row in rows)
    if for_others:
        lines.append(f"このうち{for_others}件は、不在の人の代わりに届いています。")
    older = _unread_count(first.staff_id, at) - len(rows)
    if older > 0:
        lines.append(f"ほかに、まだ読んでいない知らせが{older}件あります。")
    lines += [
        "",
        "内容はkyoseiで見てください。このメールには書いていません。",
        settings.PUBLIC_URL + reverse("home"),
    ]
    key = f"digest-{min(row.pk for row in rows)}-{first.staff_id}"
    return _message(first.staff.email, f"kyosei 今日の知らせ{len(rows)}件", lines, key=key)


# ── The post office ─────────────────────────────────────────────────────────────────────────────────────────


def _message(to: str, subject: str, lines: list[str], *, key: str) -> EmailMessage:
    """``key`` makes the Message-ID: should a letter ever come twice, the reader's program knows it."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "kyosei"
    return EmailMessage(subject, "\n".join(lines) + "\n", to=[to], headers={"Message-ID": f"<{key}@{host}>"})


def _hand_over(rows: list[NoticeDelivery], letter: EmailMessage, *, at: datetime) -> int:
    """Give one letter to the post office and write down what became of it. Returns 1 when it was taken."""
    try:
        _post(letter)
    except _Unsure:
        with transaction.atomic():
            _unsure(rows, at=at)
        return 0
    except (OSError, smtplib.SMTPException) as error:
        _refused(rows, error, at=at)
        return 0
    pks = [row.pk for row in rows]
    NoticeDelivery.objects.filter(pk__in=pks, state=DeliveryState.SENDING).update(
        state=DeliveryState.SENT, sent_at=at, error=""
    )
    return 1


def _post(letter: EmailMessage) -> None:
    """Raises ``_Unsure`` where the connection broke after it stood; everything else is a clear refusal."""
    connection = get_connection()
    connection.open()
    letter.connection = connection
    try:
        letter.send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
        raise
    except (OSError, smtplib.SMTPException) as error:
        raise _Unsure from error
    finally:
        connection.close()


def _refused(rows: list[NoticeDelivery], error: Exception, *, at: datetime) -> None:
    """The letter did not leave: it is tried again, later and later; in the end the administrator looks."""
    log.warning("mail_refused", error=type(error).__name__)
    for row in rows:
        row.state, row.error = DeliveryState.WAITING, _words(error)
        row.due_at = at + retry_after(row.attempts)
        if row.attempts >= GIVE_UP:
            row.state = DeliveryState.FAILED
        row.save(update_fields=["state", "error", "due_at"])


def _words(error: Exception) -> str:
    """Why, without what the server said: that may hold an address."""
    code: Any = getattr(error, "smtp_code", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next((code for code, _ in error.recipients.values()), None)
    if code is not None:
        return f"メールサーバーが断りました（{code}）"
    return "メールサーバーにつながりません"


def send_again(*, actor: Actor, at: datetime) -> int:
    """The administrator has mended what was wrong: all that was given up, and all that waits for its next try, is due."""
    if not actor.has(Permission.STAFF_ADMIN):
        raise NotAllowed("メールの再送は、システム管理者が行います。")
    with transaction.atomic():
        rows = NoticeDelivery.objects.filter(
            state__in=[DeliveryState.FAILED, DeliveryState.WAITING], attempts__gt=0
        )
        count = rows.update(state=DeliveryState.WAITING, attempts=0, due_at=at)
        if count and actor.agency is not None:
            record(actor=actor, action="notice.send_again", target=actor.agency, at=at, letters=count)
    return count
