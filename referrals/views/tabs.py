"""The tabs above everything that lies between agencies and partners."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.actor import Actor
from accounts.roles import Permission


def referral_tabs(actor: Actor, current: str) -> list[dict[str, Any]]:
    url = reverse("referrals:list")
    tabs = [("sector", "分野の状況", f"{url}?tab=sector")] if actor.has(Permission.SECTOR_VIEW) else []
    tabs += [
        ("waiting", "返事待ち", f"{url}?tab=waiting"),
        ("results", "結果待ち", f"{url}?tab=results"),
        ("history", "済み・すべて", f"{url}?tab=history"),
        ("capacity", "受け入れの問い合わせ", reverse("capacity:list")),
        ("outside", "協力者", reverse("outside:partners")),
    ]
    return [{"label": label, "url": to, "current": key == current, "count": None} for key, label, to in tabs]
