"""The code lists that ship with kyosei: 標準様式を参考にした項目. Data, dated, editable; † lists need a check."""

from __future__ import annotations

from datetime import date

from cases.enums import CodeList
from cases.models import Code

VALID_FROM = date(2015, 4, 1)
SOURCE = "自立相談支援機関使用標準様式を参考にした項目"

E_, D_, C_, P_, S_, G_ = "elderly", "disability", "child", "poverty", "education", "gap"

# 相談内容, the 16 of the 相談受付・申込票 with the sectors that each proposes
CONCERNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("病気や健康、障害のこと", (D_,)),
    ("住まいについて", (P_,)),
    ("収入・生活費のこと", (P_,)),
    ("家賃やローンの支払いのこと", (P_,)),
    ("税金や公共料金等の支払いについて", (P_,)),
    ("債務について", (P_,)),
    ("仕事探し、就職について", (P_,)),
    ("仕事上の不安やトラブル", (P_,)),
    ("地域との関係について", (G_,)),
    ("家族との関係について", (G_,)),
    ("子育てのこと", (C_,)),
    ("介護のこと", (E_,)),
    ("ひきこもり・不登校", (S_, G_)),
    ("DV・虐待", (C_, G_)),
    ("食べるものがない", (P_,)),
    ("その他", ()),
)
ROUTES = (
    "本人来所", "本人から電話・メール", "家族・知人から来所", "家族・知人から電話・メール", "自宅訪問（アウトリーチ）",
    "関係機関・関係者の紹介", "関係機関が同行", "民生委員・児童委員", "地域住民", "庁内他課", "その他",
)  # fmt: skip
ISSUES = (
    "病気", "けが", "障害（手帳有）", "障害（疑い）", "自死企図", "その他メンタルヘルスの課題（うつ・不眠・不安・依存症・適応障害など）",
    "住まい不安定", "ホームレス", "経済的困窮", "（多重・過重）債務", "家計管理の課題", "就職活動困難", "就職定着困難", "生活習慣の乱れ",
    "社会的孤立（ニート・ひきこもりなどを含む）", "家族関係・家族の問題", "介護", "子育て", "不登校", "非行", "中卒・高校中退", "ひとり親",
    "ヤングケアラー", "DV・虐待", "外国籍・言葉の課題", "刑余者", "コミュニケーションが苦手", "本人の能力の課題（識字・言語・理解等）", "被災",
    "ごみ屋敷・セルフネグレクト", "近隣トラブル", "その他",
)  # fmt: skip
SERVICES = (
    "◆住居確保給付金", "◆就労準備支援", "◆認定就労訓練（雇用型・非雇用型）", "◆家計改善支援", "◆一時生活支援・居住支援",
    "◆子どもの学習・生活支援", "◇生活保護受給者等就労自立促進事業", "◇生活福祉資金貸付", "◇ハローワーク", "◇地域若者サポートステーション",
    "◇参加支援", "◇アウトリーチ等を通じた継続的支援", "◇介護保険", "◇障害福祉", "◇こども家庭センター", "◇成年後見・日常生活自立支援",
    "◇法律相談", "◇医療・健診", "◇民生委員・見守り", "◇フードバンク", "◇地域活動・居場所", "◇その他",
)  # fmt: skip
CHANGES = (
    "生活保護適用", "住まいの確保・安定", "医療機関受診開始", "健康状態の改善", "障害手帳取得", "自立意欲の向上・改善", "孤立の解消",
    "精神の安定", "家族関係の改善", "就労開始（一般・中間的）", "転職", "就労収入増加", "職場定着", "家計の改善", "債務の整理",
    "職業訓練の開始・就学", "社会参加機会の増加", "生活習慣の改善", "対人関係・家族関係の改善", "その他", "変化なし",
)  # fmt: skip
CLOSING_REASONS = (
    "目標達成", "支援関係機関へ主担当を引継ぎ", "他制度の利用", "転居", "死亡", "本人の希望", "連絡不通", "その他",
)  # fmt: skip

_PLAIN = (
    (CodeList.ROUTE, "r", ROUTES),
    (CodeList.ISSUE, "i", ISSUES),
    (CodeList.SERVICE, "s", SERVICES),
    (CodeList.CHANGE, "h", CHANGES),
    (CodeList.CLOSING_REASON, "z", CLOSING_REASONS),
)


def load_codes() -> int:
    """Add the codes that are missing; existing ones (perhaps edited by the city) stay. Returns how many were added."""
    rows = [
        Code(code_list=CodeList.CONCERN, code=f"c{n:02d}", label=label, position=n, sectors=list(sectors),
             source=SOURCE, valid_from=VALID_FROM)
        for n, (label, sectors) in enumerate(CONCERNS, start=1)
    ]  # fmt: skip
    rows += [
        Code(code_list=code_list, code=f"{letter}{n:02d}", label=label, position=n, source=SOURCE, needs_check=True,
             valid_from=VALID_FROM)
        for code_list, letter, labels in _PLAIN
        for n, label in enumerate(labels, start=1)
    ]  # fmt: skip
    known = set(Code.objects.values_list("code_list", "code"))
    missing = [row for row in rows if (row.code_list, row.code) not in known]
    Code.objects.bulk_create(missing)
    return len(missing)
