"""The legal grounds of sharing, as one table: what each lets go to another agency, and what it opens there.

Sources: 社会福祉法106条の6, 生活困窮者自立支援法9条, 児童虐待防止法・児童福祉法, 高齢者虐待防止法, 障害者虐待防止法,
個人情報保護法69条 (domain.md 1.4, 1.6, 7.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from accounts.enums import Ground
from households.enums import InformationKind

EVERYTHING = frozenset(InformationKind)
NOTHING: frozenset[InformationKind] = frozenset()


@dataclass(frozen=True, slots=True)
class GroundRule:
    """``kinds``: what may go with a referral (None: what the consent says). ``opens_record``: whether taking part on
    this ground opens the whole record (None: if the consent covers everything). ``lasts``: how long it stays open.
    ``against_will``: whether it holds although the person refused. ``hint``: when to choose it, for the form.
    """

    kinds: frozenset[InformationKind] | None
    opens_record: bool | None
    lasts: timedelta | None
    against_will: bool
    for_referral: bool
    hint: str


def _abuse(what: str) -> GroundRule:
    return GroundRule(EVERYTHING, True, None, against_will=True, for_referral=True, hint=what)


GROUND_RULES: dict[Ground, GroundRule] = {
    Ground.CONSENT: GroundRule(
        None, None, None, against_will=False, for_referral=True, hint="この機関を含む同意の記録があるとき。同意の範囲だけを渡す"
    ),
    Ground.COORDINATION: GroundRule(
        NOTHING, False, None, against_will=True, for_referral=True, hint="同意がまだのとき。個人が分かる記録は渡さない"
    ),
    Ground.CHILD_ABUSE_LAW: _abuse("児童虐待の通告・安全の確認のため"),
    Ground.ELDER_ABUSE_LAW: _abuse("高齢者虐待の通報・安全の確認のため"),
    Ground.DISABILITY_ABUSE_LAW: _abuse("障害者虐待の通報・安全の確認のため"),
    Ground.EMERGENCY: GroundRule(
        EVERYTHING, True, timedelta(days=14), against_will=True, for_referral=True,
        hint="命や身体に危険があり、同意を待てないとき。14日で閉じる",
    ),
    Ground.ARTICLE_106_6: GroundRule(EVERYTHING, False, None, against_will=True, for_referral=False, hint=""),
    Ground.POVERTY_ARTICLE_9: GroundRule(EVERYTHING, False, None, against_will=True, for_referral=False, hint=""),
    Ground.PARTICIPATION: GroundRule(EVERYTHING, True, None, against_will=False, for_referral=False, hint=""),
    Ground.OWN_DUTY: GroundRule(EVERYTHING, True, None, against_will=True, for_referral=False, hint=""),
    Ground.BREAK_GLASS: GroundRule(
        EVERYTHING, True, timedelta(minutes=60), against_will=True, for_referral=False, hint=""
    ),
}  # fmt: skip

REFERRAL_GROUNDS = tuple(ground for ground, rule in GROUND_RULES.items() if rule.for_referral)
