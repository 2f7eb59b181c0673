"""Mails to a partner without an account: the address of its page, or a code; nothing about anybody. They go out at once,
for the secret in them is kept nowhere: a mail that fails is told to the worker, who makes a new one.
"""

from __future__ import annotations

import smtplib

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from referrals.models import OutsideLink

log = structlog.get_logger(__name__)


def page_url(token: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('outside_page:page', args=[token])}"


def mail_page(link: OutsideLink, token: str) -> bool:
    body = (
        f"{settings.MUNICIPALITY_NAME}の相談窓口から、お願いがあります。\n\n"
        f"次のページを開いて、返事をお聞かせください（8日間有効です）。\n{page_url(token)}\n\n"
        "このアドレスは、ほかの人に転送しないでください。\n"
    )
    return _send(link, "お願いがあります", body)


def mail_code(link: OutsideLink, code: str) -> bool:
    body = (
        f"引き受けていただき、ありがとうございます。\n\nコード：{code}\n\n"
        "お願いのページに入れてください（24時間有効、1回だけ使えます）。\n"
    )
    return _send(link, "コードのお知らせ", body)


def _send(link: OutsideLink, subject: str, body: str) -> bool:
    try:
        EmailMessage(subject, body, to=[link.request.partner.email]).send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("outside_mail_failed", link=link.pk, error=type(error).__name__)
        return False
    return True
