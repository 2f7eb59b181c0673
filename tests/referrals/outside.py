"""Partners without an account and questions about room, for tests, made by the real actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency
from cases.models import Case
from referrals.actions.capacity import ask_capacity
from referrals.actions.outside_partners import PartnerData, add_partner
from referrals.actions.outside_requests import Issued, ask_partner
from referrals.enums_outside import CodeWay, OutsideKind
from referrals.models import CapacityQuestion, OutsidePartner
from tests import factories as f
from tests.factories import NOW

PURPOSE = "週に一度、声をかけて様子を見てほしい"
ROOM = "車いすの方を2週間、泊まりで受けられますか"


def partner(actor: Actor, name: str = "東 久子", **fields: Any) -> OutsidePartner:
    known = OutsidePartner.objects.filter(name=name).first()
    data = {
        "kind": OutsideKind.COMMISSIONER, "organisation": "", "area": None, "phone": "0595632222",
        "email": "higashi@example.jp", "note": "", **fields,
    }  # fmt: skip
    return known or add_partner(data=PartnerData(name=name, **data), actor=actor, at=NOW)


def ask(actor: Actor, case: Case, *, at: datetime = NOW, **changes: Any) -> Issued:
    asked = {
        "purpose": PURPOSE, "ground": Ground.ELDER_ABUSE_LAW, "parts": ["basic", "contact", "concerns"], "agreement": "",
        "code_way": CodeWay.PHONE, "is_mailed": False, "request_key": uuid4(), **changes,
    }  # fmt: skip
    asked.setdefault("partner", partner(actor))
    return ask_partner(case=case, actor=actor, at=at, **asked)


def ask_room(
    actor: Actor, agencies: Sequence[Agency], *, at: datetime = NOW, **changes: Any
) -> CapacityQuestion:
    asked = {
        "theme": f.make_code(), "area": None, "text": ROOM, "period": "", "deadline_at": at + timedelta(days=3),
        "request_key": uuid4(), **changes,
    }  # fmt: skip
    return ask_capacity(agencies=agencies, actor=actor, at=at, **asked)
