"""Choices of referrals and conferences, and the rules of each kind of conference."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import IntegerChoices, TextChoices

from accounts.enums import ABUSE_LAWS, Ground
from households.enums import InformationKind
from households.grounds import EVERYTHING


class SharedPart(TextChoices):
    """Parts of the record that a sender may choose to show with a referral."""

    BASIC = "basic", "本人の氏名・年齢"
    CONTACT = "contact", "住所・電話"
    FAMILY = "family", "世帯員と続柄"
    CONCERNS = "concerns", "相談内容"
    STRENGTHS = "strengths", "できていること・希望"
    PROBLEMS = "problems", "課題"
    NOTES = "notes", "直近の支援経過"
    PLAN = "plan", "プラン"


class ReferralOutcome(TextChoices):
    """What came of a request, as the receiver tells the sender."""

    EASED = "eased", "困りごとが軽くなった"
    CONNECTED = "connected", "制度・サービスにつながった"
    CONTINUES = "continues", "引き続き関わっている"
    NOT_REACHED = "not_reached", "本人に会えなかった"
    NOT_NEEDED = "not_needed", "必要がなくなった"
    CASE_CLOSED = "case_closed", "ケースの終結"


K = InformationKind
# what a part can hold: a part goes only when the ground covers all of it (the ticks of 相談内容 name nobody)
PART_KINDS: dict[SharedPart, frozenset[InformationKind]] = {
    SharedPart.BASIC: frozenset({K.IDENTITY}),
    SharedPart.CONTACT: frozenset({K.IDENTITY}),
    SharedPart.FAMILY: frozenset({K.IDENTITY}),
    SharedPart.CONCERNS: frozenset(),
    SharedPart.STRENGTHS: frozenset({K.IDENTITY, K.HISTORY}),
    SharedPart.PROBLEMS: EVERYTHING,
    SharedPart.NOTES: EVERYTHING,
    SharedPart.PLAN: EVERYTHING,
}


class ConferenceKind(TextChoices):
    """The kinds that law or notice knows; what the municipality calls them and its own are ``ConferenceRule`` rows."""

    INDIVIDUAL = "individual", "個別会議"
    SUPPORT = "support", "支援会議"
    MULTILAYERED = "multilayered", "重層的支援会議"
    ADJUSTMENT = "adjustment", "支援調整会議"
    AREA = "area", "エリア会議"
    PROMOTION = "promotion", "相談支援包括化推進会議"
    COMMUNITY = "community", "地域支援会議"
    COUNCIL = "council", "協議体"
    OWN = "own", "市町村独自の会議"


class Convener(TextChoices):
    """Who may call a conference of a kind."""

    ANY = "any", "ケースを担当する機関とエリアディレクター"
    MUNICIPAL = "municipal", "市町村の機関（委託先を除く）"
    DIRECTOR = "director", "エリアディレクター"
    SELF_RELIANCE = "self_reliance", "自立相談支援機関"
    SOCIAL_COUNCIL = "social_council", "社会福祉協議会"


class Attends(TextChoices):
    """Which agencies may be invited."""

    ANY = "any", "外部の支援者も招ける"
    AGENCIES = "agencies", "市町村の機関と委託先だけ"
    MUNICIPAL = "municipal", "市町村の機関だけ"


class Decides(TextChoices):
    """What a conference of a kind may decide."""

    ROLES = "roles", "支援の方向と役割分担"
    PLAN = "plan", "プランの決定"
    REFERRAL = "referral", "つなぎへの返事"
    ISSUE = "issue", "地域課題と社会資源"


class Urgency(TextChoices):
    NOW = "now", "急ぐ"
    SOON = "soon", "早めに"
    USUAL = "usual", "ふつう"


URGENCY_ORDER = tuple(Urgency.values)


def kind_label(kind: str) -> str:
    """What the municipality calls a kind of conference; the legal kind and its rules stay (domain.md 1.4)."""
    return str(settings.CONFERENCE_NAMES.get(kind) or ConferenceKind(kind).label)


def kind_choices() -> list[tuple[str, str]]:
    """For forms: the local name, with the legal kind behind it where they differ."""
    pairs = [(kind.value, kind_label(kind), str(kind.label)) for kind in ConferenceKind]
    return [(value, local if local == legal else f"{local}（{legal}）") for value, local, legal in pairs]


@dataclass(frozen=True, slots=True)
class KindRule:
    """What the law or custom asks of one kind of conference (domain.md 1.4). A kind without grounds takes no case."""

    needs_consent: bool
    default_ground: Ground
    grounds: tuple[Ground, ...]
    is_secret: bool
    basis: str
    hint: str = ""
    conveners: tuple[Convener, ...] = (Convener.ANY,)
    attends: Attends = Attends.ANY
    decides: tuple[Decides, ...] = (Decides.ROLES, Decides.PLAN, Decides.REFERRAL)

    @property
    def takes_cases(self) -> bool:
        return bool(self.grounds)

    def narrowed(
        self,
        *,
        grounds: Collection[str],
        decides: Collection[str],
        attends: str,
        conveners: Collection[str] = (),
    ) -> KindRule:
        """The rule as the municipality has narrowed it; what the law does not give it cannot give."""
        kept = tuple(g for g in self.grounds if g in grounds)
        first = self.default_ground if self.default_ground in kept else next(iter(kept), self.default_ground)
        only_consent = bool(kept) and set(kept) == {Ground.CONSENT}
        return replace(
            self, grounds=kept, default_ground=first, needs_consent=self.needs_consent or only_consent,
            decides=tuple(d for d in self.decides if d in decides), attends=stricter(self.attends, attends),
            conveners=tuple(Convener(c) for c in conveners) or self.conveners,
        )  # fmt: skip


def stricter(law: str, local: str) -> Attends:
    order = list(Attends)
    return max(Attends(law), Attends(local or law), key=order.index)


_CASEWORK = (Decides.ROLES, Decides.PLAN, Decides.REFERRAL)
KIND_RULES: dict[ConferenceKind, KindRule] = {
    ConferenceKind.INDIVIDUAL: KindRule(
        needs_consent=False,
        default_ground=Ground.PARTICIPATION,
        grounds=(Ground.PARTICIPATION, Ground.CONSENT, *ABUSE_LAWS, Ground.EMERGENCY),
        is_secret=False,
        basis="支援チームの打合せ",
        hint="支援チームの打合せ。",
    ),
    ConferenceKind.SUPPORT: KindRule(
        needs_consent=False,
        default_ground=Ground.ARTICLE_106_6,
        grounds=(Ground.ARTICLE_106_6, Ground.POVERTY_ARTICLE_9),
        is_secret=True,
        basis="社会福祉法106条の6（同意がなくても共有できる。出席者に守秘義務がある）",
        hint="同意がなくても共有できる（社会福祉法106条の6）。出席者に守秘義務、会議と資料は非公開。",
        conveners=(Convener.MUNICIPAL,),
        decides=(Decides.ROLES, Decides.REFERRAL),
    ),
    ConferenceKind.MULTILAYERED: KindRule(
        needs_consent=True,
        default_ground=Ground.CONSENT,
        grounds=(Ground.CONSENT,),
        is_secret=False,
        basis="実施要綱（本人同意が前提。プランの決定・評価・終結を協議する）",
        hint="本人同意が前提。プランの決定・評価・終結を協議する。",
        decides=(*_CASEWORK, Decides.ISSUE),
    ),
    ConferenceKind.ADJUSTMENT: KindRule(
        needs_consent=True,
        default_ground=Ground.CONSENT,
        grounds=(Ground.CONSENT,),
        is_secret=False,
        basis="自立相談支援事業（プランの適切さ、共有、終結の評価、足りない社会資源を協議する）",
        hint="生活困窮の自立相談支援のプランを協議する。本人同意が前提。",
        conveners=(Convener.SELF_RELIANCE, Convener.DIRECTOR),
        decides=(*_CASEWORK, Decides.ISSUE),
    ),
    ConferenceKind.AREA: KindRule(
        needs_consent=False,
        default_ground=Ground.COORDINATION,
        grounds=(Ground.COORDINATION, Ground.PARTICIPATION, Ground.CONSENT, Ground.ARTICLE_106_6),
        is_secret=False,
        basis="分野横断の連携調整",
        hint="分野をまたぐ連携の調整。地域課題も扱う。",
        decides=(*_CASEWORK, Decides.ISSUE),
    ),
    ConferenceKind.PROMOTION: KindRule(
        needs_consent=False,
        default_ground=Ground.COORDINATION,
        grounds=(),
        is_secret=False,
        basis="相談支援の進め方と地域課題の協議（個別のケースは扱わない）",
        hint="相談支援の進め方と地域課題。個別のケースは議題にできません。",
        conveners=(Convener.DIRECTOR, Convener.MUNICIPAL, Convener.SOCIAL_COUNCIL),
        decides=(Decides.ISSUE,),
    ),
    ConferenceKind.COMMUNITY: KindRule(
        needs_consent=False,
        default_ground=Ground.COORDINATION,
        grounds=(),
        is_secret=False,
        basis="地域の拠点ごとの地域課題の協議（個別のケースは扱わない）",
        hint="地域の人と地域課題を話し合う。個別のケースは議題にできません。",
        decides=(Decides.ISSUE,),
    ),
    ConferenceKind.COUNCIL: KindRule(
        needs_consent=False,
        default_ground=Ground.COORDINATION,
        grounds=(),
        is_secret=False,
        basis="生活支援体制整備事業の協議体（社会資源の開発。個別のケースは扱わない）",
        hint="社会資源の開発を話し合う。個別のケースは議題にできません。",
        decides=(Decides.ISSUE,),
    ),
    ConferenceKind.OWN: KindRule(
        needs_consent=False,
        default_ground=Ground.PARTICIPATION,
        grounds=(Ground.PARTICIPATION, Ground.CONSENT, *ABUSE_LAWS, Ground.EMERGENCY),
        is_secret=False,
        basis="市町村の定め",
        hint="市町村の定めによる会議。",
        decides=(*_CASEWORK, Decides.ISSUE),
    ),
}


class Attendance(TextChoices):
    INVITED = "invited", "案内済"
    ATTENDING = "attending", "出席"
    ABSENT = "absent", "欠席"


class IssueTheme(TextChoices):
    """What a community issue is about."""

    SHOPPING = "shopping", "買い物・移動"
    ISOLATION = "isolation", "孤立・見守り"
    PLACE = "place", "居場所"
    HOUSING = "housing", "住まい"
    WORK = "work", "就労・社会参加"
    LEARNING = "learning", "学び・不登校"
    CARE = "care", "介護・ケアラー"
    MONEY = "money", "家計・債務"
    HEALTH = "health", "医療・こころの健康"
    WASTE = "waste", "ごみ・住環境"
    OTHER = "other", "その他"


class Agreement(IntegerChoices):
    """The answers of the questionnaire after a conference."""

    NO = 1, "そう思わない"
    RATHER_NO = 2, "あまり思わない"
    RATHER_YES = 3, "まあそう思う"
    YES = 4, "そう思う"
