"""Households whose support has ended: their watch went well, badly, or came to its end."""

from __future__ import annotations

from typing import Final

from kyosei.demo.steps import Answer, Close, Contact, FollowUpDone, Note, Refer, Reopen, Story
from kyosei.demo.steps import Someone as S

F, M = "female", "male"

AFTER: Final[tuple[Story, ...]] = (
    Story("after-ueda", S("植田", "フミ", "うえだ", "ふみ", 86, F, "0595-67-2208"), "美旗野市百合野4丁目6番地1", (
        Contact(117, "hokenshitsu7", "home_visit", 40, "退院したばかり。買い物に行けず、食べるものが少ない。", "c12 c15", "c12", route="r05"),
        Note(115, "hokenshitsu7", "accompany", 50, "配食の申し込みに付き添う。週四回で始まった。"),
        Close(111, "hokenshitsu7", "z03", "配食とヘルパーで暮らしが回るようになった。", follow_in=-90, every="1"),
        FollowUpDone(89, "hokenshitsu7", "stable", "「お弁当がおいしい」と話される。"),
        FollowUpDone(58, "hokenshitsu7", "stable", "庭の草を少しずつ抜いているとのこと。", 10),
        FollowUpDone(29, "hokenshitsu7", "unreachable", "二度呼び出したが出られない。", 5),
        FollowUpDone(21, "hokenshitsu7", "unreachable", "夕方にもかけたが出られない。訪問に切り替える。", 5),
        FollowUpDone(14, "hokenshitsu7", "stable", "娘の家に泊まっていたとのこと。変わりなし。", 30, "home_visit"),
    )),
    Story("after-hirose", S("広瀬", "誠", "ひろせ", "まこと", 58, M, "090-3306-9182"), "美旗野市青峰3丁目12番地", (
        Contact(116, "konkyu2", "visit_desk", 45, "離婚して一人になり、酒の量が増えた。家賃が一か月遅れている。", "c01 c04", "c04", route="r01"),
        Note(113, "konkyu2", "accompany", 70, "家主と話し、分けて払う約束をした。"),
        Close(106, "konkyu2", "z01", "約束どおり払えている。本人も「ここまででよい」と。", follow_in=-76, every="1"),
        FollowUpDone(76, "konkyu2", "stable", "仕事にも行けているとのこと。", 10),
        FollowUpDone(46, "konkyu2", "worse", "声に力がない。仕事を辞め、三日食べていないという。", 25),
        Reopen(46, "konkyu2", "見守りで悪化。仕事を辞め、食事がとれていない。"),
        Note(45, "konkyu2", "home_visit", 80, "米とレトルトを届ける。もう一度、生活の立て直しを一緒に考えることにした。", 5, "受診に同行する"),
    )),
    Story("after-mizutani", S("水谷", "とし子", "みずたに", "としこ", 93, F, "0595-66-0518"), "美旗野市松原2丁目4番地9", (
        Contact(115, "houkatsu2", "phone", 30, "息子から。遠くに住んでいて、母の物忘れが進んだように思う。", "c12", "c12", "support", "family", name="水谷 修"),
        Note(112, "houkatsu2", "home_visit", 60, "介護認定の申請。近所の人が毎日声をかけている。"),
        Close(105, "houkatsu2", "z03", "介護サービスにつながり、息子も安心された。", follow_in=-70, every="3", way="commissioner"),
        FollowUpDone(68, "houkatsu2", "died", "先月亡くなられたと、民生委員から連絡があった。", 10),
    )),
    Story("after-nagai", S("長井", "久", "ながい", "ひさし", 66, M, "0595-64-7731"), "美旗野市国見4丁目1番地5", (
        Contact(114, "hokenshitsu9", "home_visit", 50, "退職してから家にこもりがち。近所の人が気にかけている。", "c09", "c09", route="r05", consent="yes"),
        Refer(111, "hokenshitsu9", "shakyo", "地域の集まりに誘い、様子を見てほしい", "basic concerns problems"),
        Answer(109, "shakyo2", "join", "サロンの世話役に声をかけます。"),
        Close(99, "hokenshitsu9", "z01", "週に一度サロンに通い、畑を手伝うようになった。", follow_in=-62, every="1", way="home_visit", turns=6,
              to="shakyo", ask="サロンに来ているか、月に一度、顔を見て話してください。二度続けて来ないときは訪ねてください。"),
        FollowUpDone(60, "shakyo2", "stable", "サロンで将棋の相手ができた。", 20),
        FollowUpDone(30, "shakyo2", "stable", "休まず来ている。世話役を手伝い始めた。", 20),
    )),
    Story("after-sera", S("世良", "亜紀", "せら", "あき", 39, F, "080-6674-1290"), "美旗野市若葉台5丁目3番地7", (
        Contact(113, "kodomo1", "visit_desk", 40, "夫の転勤で知り合いがいない。子育てを一人で抱えている。", "c11", "c11", route="r01"),
        Note(110, "kodomo1", "accompany", 60, "子育てひろばに一緒に行く。"),
        Close(101, "kodomo1", "z01", "ひろばで友人ができた。", follow_in=-64, every="3"),
        FollowUpDone(62, "kodomo1", "moved", "夫の転勤で県外へ引っ越された。新しい市の窓口をお伝えした。", 15),
    )),
)  # fmt: skip
