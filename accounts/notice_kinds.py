"""Kinds of 知らせ, how pressing each is, and the ways in which a worker may hear of it. No model is imported here."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices


class NoticeKind(TextChoices):
    """What a notice is about, in words that a mail may hold: they tell nothing of anybody."""

    BREAK_GLASS = "break_glass", "緊急閲覧"
    ESCALATION = "escalation", "期限を過ぎたつなぎ"
    REFERRAL = "referral", "つなぎ"
    ANSWER = "answer", "つなぎの返事と結果"
    CASE = "case", "担当の動き"
    WATCH = "watch", "見守り"
    CONFERENCE = "conference", "会議"
    HANDOVER = "handover", "引き継ぎ"
    ABSENCE = "absence", "不在と代理"
    RIGHTS = "rights", "権限"
    OTHER = "other", "その他"


class Urgency(TextChoices):
    """緊急度. What is urgent is told at once, whatever the person chose."""

    URGENT = "urgent", "急ぎ"
    ACTION = "action", "動く必要があるもの"
    NEWS = "news", "知っておくもの"


class NoticeWay(TextChoices):
    """How a person hears of a kind of urgency by mail; the home page shows every notice anyway."""

    AT_ONCE = "at_once", "すぐにメール"
    DIGEST = "digest", "1日1回まとめてメール"
    NONE = "none", "メールしない"


class Channel(TextChoices):
    """The way that one notice takes to one person. A reminder follows a letter of which nobody knows whether it went."""

    AT_ONCE = "at_once", "すぐに"
    REMINDER = "reminder", "再度の知らせ"
    DIGEST = "digest", "まとめて"
    PAGE = "page", "ホームだけ"


class DeliveryState(TextChoices):
    WAITING = "waiting", "送る前"
    SENDING = "sending", "送っている"
    SENT = "sent", "送った"
    UNSURE = "unsure", "送れたか分からない"
    FAILED = "failed", "送れなかった"
    SKIPPED = "skipped", "送る必要がなくなった"


URGENCY: Final[dict[NoticeKind, Urgency]] = {
    NoticeKind.BREAK_GLASS: Urgency.URGENT,
    NoticeKind.ESCALATION: Urgency.URGENT,
    NoticeKind.REFERRAL: Urgency.ACTION,
    NoticeKind.ANSWER: Urgency.NEWS,
    NoticeKind.CASE: Urgency.ACTION,
    NoticeKind.WATCH: Urgency.ACTION,
    NoticeKind.CONFERENCE: Urgency.ACTION,
    NoticeKind.HANDOVER: Urgency.ACTION,
    NoticeKind.ABSENCE: Urgency.ACTION,
    NoticeKind.RIGHTS: Urgency.ACTION,
    NoticeKind.OTHER: Urgency.ACTION,
}
# where the person chose nothing
USUAL: Final[dict[Urgency, NoticeWay]] = {
    Urgency.URGENT: NoticeWay.AT_ONCE,
    Urgency.ACTION: NoticeWay.AT_ONCE,
    Urgency.NEWS: NoticeWay.DIGEST,
}
CHANNEL: Final[dict[NoticeWay, Channel]] = {
    NoticeWay.AT_ONCE: Channel.AT_ONCE,
    NoticeWay.DIGEST: Channel.DIGEST,
    NoticeWay.NONE: Channel.PAGE,
}


def channel_after(channel: Channel, urgency: Urgency) -> Channel | None:
    """What follows a letter that may or may not have gone: another one for what is urgent, then the next digest."""
    if channel is Channel.AT_ONCE and urgency is Urgency.URGENT:
        return Channel.REMINDER
    return Channel.DIGEST if channel in (Channel.AT_ONCE, Channel.REMINDER) else None
