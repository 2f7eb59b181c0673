"""From a contact's facts to a work category: the decision table as data, read from top to bottom, first match wins.

The table never gives minutes to a grant whose conditions are not known to hold. What cannot be told (neither age nor
sector, an elderly person's sector without an age of 65, education of an adult) goes to 単独（一般財源）: the municipality's
own money needs no eligibility, and nothing has to be paid back. Several sectors, and the gap between them, are
多機関協働. docs/decisions/0003-attribution-first-table.md says why, line by line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from accounts.enums import Sector

ELDERLY_FROM: Final = 65
ADULT_FROM: Final = 18

S: Final = Sector


@dataclass(frozen=True, slots=True)
class Facts:
    """``age``: of the person helped, attained on the day of the contact (None: not known). ``sectors``: of the contact,
    else of its case."""

    age: int | None
    sectors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Attribution:
    """The code of a work category and the sentence that explains it."""

    category_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. ``only``: exactly this sector ("": no sector at all; None: not asked); ``several``: two or
    more; ``ages``: from and below (None: not asked); ``age_unknown``: holds only where no age is known."""

    category_code: str
    label: str
    only: str | None = None
    several: bool = False
    ages: tuple[int, int] | None = None
    age_unknown: bool = False

    def holds(self, facts: Facts) -> bool:
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


OLD: Final = (ELDERLY_FROM, 200)
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


def attribute(facts: Facts) -> Attribution:
    """The first line of the table that holds. Every combination of facts meets one."""
    rule = next(rule for rule in TABLE if rule.holds(facts))
    reason = rule.label
    if rule.several:
        reason = f"複数の分野（{'・'.join(_labels(facts.sectors - {S.GAP}))}）→ 多機関協働"
    return Attribution(rule.category_code, reason)


def _labels(sectors: Iterable[str]) -> list[str]:
    """In the fixed order of the sectors."""
    present = set(sectors)
    return [sector.label for sector in Sector if sector in present]
