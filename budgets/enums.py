"""Choices of work and money."""

from django.db.models import TextChoices


class Account(TextChoices):
    GENERAL = "general", "一般会計"
    CARE_INSURANCE = "care_insurance", "介護保険特別会計"


class Payer(TextChoices):
    STATE = "state", "国"
    PREFECTURE = "prefecture", "都道府県"
    MUNICIPALITY = "municipality", "市町村"
    PREMIUM_1 = "premium_1", "第1号保険料"
    PREMIUM_2 = "premium_2", "第2号保険料"


class CategoryKind(TextChoices):
    """DIRECT goes to its stream; SHARED follows the worker's direct minutes; LEAVE is outside the apportionment."""

    DIRECT = "direct", "直接"
    SHARED = "shared", "共通"
    LEAVE = "leave", "休暇"


class SourceType(TextChoices):
    MANUAL = "manual", "業務記録で入力"
    CONSULTATION = "consultation", "相談受付から"
    NOTE = "note", "支援経過から"
    CONFERENCE = "conference", "会議から"
    WATCH = "watch", "終結後の見守りから"
    OUTREACH = "outreach", "アウトリーチから"


class RemainderRule(TextChoices):
    """How yen below one are settled (domain.md 4.4); printed on every sheet."""

    LARGEST_REMAINDER = "largest_remainder", "最大剰余法（端数の大きい財源から1円ずつ）"
    TRUNCATE_TO_GENERAL = "truncate_to_general", "円未満切捨て・残額は一般財源"


class Method(TextChoices):
    ACTUAL_MINUTES = "actual_minutes", "毎月の業務実績（A町方式）"
