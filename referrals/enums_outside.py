"""Choices of requests to partners without an account, and of questions about capacity."""

from __future__ import annotations

from django.db.models import TextChoices


class OutsideKind(TextChoices):
    COMMISSIONER = "commissioner", "民生委員・児童委員"
    NPO = "npo", "NPO・ボランティア"
    SCHOOL = "school", "学校・園"
    CLINIC = "clinic", "病院・診療所"
    NEIGHBOURS = "neighbours", "自治会・町内会"
    BUSINESS = "business", "事業者"
    OTHER = "other", "その他"


class CodeWay(TextChoices):
    """The second channel: it is never the way by which the link goes."""

    PHONE = "phone", "電話で職員が伝える"
    MAIL = "mail", "メールで送る"


class OutsideOutcome(TextChoices):
    """What came of it, in the words of the partner's page."""

    DONE = "done", "お願いのとおりできた"
    PARTLY = "partly", "一部ができた"
    NOT_MET = "not_met", "本人に会えなかった"
    WORSE = "worse", "心配なことがあった"
    NOT_NEEDED = "not_needed", "必要がなくなった"
    CASE_CLOSED = "case_closed", "ケースの終結"


class CapacityReply(TextChoices):
    """An answer about room, never about a person: whom it would be for is not known to who answers."""

    YES = "yes", "受けられる"
    CONDITIONS = "conditions", "条件つきで受けられる"
    NO = "no", "いまは空きがない"


POSITIVE = (CapacityReply.YES, CapacityReply.CONDITIONS)
