"""Partners without an account, what one of them was asked, and questions about room; by the actions of a person at a screen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from accounts.enums import Ground
from accounts.models import Agency, Area
from cases.enums import CodeList
from cases.models import Case, Code
from kyosei.demo.cast import Cast
from referrals.actions.capacity import answer_capacity, ask_capacity
from referrals.actions.outside_page import answer_page
from referrals.actions.outside_partners import PartnerData, add_partner
from referrals.actions.outside_requests import ask_partner
from referrals.enums_outside import CodeWay
from referrals.models import CapacityAnswer, OutsidePartner
from referrals.selectors import office_hours_deadline

_KEY: Final = UUID("8b0a3a0e-7d2c-4b7a-8f57-0d5f5e7b1c90")

PARTNERS: Final = (
    ("東 久子", "commissioner", "本町地区", "0595632871", "", "夕方以降に電話。見守り、声かけ"),
    ("中森 勝", "commissioner", "松原地区", "0595641190", "", "日中に電話。男性の一人暮らしに詳しい"),
    ("NPO法人 こもれび食堂", "npo", "", "0595615520", "komorebi@example.jp", "子ども食堂（水・土）、食材の届け"),
    ("第二小学校 教頭", "school", "美旗野市立第二小学校", "0595620031", "", "14時以降に電話"),
    ("えがお診療所 相談室", "clinic", "", "0595660808", "soudan@example.jp", "訪問診療、物忘れの相談"),
)  # fmt: skip
QUESTIONS: Final = (
    # who, days ago, text, period, theme, answers (reply, note) in the order of the agencies
    ("houkatsu1", 9, "車いすの方を2週間、泊まりで受けられますか", "来月の上旬から", 0, (("no", "年内は満床です。1月中旬に2床空きます。"), ("no", "車いすは夜間の体制が組めません。"))),
    ("hokenshitsu1", 3, "日中に安心して過ごせる場所が週3回ありますか", "", 1, (("conditions", "火・木なら。送迎はありません。"), None)),
    ("hokenshitsu1", 1, "ペットの犬1匹を入院の間あずかってもらえますか", "10日ほど", 2, (None, None)),
)  # fmt: skip


def ask_outside(cast: Cast, at: datetime) -> None:
    """The directory; one partner asked who has accepted and waits for the code; three questions about room."""
    desk = cast.actor("hokenshitsu1")
    area = Area.objects.order_by("code").first()
    for name, kind, organisation, phone, email, note in PARTNERS:
        add_partner(
            data=PartnerData(name, kind, organisation, area if kind == "commissioner" else None, phone, email, note),
            actor=desk, at=at - timedelta(days=30),
        )  # fmt: skip
    case = Case.objects.visible_to(desk).open().filter(lead_agency=desk.agency_id).order_by("pk").first()
    if case is not None:
        issued = ask_partner(
            case=case, partner=OutsidePartner.objects.get(name="東 久子"), purpose="ごみ出しの日に声をかけ、様子を知らせてほしい",
            ground=Ground.COORDINATION, parts=["concerns"], agreement="", code_way=CodeWay.PHONE, is_mailed=False, actor=desk,
            at=at - timedelta(days=2), request_key=uuid5(_KEY, "ask"),
        )  # fmt: skip
        answer_page(link=issued.link, event="accept", note="火曜と金曜に寄ります", at=at - timedelta(days=1))
    themes = list(Code.objects.filter(code_list=CodeList.CONCERN).order_by("position", "code")[:3])
    for n, row in enumerate(QUESTIONS):
        _ask_room(cast, row, themes, n, at)


def _ask_room(
    cast: Cast, row: tuple[str, int, str, str, int, tuple[tuple[str, str] | None, ...]], themes: list[Code], n: int, at: datetime
) -> None:  # fmt: skip
    who, ago, text, period, theme, answers = row
    actor, asked_at = cast.actor(who), at - timedelta(days=ago)
    others = ("shogai1", "konkyu1")
    agencies: list[Agency] = [cast.actor(other).office()[0] for other in others]
    question = ask_capacity(
        agencies=agencies, theme=themes[theme], area=None, text=text, period=period,
        deadline_at=office_hours_deadline(asked_at, 3), actor=actor, at=asked_at, request_key=uuid5(_KEY, f"room{n}"),
    )  # fmt: skip
    for other, agency, said in zip(others, agencies, answers, strict=True):
        if said is not None:
            answer_capacity(
                answer=CapacityAnswer.objects.get(question=question, agency=agency), reply=said[0], note=said[1],
                actor=cast.actor(other), at=asked_at + timedelta(hours=20),
            )  # fmt: skip
