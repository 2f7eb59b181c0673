"""Choices of referrals and conferences, and the rules of each kind of conference."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import TextChoices

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
    INDIVIDUAL = "individual", "個別会議"
    SUPPORT = "support", "支援会議"
    MULTILAYERED = "multilayered", "重層的支援会議"
    AREA = "area", "エリア会議"


def kind_label(kind: str) -> str:
    """What the municipality calls a kind of conference; the legal kind and its rules stay (domain.md 1.4)."""
    return str(settings.CONFERENCE_NAMES.get(kind) or ConferenceKind(kind).label)


def kind_choices() -> list[tuple[str, str]]:
    """For forms: the local name, with the legal kind behind it where they differ."""
    pairs = [(kind.value, kind_label(kind), str(kind.label)) for kind in ConferenceKind]
    return [(value, local if local == legal else f"{local}（{legal}）") for value, local, legal in pairs]


@dataclass(frozen=True, slots=True)
class KindRule:
    """What the law or custom asks of one kind of conference (domain.md 1.4)."""

    needs_consent: bool
    default_ground: Ground
    grounds: tuple[Ground, ...]
    is_secret: bool
    basis: str


KIND_RULES: dict[ConferenceKind, KindRule] = {
    ConferenceKind.INDIVIDUAL: KindRule(
        needs_consent=False,
        default_ground=Ground.PARTICIPATION,
        grounds=(Ground.PARTICIPATION, Ground.CONSENT, *ABUSE_LAWS, Ground.EMERGENCY),
        is_secret=False,
        basis="支援チームの打合せ",
    ),
    ConferenceKind.SUPPORT: KindRule(
        needs_consent=False,
        default_ground=Ground.ARTICLE_106_6,
        grounds=(Ground.ARTICLE_106_6, Ground.POVERTY_ARTICLE_9),
        is_secret=True,
        basis="社会福祉法106条の6（同意がなくても共有できる。出席者に守秘義務がある）",
    ),
    ConferenceKind.MULTILAYERED: KindRule(
        needs_consent=True,
        default_ground=Ground.CONSENT,
        grounds=(Ground.CONSENT,),
        is_secret=False,
        basis="実施要綱（本人同意が前提。プランの決定・評価・終結を協議する）",
    ),
    ConferenceKind.AREA: KindRule(
        needs_consent=False,
        default_ground=Ground.COORDINATION,
        grounds=(Ground.COORDINATION, Ground.PARTICIPATION, Ground.CONSENT, Ground.ARTICLE_106_6),
        is_secret=False,
        basis="分野横断の連携調整",
    ),
}


class Attendance(TextChoices):
    INVITED = "invited", "案内済"
    ATTENDING = "attending", "出席"
    ABSENT = "absent", "欠席"
