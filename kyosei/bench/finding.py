"""The search as workers use it: the page of people, households and cases, and the fragment of the records' words.

A query is asked for the commonest names of the country and for rare ones, in every way of typing, and each a few times
with others between, as one would; the first answer to each is counted too, and all of them once more by themselves.
"""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Final
from urllib.parse import quote

from django.urls import reverse

from accounts.models import Staff
from cases.models import Case, Consultation, IndexedText, ProgressNote
from households.models import Household, Person
from kyosei.bench.meter import ENOUGH, WARM_UP, Figures, measure, signed_in
from kyosei.bench.report import Line, line, machine_lines
from kyosei.bench.scales import Scale

LIMIT: Final = 100  # milliseconds of the p95
WORKERS: Final = ("desk1-1", "center1-1")
SAMPLES: Final = 12
ONE: Final = (
    "林",
    "森",
    "原",
    "東",
    "南",
    "堀",
    "関",
    "辻",
    "岡",
    "清",
    "茂",
    "山",
    "田",
    "子",
    "か",
    "さ",
    "ﾀ",
    "a",
    "龘",
)
TWO: Final = (
    "佐藤", "鈴木", "高橋", "髙橋", "田中", "斉藤", "齋藤", "渡邉", "滝本", "亀井", "和子", "花子", "まさ", "サト", "ﾔﾏ", "ka", "yu", "霧雨",
)  # fmt: skip
MANY: Final = (
    "佐藤 和子", "佐藤和子", "たなか きよし", "タナカキヨシ", "やまもと ゆうこ", "やまもとゆーこ", "yamamoto yuko", "takahashi", "satou kazuko",
    "高橋 S25.4.1", "山田 昭和25年", "鈴木 80歳くらい", "S30.3.3", "渡邊洋子", "鈴木けんいち", "本町3丁目", "美旗野市桜木2丁目",
    "090-1234", "0595-60", "藤子", "五十嵐 龍之介左衛門",
)  # fmt: skip
WORDS_ONE: Final = ("畑", "薬", "家", "龘")
WORDS_TWO: Final = ("電話", "借金", "受診", "母親", "滝本", "手紙", "霧雨")
WORDS_MANY: Final = (
    "襖越しに返事", "デイサービス", "法テラスの予約", "ケアマネージャー", "食べる物が家に", "滝本さん", "亀井さん 桜木の5丁目", "フードバンク 就労準備", "家賃を二か月滞納",
    "存在しない言葉の並び",
)  # fmt: skip


def _numbers(rng: Random) -> list[str]:
    """Receipt numbers, case numbers, phones and full names that stand somewhere in the register."""
    found: list[str] = []
    for model, column in (
        (Consultation, "receipt_no"),
        (Case, "number"),
        (Person, "phone"),
        (Household, "phone"),
    ):
        last = model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 1
        keys = rng.sample(range(1, last + 1), min(SAMPLES, last))
        rows = model._default_manager.filter(pk__in=keys).order_by("pk").values_list(column, flat=True)
        found += [value for value in rows if value][: SAMPLES // 2]
    people = Person.objects.filter(
        pk__in=[rng.randrange(1, 1 + Person.objects.count()) for _ in range(SAMPLES)]
    )
    return [*found, *(f"{row.family_name} {row.given_name}" for row in people.order_by("pk"))]


def measure_finding(scale: Scale, *, now: datetime, requests: int) -> list[Line]:
    """p95 of one-, two- and many-character queries, of people and of words, for two ordinary workers."""
    rng = Random(f"{scale.name}-finding")  # noqa: S311 - the same queries every time
    pages = {
        "1 character": ("search", ONE), "2 characters": ("search", TWO), "many characters": ("search", MANY),
        "numbers and names": ("search", tuple(_numbers(rng))), "words 1 character": ("search_texts", WORDS_ONE),
        "words 2 characters": ("search_texts", WORDS_TWO), "words many characters": ("search_texts", WORDS_MANY),
    }  # fmt: skip
    lines = [
        line(f"{scale.name}: searched people", Person.objects.count(), "rows"),
        line(f"{scale.name}: searched notes", ProgressNote.objects.count(), "rows"),
        line(f"{scale.name}: searched texts", IndexedText.objects.count(), "rows"),
    ]
    for who in WORKERS:
        client, firsts = signed_in(Staff.objects.get(username=who)), Figures()
        for title, (name, words) in pages.items():
            urls = [f"{reverse(name)}?q={quote(word)}" for word in words]
            figures = measure(client, urls, requests=max(requests, ENOUGH, 3 * len(urls)))
            firsts.times += figures.times[WARM_UP : len(urls)]
            said = f"{scale.name}: search {title} {who}"
            lines += [
                line(f"{said} queries", figures.queries, "queries", at_most=15),
                line(f"{said} p50", figures.p50, "ms"),
                line(f"{said} p95", figures.p95, "ms", at_most=LIMIT if scale.has_bars else None),
            ]
        said = f"{scale.name}: search first answers {who}"
        lines += [
            line(f"{said} words", len(firsts.times), "words"),
            line(f"{said} p50", firsts.p50, "ms"),
            line(f"{said} p95", firsts.p95, "ms", at_most=LIMIT if scale.has_bars else None),
        ]
        lines += machine_lines(scale.name, f"search {who}")
    return lines
