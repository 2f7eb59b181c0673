"""What every page shows around its content: navigation by role, actor, municipality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.actor import Actor
from accounts.roles import Permission
from cases.selectors.break_glass import running
from common.templatetags.addresses import address


@dataclass(frozen=True, slots=True)
class NavItem:
    label: str
    url: str
    key: str
    current: bool
    count: int | None = None


NAV: tuple[tuple[str, str, str, tuple[Permission, ...]], ...] = (
    ("ホーム", "home", "h", ()),
    ("相談", "consultations:list", "s", (Permission.CONSULTATION_RECEIVE,)),
    ("世帯", "households:list", "f", (Permission.HOUSEHOLD_VIEW,)),
    ("ケース", "cases:list", "c", (Permission.CASE_VIEW,)),
    ("気がかり", "worries:list", "a", (Permission.CASE_VIEW,)),
    ("見守り", "cases:watch_list", "o", (Permission.CASE_VIEW,)),
    ("アウトリーチ", "outreach:list", "r", (Permission.CASE_WRITE,)),
    ("分野の調整", "referrals:director", "d", (Permission.SECTOR_VIEW,)),
    ("つなぎ", "referrals:list", "t", (Permission.REFERRAL_VIEW,)),
    ("会議", "conferences:list", "m", (Permission.CONFERENCE_VIEW,)),
    ("業務記録", "work:week", "w", (Permission.WORK_RECORD,)),
    ("按分", "apportionment:list", "b", (Permission.APPORTION_VIEW,)),
    (
        "管理",
        "manage:index",
        "k",
        (Permission.STAFF_ADMIN, Permission.AUDIT_VIEW, Permission.TRAIL_AGENCY, Permission.CONFERENCE_RULES),
    ),
)

# pages with an address of their own that stand among the tabs of another entry
UNDER: dict[str, str] = {"claims:list": "apportionment:list"}


def _place(name: str) -> str:
    return address(name, [], None) or reverse(name)


def _nav(request: HttpRequest, actor: Actor) -> list[NavItem]:
    shown = [
        (label, _place(name), key)
        for label, name, key, needed in NAV
        if not needed or any(map(actor.has, needed))
    ]
    path = next(
        (_place(main) for part, main in UNDER.items() if request.path.startswith(_place(part))),
        request.path,
    )
    # the page belongs to the longest address that it begins with: /cases/watch/ is not ケース
    here = max((url for _, url, _ in shown if url != "/" and path.startswith(url)), key=len, default="")
    return [NavItem(label, url, key, url == (here or path)) for label, url, key in shown]


def layout(request: HttpRequest) -> dict[str, Any]:
    """Variables of base.html; the navigation is made where it is shown, not for a part. Makes no query, but one for a worker who has opened a case in an emergency."""
    actor = getattr(request, "actor", None)
    if actor is None or not request.user.is_authenticated:
        return {
            "nav_items": [],
            "actor": None,
            "can_receive": False,
            "broken_glass": [],
            "municipality": settings.MUNICIPALITY_NAME,
        }
    return {
        "nav_items": SimpleLazyObject(lambda: _nav(request, actor)),
        "actor": actor,
        "can_receive": actor.has(Permission.CONSULTATION_RECEIVE),
        "broken_glass": running(actor, timezone.now()),
        "municipality": settings.MUNICIPALITY_NAME,
    }
