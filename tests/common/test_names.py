import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.japan.kana import is_kana, to_hiragana, to_katakana
from common.japan.names import bigrams, fold, query_bigrams, query_words, search_terms, search_text
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
     ("サーバ", "サバ"), ("Ｓｍｉｔｈ", "smith"), ("山田　太郎", "山田太郎"), ("冨田", "富田"), ("がぎ", "ｶﾞｷﾞ")],
)  # fmt: skip
def test_fold_meets(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("麻生", "麿生"), ("大坂", "大阪"), ("笹田", "篠田"), ("中村", "中林")]
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


def test_query():
    assert query_bigrams("山田　花") == ["山田"]
    assert query_words("山田　花") == ["山田", "花"]
    assert query_words("takahashi Kyouko") == ["たかはし", "きようこ"]
    assert query_words("smith") == ["smith"]
    assert query_bigrams("林") == []
    assert set(query_bigrams("takahashi")) <= set(search_terms("タカハシ"))


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
