"""States of a request to a partner without an account, as a table. Here, too, nothing leads to a refusal (invariant 1)."""

from __future__ import annotations

from enum import StrEnum

from django.db.models import TextChoices


class OutsideState(TextChoices):
    SENT = "sent", "返事待ち"
    ACCEPTED = "accepted", "引き受けた"
    PARTLY = "partly", "一部を引き受けた"
    CONFERENCE = "conference", "話し合いたい"
    DONE = "done", "結果が届いた"
    WITHDRAWN = "withdrawn", "取り下げた"


class OutsideEvent(StrEnum):
    ACCEPT = "accept"
    ACCEPT_PARTLY = "accept_partly"
    CONFER = "confer"
    FINISH = "finish"
    WITHDRAW = "withdraw"


_S, _E = OutsideState, OutsideEvent
OUTSIDE_TRANSITIONS: dict[tuple[OutsideState, OutsideEvent], OutsideState] = {
    (_S.SENT, _E.ACCEPT): _S.ACCEPTED,
    (_S.SENT, _E.ACCEPT_PARTLY): _S.PARTLY,
    (_S.SENT, _E.CONFER): _S.CONFERENCE,
    (_S.SENT, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.CONFERENCE, _E.ACCEPT): _S.ACCEPTED,
    (_S.CONFERENCE, _E.ACCEPT_PARTLY): _S.PARTLY,
    (_S.CONFERENCE, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.ACCEPTED, _E.FINISH): _S.DONE,
    (_S.ACCEPTED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.PARTLY, _E.FINISH): _S.DONE,
    (_S.PARTLY, _E.WITHDRAW): _S.WITHDRAWN,
}
OUTSIDE_WAITING = (OutsideState.SENT, OutsideState.CONFERENCE)
OUTSIDE_TAKEN = (OutsideState.ACCEPTED, OutsideState.PARTLY)
OUTSIDE_OPEN = (*OUTSIDE_WAITING, *OUTSIDE_TAKEN)
OUTSIDE_ANSWERS = (OutsideEvent.ACCEPT, OutsideEvent.ACCEPT_PARTLY, OutsideEvent.CONFER)

OUTSIDE_MEANING = {
    _S.SENT: "ページの返事を待っています。だれのことかは、まだ見せていません。",
    _S.ACCEPTED: "引き受けてもらいました。コードを伝えると、根拠の範囲で本人のことが見えます。結果を待っています。",
    _S.PARTLY: "一部を引き受けてもらいました。残りはほかの先を探します。結果を待っています。",
    _S.CONFERENCE: "話し合ってから決めたいという返事です。打合せか会議で役割を決めます。あとから引き受けることもできます。",
    _S.DONE: "お願いへの結果が届きました。協力者のページは閉じています。",
    _S.WITHDRAWN: "お願いを取り下げました。協力者のページは閉じています。",
}
