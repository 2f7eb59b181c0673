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


class Activity(TextChoices):
    """活動 of a record, which 区分の表 may ask about: a first contact, the 対応方法 of a note (cases.enums.Way), a watch."""

    CONSULTATION = "consultation", "相談受付"
    PHONE = "phone", "電話"
    VISIT_DESK = "visit_desk", "来所"
    HOME_VISIT = "home_visit", "訪問"
    ACCOMPANY = "accompany", "同行"
    MAIL = "mail", "メール・SNS"
    MEETING = "meeting", "会議"
    AGENCY = "agency", "他機関との照会・協議"
    OTHER = "other", "その他"
    WATCH = "watch", "終結後の見守り"


class RemainderRule(TextChoices):
    """How yen below one are settled (domain.md 4.4); printed on every sheet."""

    LARGEST_REMAINDER = "largest_remainder", "最大剰余法（端数の大きい財源から1円ずつ）"
    TRUNCATE_TO_GENERAL = "truncate_to_general", "円未満切捨て・残額は一般財源"


class Method(TextChoices):
    """How a worker's cost is split. MIXED is only said of a whole run."""

    ACTUAL_MINUTES = "actual_minutes", "毎月の業務実績（A町方式）"
    TIME_STUDY = "time_study", "タイムスタディ（B市方式）"
    DEDICATED = "dedicated", "専従（C市方式）"
    MIXED = "mixed", "機関ごとの方式"


class CostItem(TextChoices):
    """費目 of a personnel cost; 人件費 is their sum."""

    SALARY = "salary", "給料"
    ALLOWANCE = "allowance", "手当"
    WAGE = "wage", "報酬・賃金"
    INSURANCE = "insurance", "共済費・社会保険料"
    OTHER = "other", "その他"


class GrantPart(TextChoices):
    """The parts of 重層的支援体制整備事業交付金 (domain.md 4.2)."""

    COUNSEL = "counsel", "包括的相談支援事業"
    COMMUNITY = "community", "地域づくり事業"
    ADDED = "added", "新たな機能（多機関協働・アウトリーチ・参加支援）"


class GrantField(TextChoices):
    ELDERLY = "elderly", "高齢"
    DISABILITY = "disability", "障害"
    CHILD = "child", "子ども"
    POVERTY = "poverty", "困窮"
    ANY = "any", "属性を問わない"


class StudySampling(TextChoices):
    CONTINUOUS = "continuous", "連続記録（期間中のすべての業務）"
    MOMENTS = "moments", "無作為の時点（その時に何をしていたか）"


class OverheadMethod(TextChoices):
    DIRECT_LABOUR = "direct_labour", "直接労働の割合"
    STEP_DOWN = "step_down", "階梯式配賦"
    RECIPROCAL = "reciprocal", "相互配賦（連立方程式）"


class PoolDriver(TextChoices):
    """Drivers that the notice of 2017-03-31 illustrates, and the municipality's own."""

    USERS = "users", "利用者・参加者数"
    DAYS = "days", "事業日数・実施回数"
    HOURS = "hours", "従事・利用時間"
    FLOOR_AREA = "floor_area", "面積（㎡）"
    OWN = "own", "市町村が定める基準"


class FindingKind(TextChoices):
    """What an auditor would ask about (domain.md 4.5)."""

    DEDICATED = "dedicated", "専従の対象外"
    NO_PERSON = "no_person", "対象となる人がいない"
    DOUBLE = "double", "二重の財源"
    JUMP = "jump", "割合の大きな動き"
    COPIED = "copied", "写したような記録"
    NOT_DEDICATED = "not_dedicated", "専従を求める財源"
    ACTIVITY = "activity", "対象外の活動"
