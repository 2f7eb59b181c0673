"""The conferences of the demo: what each is about, and how it is called, held and closed by the actions."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from cases.models import SupportPlan
from cases.workflow import PlanState
from kyosei.demo.casework import Teller, request_key
from kyosei.demo.cast import Cast, moment
from kyosei.demo.steps import Decision, Sitting, Topic
from referrals.actions.action_items import finish_action_item
from referrals.actions.agenda import add_item
from referrals.actions.convene_conference import accept_secrecy, convene_conference, set_seat
from referrals.actions.run_conference import (
    close_conference,
    conclude_item,
    record_decision,
    settle_item_referral,
    start_conference,
)
from referrals.enums import Attendance, ConferenceKind
from referrals.models import AgendaItem, Conference, Referral
from referrals.workflow import REFERRAL_WAITING

SITTINGS: Final = (
    Sitting(
        ago=58, called_ago=66, who="houkatsu1", kind="individual", title="個別会議（和田さん宅の支援）", place="地域包括支援センター 相談室2",
        sector="elderly", hour=10, minutes=60, attendees=("houkatsu1", "shogai1", "hokenshitsu1"),
        topics=(Topic("wada", "母と息子それぞれへの関わり方と役割", "母は要介護1。息子は手紙に二行の返事があった。", "息子への訪問を続けてほしい",
                      "母は包括、息子は障害福祉室が窓口になる。訪問は月に一度、三者で振り返る。", 50),),
        decisions=(Decision("wada", "ごみ出しの支え合いに申し込む", "hokenshitsu1", -40, "協力員の方が週二回入ることになった。"),
                   Decision("wada", "パソコンを使う場の候補を探す", "shogai1", -20, "社協のパソコン整備を自宅で試せる。")),
        summary="母の暮らしと息子の関わりを分けて考え、急がずに進めることを確かめた。",
    ),
    Sitting(
        ago=27, called_ago=40, who="director-korei", kind="area", title="第8回 エリア会議", place="市役所 3階 301会議室", sector="elderly",
        hour=13, minutes=120, attendees=("director-korei", "houkatsu2", "hokenshitsu9", "shogai1", "shakyo1", "konkyu1"),
        topics=(
            Topic("tamura", "物があふれた家の暮らしの立て直しと役割分担", "妻を亡くしてから片付けが止まり、台所と風呂が使えない。体重が減っている。",
                  "それぞれ一歩ずつ持ち寄ってほしい", "本人が選ぶ片付けを月二回。主担当は保健室のまま、包括と社協が一緒に動く。", 45, "houkatsu"),
            Topic("q05", "買い物と見守りの分担", "一人暮らしで買い物に出られない日が増えた。", "移動販売と配食のどちらを勧めるか",
                  "配食は包括が手続きし、買い物の移動は地域の当番が受け持つ。見守りは保健室が続ける。", 15, "houkatsu", True),
            Topic("wada", "息子の居場所づくりに地域の力を借りる", "デイケアは定着。息子はふすまを少し開けて話すようになった。", "自宅でできる作業を探したい",
                  "社協のパソコン整備を試す。", 30),
            Topic("kamei", "夜間の外出の見守り", "週に二、三度、夜明け前に外へ出る。妻が眠れていない。", "泊まりの利用と地域の見守り",
                  "泊まりを試し、青峰方面の見守りの登録を進める。", 30),
        ),
        decisions=(
            Decision("tamura", "片付けの協力員を三人集める", "shakyo1", -12, "桜木の地域づくり組織から三人決まった。"),
            Decision("tamura", "二回目の片付けの日を本人と決める", "hokenshitsu9", -2),
            Decision("tamura", "内科の受診結果を共有する", "houkatsu2", 2),
            Decision("wada", "パソコン整備の二台目を届ける", "shogai1", 3),
            Decision("kamei", "見守りの登録と靴の試用", "houkatsu2", 9),
        ),
        summary="三件を協議した。いずれも主担当は変えず、関わる機関がそれぞれ一つずつ役割を増やした。",
    ),
    Sitting(
        ago=17, called_ago=24, who="director-konkyu", kind="support", title="支援会議（11月）", place="市役所 2階 小会議室", sector="poverty",
        hour=15, minutes=75, attendees=("director-konkyu", "houkatsu1", "konkyu1", "hokenshitsu12", "kodomo1"),
        topics=(Topic("adachi", "母の安全と息子の債務・仕事", "年金を渡し続けている。息子は失業して一年。", "同意のないまま共有する範囲を確かめたい",
                      "母の通帳は社協の事業を勧める。息子の弁護士相談に生活支援室が同行する。", 60),),
        decisions=(Decision("adachi", "日常生活自立支援の説明に同行する", "houkatsu1", -1),
                   Decision("adachi", "弁護士相談に同行し、結果を知らせる", "konkyu1", 4)),
        summary="守秘の義務を確かめたうえで、二つの機関が別々に関わることを決めた。",
    ),
    Sitting(
        ago=-3, called_ago=6, who="director-shogai", kind="support", title="支援会議（12月）", place="市役所 2階 小会議室", sector="disability",
        hour=10, minutes=60, attendees=("director-shogai", "hokenshitsu10", "shogai1", "kikan1", "sanka1"),
        topics=(Topic("emoto", "受診につながる道筋と日中の居場所", "三年前から不眠が続く。つなぎの返事が期限を過ぎた。", "受診の付き添いをどの機関が担うか", minutes=40),
                Topic("q18", "部屋から出られない弟への関わり", "三か月、家族以外と話していない。", "訪問の順番を決めたい", minutes=20)),
        accepted=("hokenshitsu10", "shogai1"),
    ),
    Sitting(
        ago=-8, called_ago=9, who="director-jido", kind="multilayered", title="重層的支援会議（12月）", place="市役所 3階 301会議室", sector="child",
        hour=13, minutes=120, attendees=("director-jido", "kodomo1", "shogai2", "shakyo1", "kyoiku1", "konkyu1"),
        topics=(Topic("hirai", "プランの決定", "母の朝の介助を高校一年の娘が担っている。ヘルパーは週三日から始まる。", "残り二日の朝の体制", minutes=30),
                Topic("okuda", "プランの中間の見直し", "返済は月一万八千円に。娘は図書室に週二回通えている。", "三学期の登校の支え方", minutes=30)),
    ),
    Sitting(
        ago=0, called_ago=13, who="director-korei", kind="area", title="第9回 エリア会議", place="市役所 3階 301会議室", sector="elderly",
        hour=15, minutes=90, attendees=("director-korei", "houkatsu1", "hokenshitsu1", "konkyu1", "shakyo1"),
        topics=(Topic("kamei", "泊まりの利用の様子と次の一手", "泊まりを一度試し、妻は六時間眠れた。", "見守りの登録の進み具合", minutes=30),
                Topic("q01", "一人暮らしの見守りの輪", "体操教室に通い始めた。", "地域の当番に入れるか", minutes=20)),
    ),
)  # fmt: skip


class Chair:
    """Calls, holds and closes the sittings."""

    def __init__(self, cast: Cast, teller: Teller) -> None:
        self.cast, self.teller = cast, teller
        self._items: dict[tuple[str, str], AgendaItem] = {}
        self._conferences: dict[str, Conference] = {}

    def starts_at(self, sitting: Sitting) -> datetime:
        day = self.cast.today - timedelta(days=sitting.ago)
        if sitting.ago > 0:
            day = self.cast.day(sitting.ago)
        return moment(day, time(sitting.hour))

    def reserve(self) -> None:
        """Keep the attendees' time free before anything else is planned."""
        for sitting in SITTINGS:
            start = self.starts_at(sitting)
            for who in sitting.attendees:
                self.cast.reserve(who, (start, start + timedelta(minutes=sitting.minutes)))

    def call(self, sitting: Sitting) -> None:
        """Convene, invite, and put the cases on the agenda."""
        actor = self.cast.actor(sitting.who)
        _, at = self.cast.take(sitting.who, self.cast.day(sitting.called_ago), 20)
        conference = convene_conference(
            kind=sitting.kind, title=sitting.title, starts_at=self.starts_at(sitting), minutes=sitting.minutes,
            place=sitting.place, sector=sitting.sector, actor=actor, request_key=request_key("sitting", sitting.title),
            at=at, invite=[a for who in sitting.attendees if (a := self.cast.actor(who).agency) is not None],
        )  # fmt: skip
        self._conferences[sitting.title] = conference
        for topic in sitting.topics:
            self._items[sitting.title, topic.story] = self._put(sitting, topic, conference, at)
        for who in sitting.accepted:
            self._seat(conference, who, sitting.who, Attendance.INVITED, at)
            self._accept(conference, who, at)

    def _put(self, sitting: Sitting, topic: Topic, conference: Conference, at: datetime) -> AgendaItem:
        case = self.teller.told[topic.story].open_case
        referral = None
        if topic.with_referral_to:
            receiver = self.cast.agency(topic.with_referral_to)
            referral = Referral.objects.get(case=case, to_agency=receiver, state__in=REFERRAL_WAITING)
        plan = None
        if sitting.kind == ConferenceKind.MULTILAYERED:
            plan = SupportPlan.objects.filter(case=case, state=PlanState.DRAFT).first()
        return add_item(
            conference=conference, case=case, actor=self.cast.actor(sitting.who), at=at, topic=topic.topic,
            minutes=topic.minutes, situation=topic.situation, request_text=topic.ask, referral=referral, plan=plan,
        )  # fmt: skip

    def _seat(self, conference: Conference, who: str, chair: str, attendance: str, at: datetime) -> None:
        member = conference.members.get(agency=self.cast.actor(who).agency_id)
        set_seat(
            member=member, staff=self.cast.staff(who), attendance=attendance, actor=self.cast.actor(chair), at=at
        )  # fmt: skip

    def _accept(self, conference: Conference, who: str, at: datetime) -> None:
        actor = self.cast.actor(who)
        accept_secrecy(member=conference.members.get(agency=actor.agency_id), actor=actor, at=at)

    def hold(self, sitting: Sitting) -> None:
        """Open it, go through the agenda, write down what was decided, and close it."""
        chair, conference = self.cast.actor(sitting.who), self._conferences[sitting.title]
        start = self.starts_at(sitting)
        for who in sitting.attendees:
            self._seat(conference, who, sitting.who, Attendance.ATTENDING, start)
            if sitting.kind == ConferenceKind.SUPPORT and who != sitting.who:
                self._accept(conference, who, start)
        start_conference(conference=conference, actor=chair, at=start)
        at = start
        for topic in sitting.topics:
            at += timedelta(minutes=topic.minutes)
            item = self._items[sitting.title, topic.story]
            for n, decision in enumerate(d for d in sitting.decisions if d.story == topic.story):
                self._decide(sitting, item, decision, n, at)
            conclude_item(item=item, conclusion=topic.conclusion, actor=chair, at=at)
            if topic.settles:
                settle_item_referral(item=item, note=topic.conclusion, actor=chair, at=at)
        end = start + timedelta(minutes=sitting.minutes)
        close_conference(conference=conference, summary=sitting.summary, actor=chair, at=end)
        self._finish(sitting)

    def _decide(self, sitting: Sitting, item: AgendaItem, decision: Decision, n: int, at: datetime) -> None:
        doer = self.cast.actor(decision.who)
        assert doer.agency is not None and doer.staff is not None
        due = self.cast.today + timedelta(days=decision.due_in)
        record_decision(
            item=item, text=decision.text, agency=doer.agency, staff=doer.staff, due_on=due,
            actor=self.cast.actor(sitting.who), at=at, request_key=request_key("decision", sitting.title, decision.story, n),
        )  # fmt: skip

    def _finish(self, sitting: Sitting) -> None:
        """Report the decisions that have an outcome as done, on their day."""
        for topic in sitting.topics:
            item = self._items[sitting.title, topic.story]
            outcomes = {d.text: d for d in sitting.decisions if d.outcome}
            for row in item.action_items.filter(text__in=outcomes).order_by("pk"):
                decision = outcomes[row.text]
                day = self.cast.day(-decision.due_in)
                _, at = self.cast.take(decision.who, day, 5)
                finish_action_item(
                    item=row, outcome=decision.outcome, actor=self.cast.actor(decision.who), at=at
                )
