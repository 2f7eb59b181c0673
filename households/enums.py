"""Choices of persons, members and kinship."""

from django.db.models import TextChoices


class Sex(TextChoices):
    MALE = "male", "男性"
    FEMALE = "female", "女性"
    OTHER = "other", "その他"
    UNKNOWN = "", "未記録"


class Relation(TextChoices):
    """続柄: relation to the person at the centre of the household's support (本人)."""

    SELF = "self", "本人"
    SPOUSE = "spouse", "配偶者"
    PARENT = "parent", "父母"
    CHILD = "child", "子"
    SIBLING = "sibling", "兄弟姉妹"
    GRANDPARENT = "grandparent", "祖父母"
    GRANDCHILD = "grandchild", "孫"
    RELATIVE = "relative", "その他の親族"
    PARTNER = "partner", "パートナー"
    OTHER = "other", "その他の同居人"
    UNKNOWN = "unknown", "未記録"


class KinshipKind(TextChoices):
    """``person`` is the … of ``relative``. Siblings and spouses are symmetric: stored once."""

    PARENT = "parent", "親"
    ADOPTIVE_PARENT = "adoptive_parent", "養親"
    STEP_PARENT = "step_parent", "継親"
    FOSTER_PARENT = "foster_parent", "里親"
    SPOUSE = "spouse", "配偶者"
    PARTNER = "partner", "パートナー"
    FORMER_SPOUSE = "former_spouse", "元配偶者"
    SIBLING = "sibling", "兄弟姉妹"
    GRANDPARENT = "grandparent", "祖父母"
    OTHER = "other", "その他の親族"


SYMMETRIC_KINDS = frozenset(
    {KinshipKind.SPOUSE, KinshipKind.PARTNER, KinshipKind.FORMER_SPOUSE, KinshipKind.SIBLING}
)
# whoever is one of these to somebody is never the other way round as well
PARENT_KINDS = (
    KinshipKind.PARENT,
    KinshipKind.ADOPTIVE_PARENT,
    KinshipKind.STEP_PARENT,
    KinshipKind.FOSTER_PARENT,
)
# who is born before the one they are this to; a stepparent may be younger
ELDER_KINDS = (
    KinshipKind.PARENT,
    KinshipKind.ADOPTIVE_PARENT,
    KinshipKind.FOSTER_PARENT,
    KinshipKind.GRANDPARENT,
)
# the same kinship read from the other side: Aの親 ⇔ Bの子
RECIPROCAL = {
    KinshipKind.PARENT: "子",
    KinshipKind.ADOPTIVE_PARENT: "養子",
    KinshipKind.STEP_PARENT: "継子",
    KinshipKind.FOSTER_PARENT: "里子",
    KinshipKind.GRANDPARENT: "孫",
}


class InformationKind(TextChoices):
    """個人情報の内容: the six kinds of the standard rules on personal information (domain.md 1.6)."""

    IDENTITY = "identity", "氏名・性別・年齢・住所・電話番号・家族関係など"
    HEALTH = "health", "健康状態・病気・障害・介護など"
    WORK_SCHOOL = "work_school", "就労・就学・通所の状況"
    MONEY = "money", "収入・資産・借金など"
    SERVICES = "services", "福祉制度の利用状況"
    HISTORY = "history", "生活歴・過去の経験・抱えている課題など"


class ConsentGiver(TextChoices):
    SELF = "self", "本人"
    GUARDIAN = "guardian", "成年後見人等"
    PARENT = "parent", "親権者・未成年後見人"
    AGENT = "agent", "本人から任された代理人"


class ConsentMethod(TextChoices):
    """How the answer was given. A spoken answer needs a witness, a signed one its paper."""

    SIGNED = "signed", "署名した書面"
    SPOKEN = "spoken", "口頭（立会人あり）"


class DenialReason(TextChoices):
    RELATIVE = "relative", "本人・世帯員の親族"
    NEIGHBOUR = "neighbour", "近隣・知人"
    FLED_FROM = "fled_from", "本人が逃れてきた相手、その関係者"
    PARTY = "party", "相談内容の当事者"
    WISH = "wish", "本人が知られたくないと望んでいる"


class LinkState(TextChoices):
    """同一人の確認."""

    POSSIBLE = "possible", "同じ人かもしれない"
    DIFFERENT = "different", "別の人と確認した"


class MergeChange(TextChoices):
    """What a merge did to a row."""

    MOVED = "moved", "付け替え"
    CHANGED = "changed", "書き換え"
    REMOVED = "removed", "重なりのため外した"
    ADDED = "added", "加えた"


class MovementKind(TextChoices):
    """世帯の異動: what happened to a household on a day."""

    BIRTH = "birth", "出生"
    MOVE_IN = "move_in", "転入"
    MOVE_OUT = "move_out", "転出"
    MOVE = "move", "転居"
    DEATH = "death", "死亡"
    FACILITY_IN = "facility_in", "施設入所"
    FACILITY_OUT = "facility_out", "施設退所"
    APART = "apart", "別居"
    TOGETHER = "together", "同居"
    SPLIT = "split", "世帯分離"
    JOIN = "join", "世帯合併"
    MARRIAGE = "marriage", "婚姻"
    DIVORCE = "divorce", "離婚"
    CORRECTION = "correction", "氏名等の変更"


class MovementSource(TextChoices):
    HAND = "hand", "職員の記録"
    REGISTER = "register", "住民基本台帳"


class FormerNameKind(TextChoices):
    """Why a name is no longer the person's name."""

    MARRIAGE = "marriage", "婚姻前の姓"
    DIVORCE = "divorce", "離婚前の姓"
    ADOPTION = "adoption", "養子縁組の前の姓"
    CHANGED = "changed", "氏名の変更の前"
    MERGED = "merged", "統合した記録の氏名"
    OTHER = "other", "その他・わからない"
