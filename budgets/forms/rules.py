"""The decision table as it is typed: one row of inputs a line, the examples as lines of text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from django import forms

from accounts.enums import Sector
from budgets.attribution import NO_AGE, Example, Rule, TableError, qualifications, read_table
from budgets.enums import Activity
from common.forms import KyoseiForm, WarekiDateField
from common.japan.numbers import to_ascii_digits

SPARE_LINES: Final = 2
MOST_LINES: Final = 80
ANY, NONE, SEVERAL = "*", "-", "several"
SECTORS_BY_LABEL: Final = {sector.label: sector.value for sector in Sector}
ACTIVITIES_BY_LABEL: Final = {activity.label: activity.value for activity in Activity}
NOT_DEDICATED: Final = "-"
# of a blank line; "" is 問わない
WORK_KEYS: Final = ("activity", "dedicated", "qualification")
ACTIVITY_GROUPS: Final = (
    ("", ((Activity.CONSULTATION.value, Activity.CONSULTATION.label), (Activity.WATCH.value, Activity.WATCH.label))),
    ("支援経過", tuple((a.value, a.label) for a in Activity if a not in {Activity.CONSULTATION, Activity.WATCH})),
)  # fmt: skip


class RulesForm(KyoseiForm):
    """Everything but the lines."""

    valid_from = WarekiDateField(label="適用の初日")
    note = forms.CharField(label="変更の理由", max_length=200)
    examples = forms.CharField(
        label="例（1行に1つ。年齢・分野・活動・従事の割当 → 区分のコード）",
        widget=forms.Textarea({"rows": 8, "class": "input"}),
        help_text=(
            "「72 高齢 → care」「不明 → general」「72 高齢 訪問 専従:care 資格:保健師 → care」のように書きます。"
            "活動を書かない例は活動を問う行に当てはまらず、専従を書かない例は専従でない職員の記録です。"
            "例のとおりにならない表は保存できません"
        ),
    )


def as_typed(rule: Rule, number: int) -> dict[str, str]:
    """The inputs of one line."""
    low, high = rule.ages or ("", "")
    only = SEVERAL if rule.several else ANY if rule.only is None else rule.only or NONE
    return {
        "order": str(number * 10), "category": rule.category_code, "label": rule.label, "only": only,
        "age_from": str(low), "age_below": "" if high == NO_AGE else str(high), "unknown": "on" if rule.age_unknown else "",
        "activity": rule.activity, "dedicated": NOT_DEDICATED if rule.dedicated == "" else rule.dedicated or "",
        "qualification": rule.qualification,
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
        **dict.fromkeys(WORK_KEYS, ""),
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


def read_lines(
    lines: Sequence[dict[str, str]], categories: Collection[str], streams: Collection[str]
) -> tuple[Rule, ...]:
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
                "age_unknown": bool(line["unknown"]), "activity": line["activity"],
                "dedicated": "" if line["dedicated"] == NOT_DEDICATED else line["dedicated"] or None,
                "qualification": line["qualification"],
            }
        )  # fmt: skip
    return read_table(data, categories, streams)


def qualification_choices(written: Collection[str], lines: Sequence[dict[str, str]]) -> list[str]:
    """The single 資格 of the assignments as they were written, and those that a line already asks."""
    words = {word for text in written for word in qualifications(text)}
    return sorted(words | {line["qualification"] for line in lines if line["qualification"]})


def example_text(examples: Sequence[Example]) -> str:
    def line(example: Example) -> str:
        age = "不明" if example.age is None else str(example.age)
        labels = [s.label for s in Sector if s in example.sectors]
        if example.activity:
            labels.append(Activity(example.activity).label)
        if example.dedicated:
            labels.append(f"専従:{example.dedicated}")
        if example.qualification:
            labels.append(f"資格:{example.qualification}")
        return f"{' '.join([age, *labels])} → {example.category_code}"

    return "\n".join(line(example) for example in examples)


def read_example_text(text: str, categories: Collection[str], streams: Collection[str] = ()) -> list[Example]:
    """TableError quotes the line that cannot be read."""
    return [
        _read_example(line, categories, streams)
        for line in filter(None, (raw.strip() for raw in text.splitlines()))
    ]


def _read_example(line: str, categories: Collection[str], streams: Collection[str]) -> Example:
    unreadable = TableError(f"例「{line[:40]}」を読めません。「72 高齢 → care」のように書いてください。")
    # a name with 「・」 in it stands as one word
    whole = line
    for label in ACTIVITIES_BY_LABEL:
        whole = whole.replace(label, _one_word(label))
    match = re.fullmatch(r"(不明|\d{1,3})歳?((?:[\s　・]+[^\s　・]+?)*)\s*(?:→|->|－>)\s*(\w+)", whole)
    if match is None or match[3] not in categories:
        raise unreadable
    words = [word for word in re.split(r"[\s　・]+", match[2]) if word]
    sectors = {SECTORS_BY_LABEL[word] for word in words if word in SECTORS_BY_LABEL}
    work = [_work_word(word, streams) for word in words if word not in SECTORS_BY_LABEL]
    told = dict(pair for pair in work if pair)
    if len(told) < len(work):  # a word that is nothing, or two of one kind
        raise unreadable
    return Example(None if match[1] == "不明" else int(match[1]), frozenset(sectors), match[3], **told)


def _one_word(label: str) -> str:
    return label.replace("・", "")


def _work_word(word: str, streams: Collection[str]) -> tuple[str, str] | None:
    """「訪問」「専従:care」「資格:保健師」 as a field of an example and its value; None: none of them."""
    for label, activity in ACTIVITIES_BY_LABEL.items():
        if word == _one_word(label):
            return "activity", activity
    kind, _, value = word.replace("：", ":").partition(":")
    if kind == "専従" and value in streams:
        return "dedicated", value
    if kind == "資格" and value:
        return "qualification", value
    return None
