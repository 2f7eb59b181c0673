"""States of a referral, a conference and an action item, as tables. There is no state "declined" (invariant 1)."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class ReferralState(TextChoices):
    SENT = "sent", "返事待ち"
    LEAD = "lead", "主担当で受けた"
    PARTNER = "partner", "一緒に支える"
    CONFERENCE = "conference", "会議に出した"
    SETTLED = "settled", "会議で決定した"
    WITHDRAWN = "withdrawn", "送付側が取り下げた"


class ReferralEvent(StrEnum):
    TAKE_LEAD = "take_lead"
    JOIN = "join"
    TO_CONFERENCE = "to_conference"
    SETTLE = "settle"
    WITHDRAW = "withdraw"


_S, _E = ReferralState, ReferralEvent
REFERRAL_TRANSITIONS: dict[tuple[ReferralState, ReferralEvent], ReferralState] = {
    (_S.SENT, _E.TAKE_LEAD): _S.LEAD,
    (_S.SENT, _E.JOIN): _S.PARTNER,
    (_S.SENT, _E.TO_CONFERENCE): _S.CONFERENCE,
    (_S.SENT, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.CONFERENCE, _E.TAKE_LEAD): _S.LEAD,
    (_S.CONFERENCE, _E.JOIN): _S.PARTNER,
    (_S.CONFERENCE, _E.SETTLE): _S.SETTLED,
    (_S.CONFERENCE, _E.WITHDRAW): _S.WITHDRAWN,
}
REFERRAL_WAITING = (ReferralState.SENT, ReferralState.CONFERENCE)

REFERRAL_MEANING = {
    _S.SENT: "相手の機関の返事を待っています。期限を過ぎると分野のエリアディレクターに自動で上がります。",
    _S.LEAD: "相手の機関が主担当を引き受けました。",
    _S.PARTNER: "相手の機関が協働機関として加わりました。主担当は変わりません。",
    _S.CONFERENCE: "相手の機関が理由を添えて会議に出しました。会議で決まるまで主担当は変わりません。",
    _S.SETTLED: "会議で役割が決まりました。",
    _S.WITHDRAWN: "送った機関が取り下げました。",
}


class Stage(TextChoices):
    """Where a request stands, in the words of the page: its state, and what has been seen, risen, begun and done."""

    DRAFT = "draft", "下書き"
    SENT = "sent", "送付済み"
    SEEN = "seen", "既読・返事待ち"
    ESCALATED = "escalated", "期限切れ・上申"
    CONFERENCE = "conference", "会議に出した"
    LEAD = "lead", "主担当で受けた"
    PARTNER = "partner", "一緒に支える"
    SETTLED = "settled", "会議で決定した"
    WORKING = "working", "対応中"
    DONE = "done", "対応済み"
    WITHDRAWN = "withdrawn", "取り下げ"


STAGE_MEANING = {
    Stage.DRAFT: "まだ送っていません。書きかけは本人だけに見えます。",
    Stage.SENT: "届きました。相手の機関の返事を待っています（まだ開かれていません）。",
    Stage.SEEN: "開かれました。相手の機関の返事を待っています。期限を過ぎると分野のエリアディレクターに自動で上がります。",
    Stage.ESCALATED: "期限までに返事がなく、エリアディレクターに上がりました。いまからの返事もできます。",
    Stage.CONFERENCE: REFERRAL_MEANING[_S.CONFERENCE],
    Stage.LEAD: REFERRAL_MEANING[_S.LEAD],
    Stage.PARTNER: REFERRAL_MEANING[_S.PARTNER],
    Stage.SETTLED: REFERRAL_MEANING[_S.SETTLED],
    Stage.WORKING: "受けた機関が動き始めました。結果の知らせを待っています。",
    Stage.DONE: "受けた機関が、お願いへの結果を知らせました。",
    Stage.WITHDRAWN: REFERRAL_MEANING[_S.WITHDRAWN],
}
# the states in which the receiver works on what was asked, and owes the sender a result
REFERRAL_TAKEN = (ReferralState.LEAD, ReferralState.PARTNER)


class ConferenceState(TextChoices):
    PLANNED = "planned", "開催予定"
    RUNNING = "running", "開催中"
    CLOSED = "closed", "終了"


class ConferenceEvent(StrEnum):
    START = "start"
    CLOSE = "close"


CONFERENCE_TRANSITIONS: dict[tuple[ConferenceState, ConferenceEvent], ConferenceState] = {
    (ConferenceState.PLANNED, ConferenceEvent.START): ConferenceState.RUNNING,
    (ConferenceState.RUNNING, ConferenceEvent.CLOSE): ConferenceState.CLOSED,
}


class ActionItemState(TextChoices):
    OPEN = "open", "未実施"
    DONE = "done", "実施済"


class ActionItemEvent(StrEnum):
    FINISH = "finish"


ACTION_ITEM_TRANSITIONS: dict[tuple[ActionItemState, ActionItemEvent], ActionItemState] = {
    (ActionItemState.OPEN, ActionItemEvent.FINISH): ActionItemState.DONE,
}


class PrepState(TextChoices):
    ASKED = "asked", "依頼済"
    DRAFT = "draft", "書きかけ"
    SENT = "sent", "提出済"
    SEEN = "seen", "確認済"


class PrepEvent(StrEnum):
    WRITE = "write"
    HAND_IN = "hand_in"
    SEE = "see"
    TAKE_BACK = "take_back"


PREP_TRANSITIONS: dict[tuple[PrepState, PrepEvent], PrepState] = {
    (PrepState.ASKED, PrepEvent.WRITE): PrepState.DRAFT,
    (PrepState.DRAFT, PrepEvent.WRITE): PrepState.DRAFT,
    (PrepState.ASKED, PrepEvent.HAND_IN): PrepState.SENT,
    (PrepState.DRAFT, PrepEvent.HAND_IN): PrepState.SENT,
    (PrepState.SENT, PrepEvent.SEE): PrepState.SEEN,
    (PrepState.SENT, PrepEvent.TAKE_BACK): PrepState.DRAFT,
}


class IssueState(TextChoices):
    FOUND = "found", "発見"
    CONSIDERED = "considered", "検討"
    ACTING = "acting", "施策・資源開発"
    EFFECT = "effect", "効果"


class IssueEvent(StrEnum):
    CONSIDER = "consider"
    ACT = "act"
    MEASURE = "measure"
    RETURN = "return"


ISSUE_TRANSITIONS: dict[tuple[IssueState, IssueEvent], IssueState] = {
    (IssueState.FOUND, IssueEvent.CONSIDER): IssueState.CONSIDERED,
    (IssueState.CONSIDERED, IssueEvent.ACT): IssueState.ACTING,
    (IssueState.ACTING, IssueEvent.MEASURE): IssueState.EFFECT,
    (IssueState.ACTING, IssueEvent.RETURN): IssueState.CONSIDERED,
    (IssueState.EFFECT, IssueEvent.RETURN): IssueState.CONSIDERED,
}
ISSUE_EVENT_LABELS = {
    IssueEvent.CONSIDER: "検討に進める",
    IssueEvent.ACT: "施策・資源開発に進める",
    IssueEvent.MEASURE: "効果を書く",
    IssueEvent.RETURN: "検討に戻す",
}


def issue_steps(state: str) -> list[tuple[IssueEvent, str]]:
    """The steps that a stage allows, with the words of their buttons."""
    return [(event, ISSUE_EVENT_LABELS[event]) for (at, event) in ISSUE_TRANSITIONS if at == state]


class PacketState(TextChoices):
    RUNNING = "running", "作成中"
    DONE = "done", "できました"
    CANCELLED = "cancelled", "取り消し"


class CopyState(TextChoices):
    WAITING = "waiting", "これから"
    MADE = "made", "できました"
    REFUSED = "refused", "作れませんでした"
