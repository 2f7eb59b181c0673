"""Names for searching: one folded form for all the ways of writing a name, and its bigrams.

PostgreSQL here has no pg_trgm, so a name is found by the bigrams of its folded form in a ``text[]``
column with a GIN index, rechecked by ``LIKE`` on the folded text. The folded form is only ever compared,
never shown: the name itself is stored as it was written, IVS and all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from common.japan.kana import fold_kana, fold_long_vowels

# Each group: the form searched for, then its variants (旧字体, 異体字, 機種依存文字): the old forms of
# 常用漢字表 (2010) and variants common in family names.
_VARIANT_LINES: Final = """
高髙 崎﨑碕嵜 斉斎齋齊 沢澤 辺邊邉 浜濱濵 広廣 桜櫻 島嶋嶌 国國 恵惠 真眞 齢齡 吉𠮷 徳德 瀬瀨
緑綠 黄黃 黒黑 郎郞 栄榮 栃杤 梅楳 槙槇 横橫 滝瀧 渋澁澀 浅淺 清淸 済濟 渇渴 温溫 湾灣 満滿
焼燒 犠犧 独獨 猪豬 猫貓 瑶瑤 画畫 畳疊 県縣 研硏 礼禮 禄祿 禅禪 秋穐龝秌 称稱 稲稻 穂穗 穣穰
竜龍 糸絲 経經 絵繪 総總 縄繩 継繼 続續 聡聰 肇肈 与與 芦蘆 芸藝 蘇蘓 荘莊 草艸 蔵藏 薫薰 薮藪籔
虎乕 蛍螢 衛衞 装裝 覚覺 観觀 角⻆ 誉譽 読讀 豊豐 賢贒 頼賴 転轉 遥遙 郷鄕鄉 釈釋 鉄鐵銕鐡鉃 鉱鑛
録錄 鎌鐮 関關 陥陷 険險 隠隱 静靜 頴穎 顔顏 顕顯 館舘 駅驛 駆驅 髄髓 鶏鷄雞 鴎鷗 麦麥 麺麵
黙默 点點 党黨 亀龜 歯齒 万萬 両兩 並竝 乗乘 乱亂 亜亞 仏佛 来來 仮假 伝傳 余餘 体體躰 俊儁 俣俁
偽僞 児兒 円圓 凜凛 処處 剣劍劔剱釼 剛㓻 励勵 労勞 勅敕 勲勳 区區 医醫 参參 収收 双雙 叙敍 台臺
呉吳 営營 厳嚴 嘱囑 団團 囲圍 図圖 圧壓 塩鹽 増增 壌壤 壮壯 声聲 売賣 変變 奥奧 学學斈 実實
宝寶寳 寛寬 寝寢 対對 専專 将將 尽盡 届屆 属屬 岳嶽 峡峽 峰峯 巌巖 巣巢 帯帶 帰歸 庁廳廰 弁辨瓣辯
弥彌 弾彈 当當 径徑 従從 徴徵 応應 恋戀 恒恆 悦悅 悪惡 愼慎 戦戰 戸戶 払拂 抜拔 択擇 担擔 拝拜
拠據 拡擴 挙擧 挿插 捜搜 掲揭 揺搖 摂攝 撃擊 数數 断斷 旧舊 晃晄 晩晚 暁曉 暦曆 曽曾
会會 条條 柳栁桺 柿柹 桑桒 桧檜 検檢 楽樂 様樣 権權 欧歐 歓歡 歩步 歳歲 歴歷 残殘 殻殼 毎每
気氣 汚污 沈沉 凉涼 渕淵渊 潟泻 澄澂 灯燈 炉爐 為爲 煕熙凞 爾尓 状狀 狭狹 獣獸 瓶甁 産產 留畄
略畧 発發 皐皋 盗盜 砕碎 秘祕 稚穉 窓窗 粋粹 粛肅 紘紭 縁緣 翠翆 聴聽 胆膽 脳腦 舗舖 船舩 虚虛
蚕蠶 触觸 訳譯 証證 謡謠 譲讓 踊踴 逓遞 遅遲 迪廸 酔醉 醸釀 銭錢 錬鍊 闘鬪 随隨 隣鄰 雑雜 霊靈
餅餠 鯵鰺 鶴靏靍 内內 富冨 の之 村邨 野埜 篭籠 枡桝 松枩柗 土圡 昇曻 喜㐂 教敎 浄淨 青靑 祢禰 鴬鶯
麹麴 匀勻 剥剝 呑吞 姫姬 寿壽 晋晉 曳曵 柏栢 湧涌 渓溪 緒緖 刈苅 莱萊 雁鴈鳫 頬頰 髪髮 昂昻 辞辭 湿濕 茎莖 軽輕 献獻
圏圈 効效 号號 惨慘 賛贊 舎舍 写寫 渉涉 奨奬 剰剩 嬢孃 枢樞 潜潛 繊纖 践踐 争爭 騒騷 臓臟 即卽 堕墮 滞滯 単單 痴癡
虫蟲 昼晝 鋳鑄 鎮鎭 弐貳 悩惱 廃廢 蛮蠻 没沒 翻飜 薬藥 予豫 覧覽 猟獵 塁壘 涙淚 隷隸 楼樓 侠俠 繋繫 蝉蟬
蝋蠟 掴摑 痩瘦 箪簞 醤醬 頚頸 鹸鹼 間閒 艶艷 笹䇳 飯飰 橋槗 能䏻
壷壺 尭堯 亘亙 兎莵兔 奈柰 彦彥 尚尙 強强 鋭銳 説說 税稅 既旣 姉姊 壱壹 巻卷 穏穩 瑠璢 珍珎 侭儘 祇祗 焔焰 蛎蠣 砺礪 纏纒
沖冲 杉杦 曹曺 朗朖 耀燿 磯礒 蓑簑 旗籏 綿緜 群羣 萌萠 蒋蔣 覇霸 園薗 冴冱
"""


def _variant_table() -> dict[int, str]:
    return {ord(variant): group[0] for group in _VARIANT_LINES.split() for variant in group[1:]}


_VARIANTS: Final = _variant_table()
# Spaces, punctuation and hyphens; ー goes last, when it made no vowel long.
_DROPPED: Final = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f·・･.,、。'’`\"“”\-‐‑‒–—―−ー~〜()「」『』【】〔〕\[\]{}<>《》〈〉/!?:;…‥&#*+=|\\^_%$\u200b-\u200f\u2060\ufeff]"
)
_SELECTORS: Final = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_EMOJI: Final = re.compile(
    "[\u00a9\u00ae\u20e3\u2190-\u23ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff\u3012\u3013\u3030\u303d"
    "\U0001f000-\U0001faff\U000e0000-\U000e007f]"
)
_KANJI: Final = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〆〇"
# 関ヶ原, 関ケ原 and 関が原 are one name; the ケ of a given name (タケシ, 山田ケイ) is not meant
_KE: Final = re.compile(f"(?<=[{_KANJI}])[ケヶヵ](?=[{_KANJI}]|$)|^[ケヶヵ](?=[{_KANJI}])")
_ACCENTED: Final = re.compile("[\u00c0-\u024f\u1e00-\u1eff\u0300-\u036f]")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_LONG_MARKS: Final = re.compile("(?<=[ぁ-ゖァ-ヺー])[〜~―—−]")


def strip_selectors(text: str) -> str:
    """The text without variation selectors (IVS/SVS): 葛󠄀 becomes 葛."""
    return _SELECTORS.sub("", text)


def _expand_iteration(text: str) -> str:
    """佐々木 → 佐佐木: the mark stands for the character before it (dropped at the beginning)."""
    out: list[str] = []
    for char in text:
        if char in "々〻ゝヽ":
            if out:
                out.append(out[-1])
        else:
            out.append(char)
    return "".join(out)


def _fold_once(text: str, *, keeps_long: bool) -> str:
    text = unicodedata.normalize("NFKC", strip_selectors(text)).casefold()
    if _ACCENTED.search(text):
        plain = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
        text = unicodedata.normalize("NFC", plain)
    text = _KE.sub("が", _EMOJI.sub("", text))
    text = fold_kana(_LONG_MARKS.sub("ー", text)).translate(_VARIANTS)
    if keeps_long:
        text = fold_long_vowels(text)
    text = _expand_iteration(_DROPPED.sub("", text))
    return fold_long_vowels(text) if keeps_long else text


def _fold(text: str, *, keeps_long: bool) -> str:
    folded = _fold_once(text, keeps_long=keeps_long)
    while (again := _fold_once(folded, keeps_long=keeps_long)) != folded:
        folded = again
    return folded


def fold(text: str) -> str:
    """The search form of a name; folding it again changes nothing.

    NFKC, lower case, katakana as hiragana, small kana as large, ぢづ as じず, long vowels one way (ゆーこ as ゆうこ,
    おおの as おうの), known kanji variants as one (髙高, 﨑崎碕嵜, 斉斎齋齊, …), 々 written out, ヶ and ケ between kanji
    as が, 之 and ノ as の, Latin letters without accents; spaces, punctuation, hyphens, emoji and variation selectors are gone. Characters that are
    not in the table stay: two people never become one by folding, they only meet in the same list.
    """
    return _fold(text, keeps_long=True)


def fold_text(text: str) -> str:
    """The search form of free text: as ``fold``, but long-vowel marks are gone, since words are written with and
    without them (ケアマネージャー, ケアマネジャー).
    """
    return _fold(text, keeps_long=False)


def bigrams(folded: str) -> list[str]:
    """The distinct pairs of neighbouring characters, sorted; ``[]`` for fewer than two characters."""
    return sorted({folded[i : i + 2] for i in range(len(folded) - 1)})


def search_terms(*texts: str | None) -> list[str]:
    """What a row is found by: the bigrams of each text (none across two texts), for a ``text[]`` column.

    A text of one character after folding is a term by itself.
    """
    terms: set[str] = set()
    for folded in _folded(texts):
        terms.update(bigrams(folded) or [folded])
    return sorted(terms)


def search_text(*texts: str | None) -> str:
    """The folded texts on one line each, for the ``LIKE`` recheck behind the bigram index."""
    return "\n".join(_folded(texts))


def _folded(texts: Iterable[str | None]) -> list[str]:
    return [folded for text in texts if text and (folded := fold(text))]


def as_written(text: str) -> str:
    """The characters of a name without spaces and variation selectors, variants kept: 髙 and 高 are two."""
    return "".join(_SELECTORS.sub("", unicodedata.normalize("NFKC", text)).split())


def spelt_apart(one: str, other: str) -> list[tuple[str, str]]:
    """The characters that two spellings of one name write otherwise (髙 and 高), each pair once; empty where the two do
    not stand character by character beside each other (斎藤 and さいとう).
    """
    first, second = as_written(one), as_written(other)
    pairs = [(a, b) for a, b in zip(first, second, strict=False) if a != b]
    aligned = len(first) == len(second) and all(fold(a) == fold(b) for a, b in pairs)
    return list(dict.fromkeys(pairs)) if aligned else []


def split_words(query: str) -> list[str]:
    """What was typed, divided by spaces of any width, each word as it was written."""
    return unicodedata.normalize("NFKC", query).split()


def bigram_codes(folded: str) -> list[int]:
    """The bigrams of a long text as numbers of 32 bits, for an ``integer[]``: half the size of the words themselves.

    Two characters of the basic plane are one number each; rarer ones may share it, which the recheck sorts out.
    """
    codes = {
        (((ord(a) & 0xFFFF) << 16 | (ord(b) & 0xFFFF)) ^ 0x80000000) - 0x80000000
        for a, b in pairwise(folded)
        if a != "\n" and b != "\n"
    }
    return sorted(codes)
