"""The decision table as it is typed: one row of inputs a line, the examples as lines of text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from django import forms

from accounts.enums import Sector
from budgets.attribution import NO_AGE, Example, Rule, TableError, read_table
from common.forms import KyoseiForm, WarekiDateField
from common.japan.numbers import to_ascii_digits

SPARE_LINES: Final = 2
MOST_LINES: Final = 80
ANY, NONE, SEVERAL = "*", "-", "several"
SECTORS_BY_LABEL: Final = {sector.label: sector.value for sector in Sector}


class RulesForm(KyoseiForm):
    """Everything but the lines."""

    valid_from = WarekiDateField(label="適用の初日")
    note = forms.CharField(label="変更の理由", max_length=200)
    examples = forms.CharField(
        label="例（1行に1つ。年齢・分野 → 区分のコード）",
        widget=forms.Textarea({"rows": 8, "class": "input"}),
        help_text="「72 高齢 → care」「不明 → general」のように書きます。例のとおりにならない表は保存できません",
    )


def as_typed(rule: Rule, number: int) -> dict[str, str]:
    """The inputs of one line."""
    low, high = rule.ages or ("", "")
    only = SEVERAL if rule.several else ANY if rule.only is None else rule.only or NONE
    return {
        "order": str(number * 10), "category": rule.category_code, "label": rule.label, "only": only,
        "age_from": str(low), "age_below": "" if high == NO_AGE else str(high), "unknown": "on" if rule.age_unknown else "",
    }  # fmt: skip


def blank_line() -> dict[str, str]:
    return {
        "order": "",
        "category": "",
        "label": "",
        "only": ANY,
        "age_from": "",
        "age_below": "",
        "unknown": "",
    }


def typed_lines(post: Mapping[str, Any]) -> list[dict[str, str]]:
    """The lines as posted, blank ones left out, in the order of their numbers (equal or no number: as they stand)."""
    lines = []
    for n in range(MOST_LINES):
        if f"l{n}-category" not in post:
            break
        line = {key: str(post.get(f"l{n}-{key}", "")).strip() for key in blank_line()}
        if line["category"] or line["label"]:
            lines.append(line)
    return sorted(lines, key=lambda line: int(line["order"]) if line["order"].isdecimal() else 10**6)


def _age(text: str, number: int) -> int | None:
    plain = to_ascii_digits(text)
    if not plain:
        return None
    if not plain.isdecimal() or len(plain) > 3:
        raise TableError(f"{number}行目：年齢は数字で入力してください。", number)
    return int(plain)


def read_lines(lines: Sequence[dict[str, str]], categories: Collection[str]) -> tuple[Rule, ...]:
    """TableError names the line."""
    if not lines:
        raise TableError("行が1つもありません。")
    data = []
    for number, line in enumerate(lines, start=1):
        only = line["only"]
        data.append(
            {
                "category": line["category"], "label": line["label"], "several": only == SEVERAL,
                "only": None if only in {ANY, SEVERAL} else "" if only == NONE else only,
                "age_from": _age(line["age_from"], number), "age_below": _age(line["age_below"], number),
                "age_unknown": bool(line["unknown"]),
            }
        )  # fmt: skip
    return read_table(data, categories)


def example_text(examples: Sequence[Example]) -> str:
    def line(example: Example) -> str:
        age = "不明" if example.age is None else str(example.age)
        labels = [s.label for s in Sector if s in example.sectors]
        return f"{' '.join([age, *labels])} → {example.category_code}"

    return "\n".join(line(example) for example in examples)


def read_example_text(text: str, categories: Collection[str]) -> list[Example]:
    """TableError quotes the line that cannot be read."""
    examples = []
    for line in filter(None, (raw.strip() for raw in text.splitlines())):
        match = re.fullmatch(
            r"(不明|\d{1,3})歳?((?:[\s　・]+\S+?)*)\s*(?:→|->)\s*(\w+)", to_ascii_digits(line)
        )
        words = re.split(r"[\s　・]+", match[2].strip()) if match else []
        unknown = [word for word in words if word and word not in SECTORS_BY_LABEL]
        if match is None or unknown or match[3] not in categories:
            raise TableError(f"例「{line[:40]}」を読めません。「72 高齢 → care」のように書いてください。")
        age = None if match[1] == "不明" else int(match[1])
        examples.append(Example(age, frozenset(SECTORS_BY_LABEL[w] for w in words if w), match[3]))
    return examples
