"""Choices and state names of casework. Lists that municipalities vary are ``Code`` rows instead."""

from django.db.models import TextChoices


class CodeList(TextChoices):
    """Code lists that are data, dated and editable (標準様式を参考にした項目)."""

    CONCERN = "concern", "相談内容"
    ROUTE = "route", "相談経路"
    ISSUE = "issue", "課題と背景要因"
    SERVICE = "service", "利用する事業"
    CHANGE = "change", "見られた変化"
    CLOSING_REASON = "closing_reason", "終結理由"


class Way(TextChoices):
    """対応方法 of a contact or note."""

    PHONE = "phone", "電話"
    VISIT_DESK = "visit_desk", "来所"
    HOME_VISIT = "home_visit", "訪問"
    ACCOMPANY = "accompany", "同行"
    MAIL = "mail", "メール・SNS"
    MEETING = "meeting", "会議"
    AGENCY = "agency", "他機関との照会・協議"
    OTHER = "other", "その他"


class Caller(TextChoices):
    """来談者: who contacted us."""

    SELF = "self", "本人"
    FAMILY = "family", "家族"
    NEIGHBOUR = "neighbour", "地域住民・知人"
    COMMISSIONER = "commissioner", "民生委員・児童委員"
    AGENCY = "agency", "関係機関"
    OTHER = "other", "その他"


class Outcome(TextChoices):
    """What follows a contact (スクリーニング)."""

    UNDECIDED = "undecided", "未定"
    INFORMATION = "information", "情報提供・相談のみで終了"
    SUPPORT = "support", "支援を続ける"
    REFER = "refer", "他機関へつなぐ"


class ItemKind(TextChoices):
    """見立て: strengths and wishes stand first, problems after (domain: できていること・やりたいこと)."""

    STRENGTH = "strength", "できていること・強み"
    WISH = "wish", "やりたいこと・希望"
    PROBLEM = "problem", "課題"


class Doer(TextChoices):
    """実施すること: who does it."""

    PERSON = "person", "本人"
    AGENCY = "agency", "支援機関"
    OTHER = "other", "関係機関・その他"


class Judgement(TextChoices):
    CLOSE = "close", "終結"
    REPLAN = "replan", "再プランして継続"
    DISCONTINUE = "discontinue", "中断"


class Achievement(TextChoices):
    REACHED = "reached", "達成"
    PARTLY = "partly", "一部達成"
    NOT_REACHED = "not_reached", "未達成"


class FollowUpResult(TextChoices):
    STABLE = "stable", "安定"
    WORSE = "worse", "悪化"
    UNREACHABLE = "unreachable", "連絡がつかない"
    MOVED = "moved", "転出"
    DIED = "died", "死亡"


class WatchWay(TextChoices):
    """How somebody looks again after closing."""

    PHONE = "phone", "電話"
    HOME_VISIT = "home_visit", "訪問"
    VISIT_DESK = "visit_desk", "来所"
    COMMISSIONER = "commissioner", "民生委員を通じて"
    AGENCY = "agency", "関係機関を通じて"
    MAIL = "mail", "手紙・メール"
    OTHER = "other", "その他"


class Every(TextChoices):
    """How often somebody looks again. The value of a number of months is its number."""

    MONTH = "1", "1か月ごと"
    QUARTER = "3", "3か月ごと"
    HALF_YEAR = "6", "6か月ごと"
    YEAR = "12", "12か月ごと"
    DAYS = "days", "日数を決める"
    ONCE = "once", "1回だけ"


class WatchEnd(TextChoices):
    """Why a watch cycle ended."""

    FINISHED = "finished", "予定の回数・期間を終えた"
    STOPPED = "stopped", "途中でやめた"
    MOVED = "moved", "転出"
    DIED = "died", "死亡"
    REOPENED = "reopened", "支援を再開した"


class BreakGlassReason(TextChoices):
    """Why a worker opens a case that is not theirs. Chosen, and then written out."""

    LIFE = "life", "命・身体の危険"
    ABUSE = "abuse", "虐待・暴力のおそれ"
    MISSING = "missing", "行方不明・連絡がとれない"
    ILLNESS = "illness", "急病・救急搬送"
    OTHER = "other", "そのほかの緊急"


class BreakGlassVerdict(TextChoices):
    FIT = "fit", "緊急閲覧は適切だった"
    UNFIT = "unfit", "緊急とはいえなかった（指導した）"
    MISUSE = "misuse", "不適切な閲覧（漏えい等として報告）"
