"""Addresses: one form for all the ways of writing their numbers, and none of the numerals that belong to names."""

from itertools import pairwise

import pytest

from common.japan.names import fold_text
from common.japan.places import EDGE, fold_place, kanji_number

SAME = (
    ("梅ヶ原1-3", "梅ヶ原１－３", "梅が原1−3", "梅ケ原1ー3", "梅ヶ原一丁目3番", "梅ヶ原1丁目3番地", "梅ヶ原一丁目三番地", "梅ヶ原1の3", "梅ヶ原一ノ三",
     "梅ヶ原一－三", "梅ヶ原1丁目3", "梅ヶ原一丁目三", "大字梅ヶ原1番地の3", "大字梅ヶ原字1番3", "梅ヶ原 1丁目 3番", "梅ヶ原1‐3", "梅ヶ原01-03"),
    ("本町23-5-102", "本町二十三番5号102", "本町二三番地五の102", "本町23番5-百二号", "本町23番地の5の102", "本町二十三丁目5番102号"),
    ("北1条西2丁目", "北一条西二丁目", "北１条西２"),
    ("三番町4", "3番町4番地", "三番町四番"),
    ("若葉台1005番地", "若葉台千五番地", "若葉台一〇〇五番", "若葉台1005"),
    ("桜木2丁目3番5号 ハイツ青葉201", "桜木二丁目3-5ハイツ青葉201号"),
)  # fmt: skip
NAMES = (
    "三浦", "千葉市", "五十嵐", "八王子市", "四日市市", "一郎", "三重県", "二の宮", "一ノ関", "百合野", "千代田", "九十九里", "十文字町", "三の丸", "六本木", "森下 世帯",
    "七五三掛 世帯", "万代", "八千代市", "一宮",
)  # fmt: skip


@pytest.mark.parametrize("group", SAME)
def test_all_ways_of_writing_an_address_are_one(group):
    for one, other in pairwise(group):
        assert fold_place(one) == fold_place(other), (one, other)


@pytest.mark.parametrize("name", NAMES)
def test_numerals_of_names_stay(name):
    assert fold_place(name) == fold_text(name)


@pytest.mark.parametrize("text", [one for group in SAME for one in group] + list(NAMES))
def test_folding_again_changes_nothing(text):
    assert fold_place(fold_place(text)) == fold_place(text)


@pytest.mark.parametrize(
    ("typed", "stands", "is_held"),
    [
        ("梅ヶ原1-3", "梅ヶ原1-3-5", True), ("梅ヶ原1-3", "梅ヶ原一丁目3番5号", True), ("1-3", "梅ヶ原1-3", True),
        ("1-3", "梅ヶ原11-3", False), ("1-3", "梅ヶ原1-30", False), ("13", "梅ヶ原1-3", False), ("1-3", "梅ヶ原13", False),
        ("梅ヶ原1", "梅ヶ原11", False), ("1234番地", "若葉台4丁目1234番地", True), ("梅ヶ原字東谷12", "大字梅ヶ原東谷12番地", True),
    ],
)  # fmt: skip
def test_a_number_holds_whole_numbers_only(typed, stands, is_held):
    assert (fold_place(typed) in fold_place(stands)) is is_held


def test_kanji_numbers():
    for text, number in (
        ("二十三", 23),
        ("百二", 102),
        ("十", 10),
        ("千五", 1005),
        ("一〇五", 105),
        ("三百", 300),
    ):
        assert kanji_number(text) == number
    assert EDGE not in fold_text("#1#")
