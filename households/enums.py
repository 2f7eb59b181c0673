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
    SPOUSE = "spouse", "配偶者"
    PARTNER = "partner", "パートナー"
    FORMER_SPOUSE = "former_spouse", "元配偶者"
    SIBLING = "sibling", "兄弟姉妹"
    GRANDPARENT = "grandparent", "祖父母"
    OTHER = "other", "その他の親族"
