"""Partners without an account, what one of them was asked, and questions about room; by the actions of a person at a screen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from accounts.enums import Ground
from accounts.models import Area
from cases.enums import CodeList
from cases.models import Case, Code
from kyosei.demo.cast import Cast
from referrals.actions.capacity import answer_capacity, ask_capacity
from referrals.actions.outside_page import answer_page, finish_page, give_code
from referrals.actions.outside_partners import PartnerData, add_partner
from referrals.actions.outside_requests import ask_partner, make_code
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
# who asked whom how many days ago, of which of the cases that they lead, for what; the answer, and what came of it
REQUESTS: Final = (
    ("hokenshitsu1", "東 久子", 2, 0, "ごみ出しの日に声をかけ、様子を知らせてほしい", ("accept", "火曜と金曜に寄ります"), ()),
    ("hokenshitsu9", "中森 勝", 24, 0, "週に一度、玄関先で話をしてほしい", ("accept", "水曜の午前に伺います"),
     ("done", "三度会えた。畑の話をよくする。来月からは自分も世話役として声をかける。")),
    ("kodomo1", "NPO法人 こもれび食堂", 6, 0, "土曜の食堂に、親子で来られるよう迎えてほしい", ("accept_partly", "食事はできます。送り迎えは別の人を探してください。"), ()),
    ("konkyu1", "えがお診療所 相談室", 5, 0, "訪問診療で、眠れない相談を聞いてほしい", ("confer", "主治医と話してから決めたい"), ()),
    ("houkatsu1", "中森 勝", 1, 1, "二週間に一度、雨戸が開いているか見てほしい", (), ()),
    ("hokenshitsu10", "第二小学校 教頭", 11, 0, "兄弟の登校のようすを知らせてほしい", (), ()),
)  # fmt: skip
SHOGAI, KONKYU, KOREI, SHAKYO = "shogai1", "konkyu1", "houkatsu1", "shakyo1"
QUESTIONS: Final = (
    # who, days ago, text, period, theme, area, answers (who, reply, note; "" has not answered)
    ("houkatsu1", 9, "車いすの方を2週間、泊まりで受けられますか", "来月の上旬から", 0, 1,
     ((SHOGAI, "no", "年内は満床です。1月中旬に2床空きます。"), (KONKYU, "no", "車いすは夜間の体制が組めません。"))),
    ("hokenshitsu1", 3, "日中に安心して過ごせる場所が週3回ありますか", "", 1, 1, ((SHOGAI, "conditions", "火・木なら。送迎はありません。"), (KONKYU, "", ""))),
    ("hokenshitsu1", 1, "ペットの犬1匹を入院の間あずかってもらえますか", "10日ほど", 2, None, ((SHOGAI, "", ""), (KONKYU, "", ""))),
    ("hokenshitsu9", 40, "夜間の見守りつきの部屋が1室ありますか", "3か月ほど", 0, 9, ((KONKYU, "no", "今年度は埋まっています。"), (SHAKYO, "no", "心当たりがありません。"))),
    ("kodomo1", 33, "小学生2人を、夜8時まで預かれますか", "平日のみ", 3, 4, ((SHAKYO, "no", "夕方6時までです。"),)),
    ("konkyu1", 28, "保証人なしで入れる部屋がありますか", "来月から", 4, None, ((SHAKYO, "conditions", "見守りの登録があれば2室。"), (KOREI, "no", "高齢者向けの住宅だけです。"))),
    ("hokenshitsu10", 21, "人の少ない作業の場が週2回ありますか", "", 1, 10, ((SHOGAI, "no", "4月まで空きません。"), (SHAKYO, "no", "静かな部屋は予約で埋まっています。"))),
    ("shogai1", 16, "車いすで乗れる送迎が週1回ありますか", "", 5, 14, ((SHAKYO, "no", "運転の協力員が足りません。"), (KOREI, "no", "通所の車は満席です。"))),
    ("houkatsu1", 12, "買い物の付き添いが週1回できますか", "", 5, 7, ((SHAKYO, "yes", "水曜の午前なら来週から。"),)),
)  # fmt: skip


def ask_outside(cast: Cast, at: datetime) -> None:
    """The directory; partners asked, of whom some have answered and one has told what came of it; questions about room."""
    desk = cast.actor("hokenshitsu1")
    area = Area.objects.order_by("code").first()
    for name, kind, organisation, phone, email, note in PARTNERS:
        add_partner(
            data=PartnerData(name, kind, organisation, area if kind == "commissioner" else None, phone, email, note),
            actor=desk, at=at - timedelta(days=30),
        )  # fmt: skip
    for n, request in enumerate(REQUESTS):
        _ask(cast, request, n, at)
    themes = list(Code.objects.filter(code_list=CodeList.CONCERN).order_by("position", "code")[:6])
    for n, row in enumerate(QUESTIONS):
        _ask_room(cast, row, themes, n, at)


def _ask(
    cast: Cast, row: tuple[str, str, int, int, str, tuple[str, ...], tuple[str, ...]], n: int, at: datetime
) -> None:
    who, partner, ago, which, purpose, answer, result = row
    actor, asked_at = cast.actor(who), at - timedelta(days=ago)
    led = Case.objects.visible_to(actor).open().filter(lead_agency=actor.agency_id).order_by("pk")
    case = led[which : which + 1].first()
    if case is None:
        return
    issued = ask_partner(
        case=case, partner=OutsidePartner.objects.get(name=partner), purpose=purpose, ground=Ground.COORDINATION,
        parts=["concerns"], agreement="", code_way=CodeWay.PHONE, is_mailed=False, actor=actor, at=asked_at,
        request_key=uuid5(_KEY, f"ask{n}"),
    )  # fmt: skip
    if answer:
        heard_at = asked_at + timedelta(hours=20)
        answer_page(link=issued.link, event=answer[0], note=answer[1], at=heard_at)
    if result:
        code = make_code(request=issued.request, actor=actor, at=heard_at + timedelta(hours=1))
        browser = give_code(link=issued.link, code=code, keeps_secret=True, at=heard_at + timedelta(hours=2))
        finish_page(
            link=issued.link, browser=browser, outcome=result[0], note=result[1], at=asked_at + timedelta(days=7)
        )  # fmt: skip


def _ask_room(
    cast: Cast, row: tuple[str, int, str, str, int, int | None, tuple[tuple[str, str, str], ...]], themes: list[Code], n: int,
    at: datetime,
) -> None:  # fmt: skip
    who, ago, text, period, theme, area, answers = row
    actor, asked_at = cast.actor(who), at - timedelta(days=ago)
    question = ask_capacity(
        agencies=[cast.actor(other).office()[0] for other, _, _ in answers], theme=themes[theme],
        area=Area.objects.get(code=f"area-{area:02d}") if area else None, text=text, period=period,
        deadline_at=office_hours_deadline(asked_at, 3), actor=actor, at=asked_at, request_key=uuid5(_KEY, f"room{n}"),
    )  # fmt: skip
    for other, reply, note in answers:
        if reply:
            answer_capacity(
                answer=CapacityAnswer.objects.get(question=question, agency=cast.actor(other).agency), reply=reply,
                note=note, actor=cast.actor(other), at=asked_at + timedelta(hours=20),
            )  # fmt: skip
