"""Choices and state names of casework. Lists that municipalities vary are ``Code`` rows instead."""

from django.db.models import IntegerChoices, TextChoices


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


class WorrySource(TextChoices):
    """気がかりの出どころ: who told us of somebody who has asked for nothing."""

    FAMILY = "family", "家族・親族"
    NEIGHBOUR = "neighbour", "近隣・知人"
    WELFARE = "welfare", "民生委員・児童委員"
    SCHOOL = "school", "学校・園"
    AGENCY = "agency", "関係機関・庁内の課"
    SHOP = "shop", "事業者（配達・検針・店など）"
    OURSELVES = "ourselves", "自機関が気づいた"
    OTHER = "other", "その他"


class Closeness(TextChoices):
    """関係の段階 of an outreach: how far the relationship has come, never how far the person has to come."""

    KNOWN = "known", "把握（まだ会えていない）"
    REACHED = "reached", "声が届いた"
    MET = "met", "会えた"
    TRUSTED = "trusted", "関係ができてきた"
    TALKING = "talking", "相談が始まっている"


class OutreachWay(TextChoices):
    """アウトリーチの方法."""

    HOME_VISIT = "home_visit", "訪問"
    PHONE = "phone", "電話"
    LETTER = "letter", "手紙・メモを置く"
    ONLINE = "online", "メール・SNS"
    THROUGH = "through", "家族・近い人を通じて"
    TOGETHER = "together", "同行・居場所で"
    OTHER = "other", "その他"


class OutreachAnswer(TextChoices):
    """応え of the person to one attempt."""

    NONE = "none", "応えがない"
    LEFT = "left", "手紙・名刺を置いた"
    FAMILY = "family", "家族とだけ話せた"
    VOICE = "voice", "声・返事があった"
    MET = "met", "会って話せた"
    NOT_NOW = "not_now", "今は会いたくない"


class OutreachEnd(TextChoices):
    """アウトリーチを終える理由."""

    CONNECTED = "connected", "ほかの支援につながった"
    CALM = "calm", "気がかりがなくなった"
    MOVED = "moved", "転出した"
    DIED = "died", "亡くなった"
    SAME = "same", "ほかの記録と同じ人だった"
    OTHER = "other", "その他"


class RiskKind(TextChoices):
    """Why nobody may be holding a case, or will soon have to think of it."""

    NOBODY = "nobody", "つなぎがすべて終わり、だれも動いていない"
    OWNER_LEFT = "owner_left", "主担当者が異動・退職した"
    OWNER_AWAY = "owner_away", "主担当者が不在"
    QUIET = "quiet", "対応の記録がない"
    NO_NEXT = "no_next", "次の予定がない"
    PROTECTION = "protection", "支援措置が終わる"
    CONSENT = "consent", "同意の期限が来る"
    PLAN = "plan", "モニタリングの時期を過ぎた"
    WATCH_LATE = "watch_late", "見守りの予定日を過ぎた"
    WATCH_NOBODY = "watch_nobody", "見守りの担当者がいない"
    TURNS_15 = "turns_15", "15歳になる"
    TURNS_18 = "turns_18", "18歳になる"
    TURNS_65 = "turns_65", "65歳になる（制度と財源が変わる）"


class RiskOwner(TextChoices):
    """In which part somebody owns a worry."""

    LEAD = "lead", "担当"
    DEPUTY = "deputy", "代理"
    MANAGER = "manager", "機関の長"
    AGENCY = "agency", "機関（担当者なし）"


class Urgency(IntegerChoices):
    NOW = 1, "すぐに"
    SOON = 2, "早めに"
    AHEAD = 3, "予告"
