"""People who have asked for nothing: whom the demo's desks go to unasked, and how far the relationship has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from cases.actions.outreach import (
    AttemptData,
    WorryData,
    agree_to_support,
    begin_outreach,
    end_outreach,
    record_attempt,
)
from cases.models import Outreach
from households.actions.persons import PersonData
from kyosei.demo.cast import Cast

_KEY: Final = UUID("0a9a8a0f-4f0c-4d63-9d38-2f0b8e6b7c11")


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt, ``ago`` days before today; the next one is ``next_in`` days after it."""

    ago: int
    way: str
    answer: str
    note: str
    minutes: int
    next_in: int
    next_text: str = ""
    closeness: str = ""


@dataclass(frozen=True, slots=True)
class Worry:
    """Somebody worries, ``ago`` days before today; ``agrees`` names who it turned out to be."""

    ago: int
    who: str
    described: str
    worry: str
    source: str
    source_name: str
    tries: tuple[Try, ...]
    companion: str = ""
    peer: str = ""
    agrees: tuple[str, str, str, str] | None = None
    ends: tuple[str, str] | None = None


WORRIES: Final[tuple[Worry, ...]] = (
    Worry(74, "hokenshitsu1", "青い屋根の家の息子さん（50代くらい）", "高校を出てから外で見かけない。母親が80代になり、買い物の袋が減った。",
          "welfare", "民生委員 中井さん", (
        Try(70, "home_visit", "family", "玄関で母親と話す。「息子は寝ています」。広報とお便りを渡した。", 25, 14, "母親の体調を聞きながら、また寄る"),
        Try(56, "home_visit", "left", "留守。手書きのメモと、居場所の案内を郵便受けに入れた。", 10, 14),
        Try(42, "letter", "none", "季節のあいさつと、担当の名前だけを書いた手紙を出した。", 15, 14),
        Try(28, "home_visit", "voice", "二階から「置いといてください」と声があった。戸は開かない。", 20, 14, "同じ曜日、同じ時間に行く"),
        Try(14, "home_visit", "met", "玄関まで出てきて、庭の柿の話を五分ほど。目は合わない。", 30, 20, "柿のお礼の葉書を持っていく", "met"),
    ), companion="hokenshitsu1-2", peer="居場所「ひなたぼっこ」の当事者スタッフ"),
    Worry(31, "konkyu1", "アパート「ひかり荘」201号の男性（40代）", "ガスが止まっている。夜だけ明かりがつく。", "shop", "ガス会社の検針員", (
        Try(30, "home_visit", "left", "応答なし。フードバンクの案内と名刺をドアに差した。", 15, 5),
        Try(25, "phone", "none", "大家から聞いた番号に三度かけたが出ない。", 5, 6),
        Try(19, "home_visit", "not_now", "ドア越しに「今はいい」。米と缶詰を置いて帰る。", 20, 17, "食べ物を持ってもう一度"),
    )),
    Worry(66, "kodomo2", "第二小の5年生と、その母親", "夏休み明けから登校が週に一日。提出物に母親の印がない。", "school", "第二小の担任", (
        Try(63, "through", "family", "担任の家庭訪問に同行し、玄関で名前だけ伝えた。", 40, 10),
        Try(52, "phone", "voice", "母親から折り返し。「夜は電話に出られます」。", 15, 10, "夜7時すぎにかける"),
        Try(41, "home_visit", "met", "母親と一時間。仕事を二つかけもちしていること、朝起きられないこと。", 60, 14, "", "talking"),
    ), agrees=("江崎", "美和", "えざき", "みわ")),
    Worry(58, "houkatsu2", "松原2丁目の角の家の高齢の女性", "毎朝出ていた新聞が三日たまっていた。", "neighbour", "となりの方", (
        Try(57, "home_visit", "met", "旅行から戻ったところだった。困りごとはないとのこと。", 20, 7),
    ), ends=("calm", "娘さんと旅行に行っていた。近所にも話が通った。")),
)  # fmt: skip


def reach_out(cast: Cast) -> None:
    """Every worry with its attempts, by the actions that a person at a screen would have called."""
    for n, worry in enumerate(WORRIES):
        _tell(cast, worry, f"{n}")


def _tell(cast: Cast, worry: Worry, key: str) -> None:
    actor = cast.actor(worry.who)
    heard = cast.take(worry.who, cast.day(worry.ago), 15)[0]
    outreach = begin_outreach(
        data=WorryData(
            described=worry.described, worry=worry.worry, source=worry.source, source_name=worry.source_name,
            next_on=(heard + timedelta(days=4)).date(), peer=worry.peer,
            companion=cast.staff(worry.companion) if worry.companion else None,
        ),
        actor=actor, at=heard, request_key=uuid5(_KEY, key),
    )  # fmt: skip
    ended = heard
    for n, attempt in enumerate(worry.tries):
        started, ended = cast.take(worry.who, cast.day(attempt.ago), attempt.minutes)
        record_attempt(
            outreach=outreach, actor=actor, at=ended, request_key=uuid5(_KEY, f"{key}-{n}"),
            data=AttemptData(
                started_at=started, way=attempt.way, answer=attempt.answer, minutes=attempt.minutes, note=attempt.note,
                next_on=(started + timedelta(days=attempt.next_in)).date(), next_text=attempt.next_text,
                closeness=attempt.closeness,
            ),
        )  # fmt: skip
    _finish(cast, worry, outreach, ended)


def _finish(cast: Cast, worry: Worry, outreach: Outreach, at: datetime) -> None:
    actor = cast.actor(worry.who)
    if worry.agrees is not None:
        family, given, family_kana, given_kana = worry.agrees
        agree_to_support(
            outreach=outreach, actor=actor, at=at, agreed_on=at.date(), how="「話を聞いてほしい」と本人から",
            new_person=PersonData(
                family_name=family, given_name=given, family_kana=family_kana, given_kana=given_kana
            ),
        )  # fmt: skip
    elif worry.ends is not None:
        end_outreach(outreach=outreach, reason=worry.ends[0], note=worry.ends[1], actor=actor, at=at)
