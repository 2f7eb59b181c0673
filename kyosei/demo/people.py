"""The quieter households of the demo: who they are, what they came with, and where they stand today."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Final

from kyosei.demo.steps import (
    Answer,
    Close,
    Contact,
    Item,
    Note,
    Refer,
    Someone,
    Step,
    Story,
    Withdraw,
)
from kyosei.demo.texts import AGAIN, CONTACTS, THEMES

F, M = "female", "male"


@dataclass(frozen=True, slots=True)
class Quiet:
    """One household: theme, first contact so many days ago, who supports it, where it stands.

    ``refer``: (agency, answer, who answers) or (agency, "", "") for one that waits; ``due``: days from today of its
    deadline. ``next_in``: the next date. ``follow_in``: closed, with a follow-up in so many days.
    """

    key: str
    person: Someone
    address: str
    theme: str
    ago: int
    who: str
    notes: int
    refer: tuple[str, str, str] = ("", "", "")
    due: float = 3
    next_in: int | None = None
    follow_in: int | None = None
    consent: str = ""
    consent_ends_in: int | None = None


S = Someone
QUIET: Final = (
    Quiet("q01", S("東", "富美子", "ひがし", "ふみこ", 81, F, "0595-63-4410"), "美旗野市本町1丁目4番地2", "alone", 112, "hokenshitsu1", 8, ("houkatsu", "join", "houkatsu3"), next_in=0),
    Quiet("q02", S("富田", "清", "とみた", "きよし", 86, M, "0595-63-5521"), "美旗野市本町5丁目9番地1", "care", 98, "hokenshitsu1-2", 8, ("houkatsu", "take_lead", "houkatsu2"), consent="yes"),
    Quiet("q03", S("奥村", "学", "おくむら", "まなぶ", 55, M, "090-2217-3390"), "美旗野市梅ヶ原1丁目12番地", "work", 104, "konkyu1", 8, ("shakyo", "join", "shakyo2"), next_in=2),
    Quiet("q04", S("早川", "早苗", "はやかわ", "さなえ", 42, F, "080-3319-6675"), "美旗野市若葉台4丁目2番地8", "child", 91, "kodomo1", 8, ("kyoiku", "join", "kyoiku1"), next_in=-4, consent="yes"),
    Quiet("q05", S("大塚", "修", "おおつか", "おさむ", 73, M, "0595-64-2093"), "美旗野市桜木2丁目15番地6", "alone", 86, "hokenshitsu4", 7, ("houkatsu", "to_conference", "houkatsu4")),
    Quiet("q06", S("栗原", "拓也", "くりはら", "たくや", 31, M, "070-1145-2208"), "美旗野市赤坂谷3丁目7番地", "mind", 83, "shogai1", 8, ("kikan", "join", "kikan2"), consent="yes", consent_ends_in=12, next_in=1),
    Quiet("q07", S("今村", "明美", "いまむら", "あけみ", 64, F, "090-6672-1083", birthday_in=24), "美旗野市松原1丁目22番地4", "money", 80, "konkyu2", 8, ("shakyo", "join", "shakyo1"), consent="yes"),
    Quiet("q08", S("岡", "正一", "おか", "しょういち", 77, M, "0595-65-7702"), "美旗野市百合野4丁目1番地13", "care", 77, "hokenshitsu7-2", 7, ("houkatsu", "join", "houkatsu4")),
    Quiet("q09", S("本間", "洋平", "ほんま", "ようへい", 39, M, "080-7781-0094"), "美旗野市すみれ台2丁目3番地5", "mind", 72, "shogai2", 7),
    Quiet("q10", S("片山", "美咲", "かたやま", "みさき", 27, F, "090-4403-8816"), "美旗野市国見1丁目6番地2", "child", 69, "kodomo2", 7, next_in=6),
    Quiet("q11", S("大石", "房江", "おおいし", "ふさえ", 90, F, "0595-66-1184"), "美旗野市比奈野5丁目2番地", "alone", 67, "hokenshitsu10-2", 7),
    Quiet("q12", S("西山", "隆", "にしやま", "たかし", 49, M, "090-9938-2217"), "美旗野市川東1丁目8番地16", "money", 64, "konkyu3", 7, ("houkatsu", "withdraw", "konkyu3")),
    Quiet("q13", S("松村", "節子", "まつむら", "せつこ", 79, F, "0595-67-3345"), "美旗野市桐が丘3丁目11番地7", "care", 60, "houkatsu1", 8, ("hokenshitsu-12", "join", "hokenshitsu12"), consent="yes", next_in=3),
    Quiet("q14", S("内藤", "翔太", "ないとう", "しょうた", 19, M, "080-5526-7741"), "美旗野市柏木原2丁目9番地", "work", 56, "konkyu1", 7, ("shogai", "", ""), due=1.5),
    Quiet("q15", S("永田", "典子", "ながた", "のりこ", 62, F, "0595-68-0431"), "美旗野市青峰6丁目3番地2", "money", 53, "shakyo1", 7, ("konkyu", "", ""), due=0.4),
    Quiet("q16", S("望月", "保", "もちづき", "たもつ", 84, M, "0595-68-9920"), "美旗野市三ツ池3丁目5番地8", "alone", 50, "hokenshitsu15-2", 6, ("shakyo", "", ""), due=4),
    Quiet("q17", S("尾崎", "友美", "おざき", "ともみ", 34, F, "070-3380-4419"), "美旗野市若葉台1丁目16番地3", "child", 47, "kodomo1", 7, ("hokenshitsu-01", "", ""), due=2.5, consent="yes"),
    Quiet("q18", S("黒田", "浩二", "くろだ", "こうじ", 52, M, "090-1186-5037"), "美旗野市本町2丁目7番地7", "mind", 43, "hokenshitsu1", 6, ("shogai", "to_conference", "shogai3"), next_in=-2),
    Quiet("q19", S("大谷", "照子", "おおたに", "てるこ", 75, F, "0595-63-8808"), "美旗野市松原5丁目5番地1", "care", 36, "houkatsu1", 6, ("shakyo", "join", "shakyo3")),
    Quiet("q20", S("星野", "陽子", "ほしの", "ようこ", 46, F, "080-2294-6610"), "美旗野市すみれ台1丁目8番地9", "money", 33, "konkyu1", 6, ("kodomo", "", ""), due=0.8, consent="yes"),
    Quiet("q21", S("川村", "蓮", "かわむら", "れん", 14, M, "", birthday_in=38), "美旗野市桜木4丁目2番地2", "child", 27, "kyoiku1", 6, ("kodomo", "join", "kodomo1"), next_in=1),
    Quiet("q22", S("田辺", "忠男", "たなべ", "ただお", 71, M, "0595-64-5567"), "美旗野市国見2丁目13番地4", "alone", 23, "hokenshitsu9", 4),
    Quiet("q23", S("熊谷", "瞳", "くまがい", "ひとみ", 30, F, "090-7724-9905"), "美旗野市川東3丁目1番地6", "mind", 19, "shogai1", 4, ("kyoiku", "", ""), due=3.5),
    Quiet("q24", S("大久保", "利夫", "おおくぼ", "としお", 69, M, "0595-66-8841"), "美旗野市百合野2丁目10番地3", "work", 109, "shakyo1", 6, follow_in=4),
    Quiet("q25", S("荒木", "真由美", "あらき", "まゆみ", 44, F, "080-1107-3328"), "美旗野市梅ヶ原2丁目4番地10", "money", 105, "konkyu1", 6, follow_in=-5),
    Quiet("q26", S("浅野", "キヨ", "あさの", "きよ", 92, F, "0595-65-1176"), "美旗野市比奈野3丁目9番地", "alone", 101, "hokenshitsu1", 6, follow_in=2),
)  # fmt: skip
_VISITS: Final = (
    "home_visit",
    "phone",
    "home_visit",
    "visit_desk",
    "accompany",
    "phone",
    "agency",
    "home_visit",
)
_ROUTES: Final = {"phone": "r02", "visit_desk": "r01", "home_visit": "r05"}


def quiet_stories() -> list[Story]:
    """The households of the table, told from the theme's sentences: none twice in one household."""
    serial = {theme: count() for theme in THEMES}
    return [_story(row, next(serial[row.theme])) for row in QUIET]


def _story(row: Quiet, n: int) -> Story:
    concerns, pressing, openings, notes, strengths, problems = THEMES[row.theme]
    way = ("visit_desk", "phone", "home_visit")[n % 3]
    closed_ago = 30 if row.follow_in is not None else None
    last = closed_ago or 3
    steps: list[Step] = [
        Contact(row.ago, row.who, way, 30 + 10 * (n % 3), openings[n % len(openings)], concerns, pressing,
                route=_ROUTES[way], consent=row.consent or "unknown", consent_ends_in=row.consent_ends_in),
        Item(row.ago - 1, row.who, "strength", strengths[n % 2]),
        Item(row.ago - 1, row.who, "problem", problems[n % 2]),
    ]  # fmt: skip
    span = row.ago - 2 - last
    for k in range(row.notes):
        ago = row.ago - 2 - span * k // max(row.notes - 1, 1)
        is_last = k == row.notes - 1
        steps.append(
            Note(ago, row.who, _VISITS[(n + k) % 8], (20, 40, 30, 50, 60, 15, 25, 45)[(n + k) % 8],
                 notes[(n * 3 + k) % len(notes)], row.next_in if is_last else None,
                 "様子を伺う約束" if is_last and row.next_in is not None else "")
        )  # fmt: skip
    if row.notes > 6:
        steps.append(Contact(row.ago - span // 2, row.who, "visit_desk", 25, AGAIN[row.theme], concerns))
    steps += _referral(row)
    if closed_ago is not None:
        steps.append(
            Close(
                closed_ago - 2, row.who, "z01", "本人の希望どおり、地域の見守りに引き継いだ。", row.follow_in
            )
        )
    return Story(row.key, row.person, row.address, tuple(steps), row.person.phone)


_ASKS: Final = {
    "houkatsu": "介護の見立てと制度の利用を一緒に考えてほしい", "shogai": "障害福祉サービスの利用を一緒に考えてほしい",
    "konkyu": "家計と仕事の相談を受けてほしい", "kodomo": "子どもと家庭の様子を一緒に見守ってほしい",
    "kyoiku": "学校での過ごし方を一緒に考えてほしい", "shakyo": "貸付と地域の見守りについて加わってほしい",
    "kikan": "日中の過ごし方を一緒に探してほしい", "hokenshitsu-01": "近くの保健室から日ごろの声かけをしてほしい",
    "hokenshitsu-12": "近くの保健室から日ごろの声かけをしてほしい",
}  # fmt: skip


def _referral(row: Quiet) -> list[Step]:
    to, event, answerer = row.refer
    if not to:
        return []
    if not event:
        return [Refer(4, row.who, to, _ASKS[to], "basic concerns strengths problems", days=4 + row.due)]
    sent = Refer(row.ago - 6, row.who, to, _ASKS[to], "basic concerns problems")
    if event == "withdraw":
        return [sent, Withdraw(row.ago - 9, row.who, to, "家族の支えで足りることになったため。")]
    note = "役割が重なるため、会議で分担を決めたい。" if event == "to_conference" else "一緒に伺います。"
    return [sent, Answer(row.ago - 8, answerer, event, note)]


def short_stories() -> list[Story]:
    """Contacts that ended with information; some nameless."""
    return [
        Story(f"c{n:02d}", None, "", (
            Contact(ago, who, way, minutes, text, concerns, concerns[:3], "information", caller, about=""),
        ))
        for n, (ago, who, way, minutes, text, concerns, caller, _) in enumerate(CONTACTS)
    ]  # fmt: skip
