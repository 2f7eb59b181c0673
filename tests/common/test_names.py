import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.japan.kana import is_kana, to_hiragana, to_katakana
from common.japan.names import bigram_codes, bigrams, fold, fold_text, search_terms, search_text, split_words
from common.japan.numbers import parse_phone, to_ascii_digits

names = st.text(
    alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("髙﨑邉齋々ーガｶﾞ゙゚葛\U000e0100 "))
)


@given(names)
def test_fold_is_idempotent(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("髙橋", "高橋"), ("宮﨑", "宮崎"), ("宮嵜", "宮碕"), ("齋藤", "斉藤"), ("齊藤", "斎藤"), ("渡邉", "渡辺"), ("渡邊", "渡辺"),
     ("濵田", "浜田"), ("廣瀨", "広瀬"), ("櫻井", "桜井"), ("嶋田", "島田"), ("國眞", "国真"), ("惠", "恵"), ("澤", "沢"),
     ("葛\U000e0100城", "葛城"), ("𠮷田", "吉田"), ("佐々木", "佐佐木"), ("タカハシ", "ﾀｶﾊｼ"), ("キョウコ", "ｷﾖｳｺ"), ("かづこ", "カズコ"),
     ("ゆーこ", "ゆうこ"), ("オーノ", "おおの"), ("おうの", "おおの"), ("ケーコ", "けえこ"), ("おーおか", "おおおか"), ("ゆ〜こ", "ゆうこ"),
     ("関ヶ原", "関が原"), ("関ケ原", "関ガ原"), ("竹之内", "竹ノ内"), ("山田😊花子", "山田花子"), ("José", "jose"), ("\ufa19保", "神保"),
     ("ヴィト", "びと"), ("行\u2fbc", "行高"), ("Ｓｍｉｔｈ", "smith"), ("山田　太郎", "山田太郎"), ("冨田", "富田"), ("がぎ", "ｶﾞｷﾞ")],
)  # fmt: skip
def test_fold_meets(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("麻生", "麿生"),
        ("大坂", "大阪"),
        ("笹田", "篠田"),
        ("中村", "中林"),
        ("おおの", "おの"),
        ("ゆうこ", "ゆこ"),
        ("裕之", "裕乃"),
        ("タケシ", "タガシ"),
        ("たかだ", "たかた"),
    ],
)
def test_fold_keeps_different_names_apart(one, other):
    assert fold(one) != fold(other)


def test_bigrams_are_sorted_and_unique():
    assert bigrams("ababab") == ["ab", "ba"]
    assert bigrams("a") == bigrams("") == []


def test_terms_do_not_span_texts():
    assert search_terms("山田", "花子", None, "") == ["山田", "花子"]
    assert search_terms("林") == ["林"]
    assert search_text("山田 花子", None, "ﾔﾏﾀﾞ") == "山田花子\nやまだ"


@given(names, names)
def test_whoever_is_written_is_found(one, other):
    terms, text = set(search_terms(one, other)), search_text(one, other)
    assert set(bigrams(fold(one))) <= terms
    assert fold(one) in text


def test_free_text_is_found_with_and_without_long_marks():
    assert fold_text("ケアマネージャー") == fold_text("ケアマネジャー")
    assert fold_text("「火の始末」が、心配。") == "火の始末が心配"


@given(names)
def test_fold_text_is_idempotent(text):
    assert fold_text(fold_text(text)) == fold_text(text)


@given(names, names)
def test_codes_of_a_part_are_codes_of_the_whole(one, other):
    assert set(bigram_codes(fold_text(one))) <= set(bigram_codes(fold_text(one) + fold_text(other)))


def test_codes_fit_32_bits_and_tell_apart():
    codes = bigram_codes("電話話電\n電話")
    assert len(codes) == 3 and all(-(2**31) <= code < 2**31 for code in codes)
    assert bigram_codes("電") == [] and bigram_codes("電\n話") == []


def test_words_are_divided_by_any_space():
    assert split_words("山田　花 子") == ["山田", "花", "子"]


def test_kana():
    assert to_hiragana("ﾔﾏﾀﾞ") == "やまだ"
    assert to_katakana("やまだ") == "ヤマダ"
    assert is_kana("ﾔﾏﾀﾞ ハナコ") and not is_kana("山田")


def test_phone():
    assert parse_phone("（０５９５）６３ー１２３４") == "0595631234"
    assert parse_phone("+81 90-1234-5678") == "09012345678"
    assert parse_phone("") == ""
    for text in ("119", "63-1234", "abc", "090-1234-56789"):
        with pytest.raises(ValueError, match="10桁または11桁"):
            parse_phone(text)
    assert to_ascii_digits("１２－３") == "12-3"
