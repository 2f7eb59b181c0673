"""The shipped funding streams, shares and work categories.

Values are those of the public pages named in ``source``; what nobody confirmed is marked 要確認 (``needs_check``) and
has to be confirmed with the prefecture. Loading again changes nothing that is there: a municipality edits its rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.enums import Sector
from budgets.enums import Account, CategoryKind, Payer
from budgets.models import FundingShare, FundingStream, StreamYear, WorkCategory
from common.japan.fiscal import fiscal_year as fiscal_year_of

_WIC: Final = "https://wic-net.com/material/document/4694/96"
_TOTTORI: Final = (
    "http://db.pref.tottori.jp/yosan/shin20Yosan_Koukai.nsf/2be4866aeb9df676492574820037ab76/"
    "40da65eddbecd5d34925748700042e13"
)
_JUDGIT: Final = "https://judgit.netlify.app/projects/10323"
_CUSTOM: Final = "一般的な制度の説明による。都道府県に確認してください"

Shares = tuple[tuple[Payer, int, int], ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream with its shares as exact fractions; ``source`` "" stands for 要確認."""

    code: str
    name: str
    short_name: str
    account: Account
    legal_basis: str
    eligible: str
    shares: Shares = ()
    source: str = ""
    is_general: bool = False
    age_from: int | None = None
    sectors: tuple[Sector, ...] = ()
    must_be_dedicated: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """A category with the short word that is typed; ``stream`` only for direct work."""

    code: str
    name: str
    key: str
    kind: CategoryKind = CategoryKind.DIRECT
    stream: str = field(default="")


P: Final = Payer
_HALF: Final[Shares] = ((P.STATE, 1, 2), (P.PREFECTURE, 1, 4), (P.MUNICIPALITY, 1, 4))
_THIRDS: Final[Shares] = ((P.STATE, 1, 3), (P.PREFECTURE, 1, 3), (P.MUNICIPALITY, 1, 3))
_OWN: Final[Shares] = ((P.MUNICIPALITY, 1, 1),)

STREAMS: Final = (
    Stream("care", "地域支援事業（包括的支援事業・任意事業）", "包括的支援", Account.CARE_INSURANCE,
           "介護保険法115条の45第2項・第3項", "65歳以上の人とその介護者",
           ((P.STATE, 77, 200), (P.PREFECTURE, 77, 400), (P.MUNICIPALITY, 77, 400), (P.PREMIUM_1, 23, 100)), _WIC,
           age_from=65),
    Stream("prevention", "地域支援事業（介護予防・日常生活支援総合事業）", "総合事業", Account.CARE_INSURANCE,
           "介護保険法115条の45第1項", "65歳以上の人",
           ((P.STATE, 1, 4), (P.PREFECTURE, 1, 8), (P.MUNICIPALITY, 1, 8), (P.PREMIUM_1, 23, 100),
            (P.PREMIUM_2, 27, 100)), _WIC, age_from=65),
    Stream("care_plan", "指定介護予防支援・介護予防ケアマネジメント（介護報酬等）", "介護予防支援", Account.CARE_INSURANCE,
           "介護保険法58条・115条の45第1項", "要支援者・事業対象者"),
    Stream("disability", "地域生活支援事業（機能強化分）", "障害 機能強化", Account.GENERAL,
           "障害者総合支援法77条・94条", "障害のある人", _HALF, _TOTTORI, sectors=(Sector.DISABILITY,)),
    Stream("child", "利用者支援事業（子ども・子育て支援交付金）", "子ども", Account.GENERAL,
           "子ども・子育て支援法59条1号", "妊娠中の人・0〜18歳とその家族",
           ((P.STATE, 2, 3), (P.PREFECTURE, 1, 6), (P.MUNICIPALITY, 1, 6)), sectors=(Sector.CHILD, Sector.EDUCATION)),
    Stream("child_base", "地域子育て支援拠点事業（子ども・子育て支援交付金）", "子育て拠点", Account.GENERAL,
           "子ども・子育て支援法59条9号", "子どもとその家族", _THIRDS, _JUDGIT, sectors=(Sector.CHILD,)),
    Stream("poverty", "生活困窮者自立相談支援事業", "困窮", Account.GENERAL,
           "生活困窮者自立支援法5条・15条", "生活に困っている人（年齢を問わない）", ((P.STATE, 3, 4), (P.MUNICIPALITY, 1, 4)),
           sectors=(Sector.POVERTY,)),
    Stream("multi", "多機関協働事業等（多機関協働・アウトリーチ・参加支援）", "多機関協働", Account.GENERAL,
           "社会福祉法106条の4第2項", "属性を問わない", _HALF),
    Stream("health", "健康増進事業", "健康増進", Account.GENERAL, "健康増進法17条", "成人", _THIRDS),
    Stream("allocation", "地方交付税措置（障害者相談支援の一般相談・保健師の正職員）", "交付税措置", Account.GENERAL,
           "地方交付税法", "属性を問わない", _OWN),
    Stream("general", "市町村単独（一般財源）", "一般財源", Account.GENERAL, "", "属性を問わない", _OWN, "財源の定義",
           is_general=True),
)  # fmt: skip

_S: Final = CategoryKind.SHARED
CATEGORIES: Final = (
    Category("care", "包括的支援事業（総合相談等）", "包括", stream="care"),
    Category("life_support", "生活支援体制整備", "体制整備", stream="care"),
    Category("care_plan", "介護予防支援（指定介護予防支援）", "予防支援", stream="care_plan"),
    Category(
        "care_management",
        "介護予防ケアマネジメント（第1号介護予防支援）",
        "ケアマネジメント",
        stream="care_plan",
    ),
    Category("prevention", "総合事業・一般介護予防", "一般介護予防", stream="prevention"),
    Category("disability", "障害者相談支援（一般相談）", "障害", stream="allocation"),
    Category(
        "disability_core", "障害 相談支援の機能強化（地域生活支援事業）", "機能強化", stream="disability"
    ),
    Category("child", "利用者支援事業", "子ども", stream="child"),
    Category("child_base", "地域子育て支援拠点", "子育て拠点", stream="child_base"),
    Category("poverty", "自立相談支援事業", "困窮", stream="poverty"),
    Category("multi", "多機関協働", "協働", stream="multi"),
    Category("outreach", "アウトリーチ等を通じた継続的支援", "アウトリーチ", stream="multi"),
    Category("participation", "参加支援", "参加", stream="multi"),
    Category("third_layer", "第3層の個別のマッチング", "第3層", stream="general"),
    Category("community", "地域づくり（一体的実施）", "地域", stream="general"),
    Category("health", "健康増進", "健康", stream="health"),
    Category("general", "単独（一般財源）", "単独", stream="general"),
    Category("meeting", "会議・連絡調整（共通）", "会議", _S),
    Category("training", "研修（共通）", "研修", _S),
    Category("travel", "移動（共通）", "移動", _S),
    Category("office", "記録・事務（共通）", "事務", _S),
    Category("leave", "休暇", "休暇", CategoryKind.LEAVE),
)


@transaction.atomic
def load_streams(fiscal_year: int | None = None) -> None:
    """Streams, their shares in ``fiscal_year`` (default: the present one), and categories; existing rows stay."""
    year = fiscal_year_of(timezone.localdate()) if fiscal_year is None else fiscal_year
    rows = {}
    for position, stream in enumerate(STREAMS, start=1):
        rows[stream.code], _ = FundingStream.objects.get_or_create(
            code=stream.code,
            defaults={
                "name": stream.name, "short_name": stream.short_name, "account": stream.account,
                "legal_basis": stream.legal_basis, "eligible": stream.eligible, "position": position,
                "is_general": stream.is_general, "needs_check": not stream.source,
            },
        )  # fmt: skip
        StreamYear.objects.get_or_create(
            stream=rows[stream.code], fiscal_year=year,
            defaults={
                "age_from": stream.age_from, "sectors": list(stream.sectors), "must_be_dedicated": stream.must_be_dedicated,
                "source": stream.source or _CUSTOM, "needs_check": not stream.source,
            },
        )  # fmt: skip
        for payer, numerator, denominator in stream.shares:
            FundingShare.objects.get_or_create(
                stream=rows[stream.code], fiscal_year=year, payer=payer,
                defaults={
                    "numerator": numerator, "denominator": denominator, "source": stream.source or _CUSTOM,
                    "needs_check": not stream.source,
                },
            )  # fmt: skip
    for position, category in enumerate(CATEGORIES, start=1):
        WorkCategory.objects.get_or_create(
            code=category.code,
            defaults={
                "name": category.name, "key": category.key, "kind": category.kind, "position": position,
                "stream": rows.get(category.stream),
            },
        )  # fmt: skip


def category_of(code: str) -> WorkCategory:
    """The category with ``code``; where the shipped values were never loaded, they are loaded now."""
    found = WorkCategory.objects.filter(code=code).first()
    if found is None:
        load_streams()
        found = WorkCategory.objects.get(code=code)
    return found
