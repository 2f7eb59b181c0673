"""The shipped programmes of 重層的支援体制整備事業交付金, by part and field; rates are those of the fields' own grants.

What nobody confirmed is marked 要確認. Loading again changes nothing that is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from budgets.enums import GrantField as F
from budgets.enums import GrantPart as P
from budgets.models import FundingStream, IntegratedGrantLine

_CHECK: Final = "各分野の負担割合による。都道府県に確認してください"
_WIC: Final = "https://wic-net.com/material/document/4694/96"


@dataclass(frozen=True, slots=True)
class Programme:
    code: str
    part: P
    field: F
    name: str
    stream: str
    rate: tuple[int, int]
    source: str = ""


PROGRAMMES: Final = (
    Programme("counsel_elderly", P.COUNSEL, F.ELDERLY, "地域包括支援センターの運営", "care", (77, 200), _WIC),
    Programme("counsel_disability", P.COUNSEL, F.DISABILITY, "障害者相談支援事業（機能強化分）", "disability", (1, 2)),
    Programme("counsel_child", P.COUNSEL, F.CHILD, "利用者支援事業", "child", (2, 3)),
    Programme("counsel_poverty", P.COUNSEL, F.POVERTY, "自立相談支援事業", "poverty", (3, 4)),
    Programme("community_prevention", P.COMMUNITY, F.ELDERLY, "一般介護予防事業（地域介護予防活動支援）", "prevention", (1, 4), _WIC),
    Programme("community_support", P.COMMUNITY, F.ELDERLY, "生活支援体制整備事業", "care", (77, 200), _WIC),
    Programme("community_disability", P.COMMUNITY, F.DISABILITY, "地域活動支援センター機能強化事業", "disability", (1, 2)),
    Programme("community_child", P.COMMUNITY, F.CHILD, "地域子育て支援拠点事業", "child_base", (1, 3)),
    Programme("community_poverty", P.COMMUNITY, F.POVERTY, "生活困窮者支援等のための地域づくり事業", "poverty", (1, 2)),
    Programme("added_multi", P.ADDED, F.ANY, "多機関協働事業", "multi", (1, 2)),
    Programme("added_outreach", P.ADDED, F.ANY, "アウトリーチ等を通じた継続的支援事業", "multi", (1, 2)),
    Programme("added_participation", P.ADDED, F.ANY, "参加支援事業", "multi", (1, 2)),
)  # fmt: skip


def load_programmes(year: int) -> int:
    """The lines of a fiscal year that are not there yet, without any amount. Returns how many were made."""
    streams = dict(FundingStream.objects.values_list("code", "pk"))
    made = 0
    for position, row in enumerate(PROGRAMMES, start=1):
        _, is_new = IntegratedGrantLine.objects.get_or_create(
            fiscal_year=year, code=row.code,
            defaults={
                "part": row.part, "field": row.field, "name": row.name, "stream_id": streams.get(row.stream),
                "position": position, "rate_numerator": row.rate[0], "rate_denominator": row.rate[1],
                "source": row.source or _CHECK, "needs_check": not row.source,
            },
        )  # fmt: skip
        made += is_new
    return made
