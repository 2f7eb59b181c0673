"""From a contact's facts to a work category: the decision table as data, read from top to bottom, first match wins.

``TABLE`` is what is shipped; a fiscal year's own table is kept in the database (budgets.models.AttributionTable) as the
lines of ``Rule.as_data`` and read back by ``read_table``, which says what is wrong with a line.

The table never gives minutes to a grant whose conditions are not known to hold. What cannot be told (neither age nor
sector, an elderly person's sector without an age of 65, education of an adult) goes to 単独（一般財源）: the municipality's
own money needs no eligibility, and nothing has to be paid back. Several sectors, and the gap between them, are
多機関協働. docs/decisions/0003-attribution-first-table.md says why, line by line.

A line may ask for the activity and for the worker's 従事の割当 on the day (専従の財源, 資格) as well. The shipped lines do not:
what a 専従 worker did elsewhere is to be found (domain.md 4.5), not put into the worker's own stream.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Any, Final

from accounts.enums import Sector
from budgets.enums import Activity

ELDERLY_FROM: Final = 65
ADULT_FROM: Final = 18
NO_AGE: Final = 200  # stands for no upper bound

S: Final = Sector


@dataclass(frozen=True, slots=True)
class Facts:
    """``age``: of the person helped, attained on the day of the contact (None: not known). ``sectors``: of the contact,
    else of its case. ``activity``: an Activity ("": not told; only lines that do not ask hold). ``dedicated``: code of the
    stream for which the worker was 専従 that day ("": none). ``qualification``: the worker's 資格 that day, as written."""

    age: int | None
    sectors: frozenset[str]
    activity: str = ""
    dedicated: str = ""
    qualification: str = ""


@dataclass(frozen=True, slots=True)
class Asks:
    """Which of the facts that a table may leave aside it asks for; the others need not be looked up."""

    activity: bool = True
    dedicated: bool = True
    qualification: bool = True

    @property
    def assignment(self) -> bool:
        return self.dedicated or self.qualification


EVERYTHING: Final = Asks()


@dataclass(frozen=True, slots=True)
class Attribution:
    """The code of a work category and the sentence that explains it."""

    category_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. ``only``: exactly this sector ("": no sector at all; None: not asked); ``several``: two or
    more; ``ages``: from and below (None: not asked); ``age_unknown``: holds only where no age is known; ``activity``:
    exactly this one ("": not asked); ``dedicated``: 専従 for the stream of this code ("": for none; None: not asked);
    ``qualification``: among those of the worker ("": not asked)."""

    category_code: str
    label: str
    only: str | None = None
    several: bool = False
    ages: tuple[int, int] | None = None
    age_unknown: bool = False
    activity: str = ""
    dedicated: str | None = None
    qualification: str = ""

    def holds(self, facts: Facts) -> bool:
        return self._holds_for_work(facts) and self._holds_for_person(facts)

    def _holds_for_work(self, facts: Facts) -> bool:
        """What was done, and by whom."""
        if self.activity and self.activity != facts.activity:
            return False
        if self.dedicated is not None and self.dedicated != facts.dedicated:
            return False
        return not self.qualification or self.qualification in qualifications(facts.qualification)

    def _holds_for_person(self, facts: Facts) -> bool:
        """Whom it was for."""
        named = facts.sectors - {S.GAP} or facts.sectors
        if self.several:
            return len(named) > 1
        if self.only is not None and named != ({self.only} if self.only else frozenset()):
            return False
        if self.age_unknown:
            return facts.age is None
        if self.ages is None:
            return True
        low, high = self.ages
        return facts.age is not None and low <= facts.age < high

    def as_data(self) -> dict[str, Any]:
        """As it is kept in the database."""
        low, high = self.ages or (None, None)
        return {
            "category": self.category_code, "label": self.label, "only": self.only, "several": self.several,
            "age_from": low, "age_below": high, "age_unknown": self.age_unknown, "activity": self.activity,
            "dedicated": self.dedicated, "qualification": self.qualification,
        }  # fmt: skip

    def work_words(self, dedicated_name: str = "") -> list[str]:
        """What the line asks about activity and worker: 「活動：訪問」「専従：包括的支援」「資格：保健師」."""
        dedicated = f"専従：{dedicated_name}" if dedicated_name else "専従の職員"
        words = [
            f"活動：{Activity(self.activity).label}" if self.activity else "",
            "" if self.dedicated is None else dedicated if self.dedicated else "専従でない職員",
            f"資格：{self.qualification}" if self.qualification else "",
        ]
        return [word for word in words if word]


@dataclass(frozen=True, slots=True)
class Example:
    """What the table must say, written beside it: it cannot be saved while one of them fails.

    Where no activity is written, the record is one of which no line asks; where no stream is, the worker is not 専従.
    """

    age: int | None
    sectors: frozenset[str]
    category_code: str
    activity: str = ""
    dedicated: str = ""
    qualification: str = ""

    def as_data(self) -> dict[str, Any]:
        return {
            "age": self.age, "sectors": _ordered(self.sectors), "category": self.category_code,
            "activity": self.activity, "dedicated": self.dedicated, "qualification": self.qualification,
        }  # fmt: skip

    @property
    def facts(self) -> Facts:
        return Facts(self.age, self.sectors, self.activity, self.dedicated, self.qualification)

    @property
    def words(self) -> str:
        """「72歳・高齢」「72歳・高齢、訪問、専従：care、資格：保健師」."""
        age = "年齢不明" if self.age is None else f"{self.age}歳"
        parts = [
            f"{age}・{'と'.join(_labels(self.sectors)) or '分野なし'}",
            Activity(self.activity).label if self.activity else "",
            f"専従：{self.dedicated}" if self.dedicated else "",
            f"資格：{self.qualification}" if self.qualification else "",
        ]
        return "、".join(part for part in parts if part)


class TableError(ValueError):
    """What is wrong with the table, and in which line (counted from 1; None: the whole)."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.line = message, line


OLD: Final = (ELDERLY_FROM, NO_AGE)
YOUNGER: Final = (0, ELDERLY_FROM)
MINOR: Final = (0, ADULT_FROM)
ADULT: Final = (ADULT_FROM, ELDERLY_FROM)

TABLE: Final[tuple[Rule, ...]] = (
    Rule("multi", "複数の分野 → 多機関協働", several=True),
    Rule("care", "65歳以上・高齢のみ → 包括的支援事業", S.ELDERLY, ages=OLD),
    Rule("general", "65歳未満・高齢のみ → 単独（65歳以上の財源の対象外）", S.ELDERLY, ages=YOUNGER),
    Rule("general", "年齢不明・高齢のみ → 単独（65歳以上と確かめられない）", S.ELDERLY, age_unknown=True),
    Rule("disability", "障害のみ → 障害者相談支援（一般相談）", S.DISABILITY),
    Rule("child", "児童のみ → 利用者支援事業", S.CHILD),
    Rule("poverty", "困窮のみ → 自立相談支援事業", S.POVERTY),
    Rule("child", "18歳未満・教育のみ → 利用者支援事業", S.EDUCATION, ages=MINOR),
    Rule("general", "教育のみ → 単独（対象になる財源がない）", S.EDUCATION),
    Rule("multi", "狭間 → 多機関協働", S.GAP),
    Rule("care", "65歳以上・分野の記録なし → 包括的支援事業（総合相談）", "", ages=OLD),
    Rule("child", "18歳未満・分野の記録なし → 利用者支援事業", "", ages=MINOR),
    Rule("general", "18〜64歳・分野の記録なし → 単独（財源を決められない）", "", ages=ADULT),
    Rule("general", "年齢・分野とも不明 → 単独（財源を決められない）", "", age_unknown=True),
)

# Conferences serve all who sit there: their minutes follow the direct work of each worker.
MEETING: Final = Attribution("meeting", "会議 → 共通（直接の業務の割合で按分）")

# Going to people who have asked for nothing is a programme of its own, whoever they turn out to be.
OUTREACH: Final = Attribution("outreach", "アウトリーチ → アウトリーチ等を通じた継続的支援")


def attribute(facts: Facts, table: Sequence[Rule] = TABLE) -> Attribution:
    """The first line of the table that holds. Every combination of facts meets one (``check_table``)."""
    rule = next(rule for rule in table if rule.holds(facts))
    reason = rule.label
    if rule.several:
        named = "・".join(_labels(facts.sectors - {S.GAP}))
        reason = reason.replace("複数の分野 →", f"複数の分野（{named}）→", 1)
    if asked := rule.work_words():
        reason = f"{reason}（{'、'.join(asked)}）"
    return Attribution(rule.category_code, reason)


def asks_of(table: Iterable[Rule]) -> Asks:
    """What the lines of ``table`` ask beside age and sectors."""
    rules = list(table)
    return Asks(
        activity=any(rule.activity for rule in rules),
        dedicated=any(rule.dedicated is not None for rule in rules),
        qualification=any(rule.qualification for rule in rules),
    )


def qualifications(text: str) -> list[str]:
    """The single ones of a 資格 as it was written: 「保健師、社会福祉士」 are two."""
    return [word for word in _BETWEEN.split(text) if word]


def _ordered(sectors: Iterable[str]) -> list[str]:
    """In the fixed order of the sectors."""
    present = set(sectors)
    return [sector.value for sector in Sector if sector in present]


def _labels(sectors: Iterable[str]) -> list[str]:
    return [Sector(sector).label for sector in _ordered(sectors)]


def sector_names(sectors: Iterable[str]) -> str:
    """「高齢・困窮」 in the fixed order."""
    return "・".join(_labels(sectors))


# ── Tables of a fiscal year ─────────────────────────────────────────────────────────────────────────────────

LABEL_LIMIT: Final = 150  # with the names of the sectors it still fits into an entry's reason
WORK_LABEL_LIMIT: Final = 130  # with what the line asks about activity and worker besides
QUALIFICATION_LIMIT: Final = 20
_BETWEEN: Final = re.compile(r"[\s、，,・／/]+")
_ELSEWHERE: Final = "（ほかの財源）"  # a stream that no line names


def read_table(
    lines: Sequence[dict[str, Any]], categories: Collection[str], streams: Collection[str] | None = None
) -> tuple[Rule, ...]:
    """The lines that ``Rule.as_data`` wrote, or somebody typed; TableError names the line that cannot be.

    ``streams``: the codes of those that exist (None: not checked). A line of before activity and worker could be asked
    has no word about them: not asked.
    """
    return tuple(_read(line, number, categories, streams) for number, line in enumerate(lines, start=1))


def _read(
    line: dict[str, Any], number: int, categories: Collection[str], streams: Collection[str] | None
) -> Rule:
    low, high, only = line.get("age_from"), line.get("age_below"), line.get("only")
    label = str(line.get("label") or "").strip()
    activity, dedicated, qualification = _read_work(line, number, streams)
    if line.get("category") not in categories:
        raise TableError(f"{number}行目：業務区分を選んでください。", number)
    if not label or len(label) > LABEL_LIMIT:
        raise TableError(f"{number}行目：説明を{LABEL_LIMIT}字までで入力してください。", number)
    if only not in {None, "", *Sector.values}:
        raise TableError(f"{number}行目：分野が正しくありません。", number)
    if line.get("age_unknown") and (low is not None or high is not None):
        raise TableError(f"{number}行目：「年齢不明」と年齢の範囲は、どちらか一方にしてください。", number)
    if low is None and high is None:
        ages = None
    else:
        ages = (0 if low is None else int(low), NO_AGE if high is None else int(high))
        if not 0 <= ages[0] < ages[1] <= NO_AGE:
            raise TableError(f"{number}行目：年齢の範囲が逆か、空です。", number)
    if (activity or dedicated is not None or qualification) and len(label) > WORK_LABEL_LIMIT:
        raise TableError(
            f"{number}行目：活動や従事の割当を問う行の説明は、{WORK_LABEL_LIMIT}字までで入力してください。",
            number,
        )
    return Rule(
        str(line["category"]), label, only=only, several=bool(line.get("several")), ages=ages,
        age_unknown=bool(line.get("age_unknown")), activity=activity, dedicated=dedicated, qualification=qualification,
    )  # fmt: skip


def _read_work(
    line: dict[str, Any], number: int, streams: Collection[str] | None
) -> tuple[str, str | None, str]:
    """Activity, 専従の財源 and 資格 of a line."""
    activity, dedicated = line.get("activity") or "", line.get("dedicated")
    qualification = str(line.get("qualification") or "").strip()
    if activity and activity not in Activity.values:
        raise TableError(f"{number}行目：活動が正しくありません。", number)
    if dedicated and streams is not None and dedicated not in streams:
        raise TableError(f"{number}行目：専従の財源がありません。", number)
    if qualification and (
        len(qualification) > QUALIFICATION_LIMIT or qualifications(qualification) != [qualification]
    ):
        raise TableError(
            f"{number}行目：資格は1つだけ、{QUALIFICATION_LIMIT}字までで入力してください。", number
        )
    return activity, dedicated, qualification


def check_table(table: Sequence[Rule], examples: Iterable[Example]) -> None:
    """TableError when some combination of facts meets no line, or an example comes out otherwise.

    A record of an activity and a 資格 that nobody asks for must meet a line, and then each other record meets it too: no
    line holds for these alone. 専従でない can be asked for, so each stream that a line names, another and none are tried.
    """
    bounds = {age for rule in table if rule.ages for age in rule.ages if age < NO_AGE}
    ages: set[int | None] = {None, 0, *bounds, *(age - 1 for age in bounds if age)}
    subsets = chain.from_iterable(combinations(Sector.values, n) for n in range(len(Sector) + 1))
    streams = sorted({"", _ELSEWHERE, *(rule.dedicated for rule in table if rule.dedicated)})
    for sectors, age in product(subsets, sorted(ages, key=lambda a: -1 if a is None else a)):
        for stream in streams:
            case = Example(age, frozenset(sectors), "", dedicated=stream)
            if not any(rule.holds(case.facts) for rule in table):
                words = case.words
                raise TableError(
                    f"「{words}」に当てはまる行がありません。最後に、条件のない行を置いてください。"
                )
    for example in examples:
        found = attribute(example.facts, table)
        if found.category_code != example.category_code:
            raise TableError(
                f"例「{example.words}」が、書かれた区分になりません（「{found.reason}」になります）。"
            )


def read_examples(rows: Iterable[dict[str, Any]]) -> tuple[Example, ...]:
    """The examples that ``Example.as_data`` wrote."""
    return tuple(
        Example(
            row["age"], frozenset(row["sectors"]), row["category"], row.get("activity", ""), row.get("dedicated", ""),
            row.get("qualification", ""),
        )
        for row in rows
    )  # fmt: skip


def _example(age: int | None, code: str, *sectors: Sector) -> Example:
    return Example(age, frozenset(sectors), code)


EXAMPLES: Final = (
    _example(72, "care", S.ELDERLY), _example(65, "care", S.ELDERLY), _example(64, "general", S.ELDERLY),
    _example(None, "general", S.ELDERLY), _example(72, "multi", S.ELDERLY, S.POVERTY),
    _example(40, "disability", S.DISABILITY), _example(9, "child", S.CHILD), _example(50, "poverty", S.POVERTY),
    _example(14, "child", S.EDUCATION), _example(18, "general", S.EDUCATION), _example(50, "multi", S.GAP),
    _example(65, "care"), _example(17, "child"), _example(18, "general"), _example(None, "general"),
)  # fmt: skip
