"""Choices that every higher app shares."""

from django.db.models import TextChoices


class Sector(TextChoices):
    """The five fields of the welfare acts that a desk must bridge, and the gap between them."""

    ELDERLY = "elderly", "高齢"
    DISABILITY = "disability", "障害"
    CHILD = "child", "児童"
    POVERTY = "poverty", "困窮"
    EDUCATION = "education", "教育"
    GAP = "gap", "狭間"


class AgencyKind(TextChoices):
    DESK = "desk", "地域の相談窓口"
    CENTER = "center", "地域包括支援センター"
    DEPARTMENT = "department", "庁内の課"
    SELF_RELIANCE = "self_reliance", "自立相談支援機関"
    COUNCIL = "council", "社会福祉協議会"
    SCHOOL_BOARD = "school_board", "教育委員会"
    DIRECTOR_OFFICE = "director_office", "エリアディレクター"
    FINANCE = "finance", "財政・会計"
    OFFICE = "office", "事務局"
    OTHER = "other", "その他の支援関係機関"


class Role(TextChoices):
    DESK_WORKER = "desk_worker", "相談員"
    AGENCY_MANAGER = "agency_manager", "機関の長"
    AREA_DIRECTOR = "area_director", "エリアディレクター"
    CONFERENCE_GUEST = "conference_guest", "会議参加者"
    FINANCE_CLERK = "finance_clerk", "経理担当"
    AUDITOR = "auditor", "監査担当"
    SYSTEM_ADMIN = "system_admin", "システム管理者"


class Ground(TextChoices):
    """Legal ground of an act of sharing or of an access grant (domain: 1.4, 1.6)."""

    OWN_DUTY = "own_duty", "自機関の職務"
    PARTICIPATION = "participation", "支援チームへの参加"
    CONSENT = "consent", "本人同意"
    ARTICLE_106_6 = "article_106_6", "支援会議（社会福祉法106条の6）"
    POVERTY_ARTICLE_9 = "poverty_article_9", "支援会議（生活困窮者自立支援法9条）"
    CHILD_ABUSE_LAW = "child_abuse_law", "児童虐待防止法・児童福祉法"
    ELDER_ABUSE_LAW = "elder_abuse_law", "高齢者虐待防止法"
    DISABILITY_ABUSE_LAW = "disability_abuse_law", "障害者虐待防止法"
    EMERGENCY = "emergency", "生命・身体の保護のため緊急"
    COORDINATION = "coordination", "多機関協働の調整"
    BREAK_GLASS = "break_glass", "緊急閲覧"


ABUSE_LAWS = (Ground.CHILD_ABUSE_LAW, Ground.ELDER_ABUSE_LAW, Ground.DISABILITY_ABUSE_LAW)


class ConsentState(TextChoices):
    YES = "yes", "あり"
    NO = "no", "なし"
    UNKNOWN = "unknown", "未確認"
    REFUSED = "refused", "拒否"
    WITHDRAWN = "withdrawn", "撤回"
