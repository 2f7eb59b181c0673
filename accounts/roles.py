"""Who may do what: roles are code, in this one file; appointments (who has which role, where, when) are data."""

from __future__ import annotations

from enum import StrEnum

from accounts.enums import Role


class Permission(StrEnum):
    CONSULTATION_RECEIVE = "consultation_receive"  # 相談を受ける
    PERSON_FIND = "person_find"  # 名寄せのため氏名等で探す
    HOUSEHOLD_VIEW = "household_view"
    HOUSEHOLD_EDIT = "household_edit"
    CASE_VIEW = "case_view"
    CASE_WRITE = "case_write"
    CASE_CLOSE = "case_close"
    REFERRAL_VIEW = "referral_view"
    REFERRAL_SEND = "referral_send"
    REFERRAL_ANSWER = "referral_answer"
    BREAK_GLASS = "break_glass"  # 緊急閲覧
    BREAK_GLASS_REVIEW = "break_glass_review"  # 緊急閲覧の確認
    PROTECTION_EDIT = "protection_edit"  # 支援措置・閲覧させない職員の登録
    HAND_OVER = "hand_over"  # 異動・退職の引き継ぎ
    CONFERENCE_VIEW = "conference_view"
    CONFERENCE_CONVENE = "conference_convene"
    CONFERENCE_RULES = "conference_rules"  # 会議の種類の決まり
    ISSUE_VIEW = "issue_view"  # 地域課題
    ISSUE_RAISE = "issue_raise"
    ACTION_ITEM_DO = "action_item_do"
    SECTOR_VIEW = "sector_view"  # 分野全体の状況
    WORK_RECORD = "work_record"  # 自分の業務実績
    WORK_VIEW_AGENCY = "work_view_agency"
    COST_EDIT = "cost_edit"
    APPORTION_VIEW = "apportion_view"
    APPORTION_RUN = "apportion_run"
    MONTH_LOCK = "month_lock"
    COUNT_VIEW = "count_view"  # 件数の集計
    AUDIT_VIEW = "audit_view"
    TRAIL_AGENCY = "trail_agency"  # 自機関の職員の気になる閲覧
    REFUSED_VIEW = "refused_view"  # 断られた操作
    LEAK_COUNT = "leak_count"  # 漏えい時の人数
    STAFF_ADMIN = "staff_admin"


P = Permission

_CASEWORK = {
    P.CONSULTATION_RECEIVE, P.PERSON_FIND, P.HOUSEHOLD_VIEW, P.HOUSEHOLD_EDIT, P.CASE_VIEW, P.CASE_WRITE, P.BREAK_GLASS, P.PROTECTION_EDIT,
    P.CASE_CLOSE, P.REFERRAL_VIEW, P.REFERRAL_SEND, P.REFERRAL_ANSWER, P.CONFERENCE_VIEW,
    P.CONFERENCE_CONVENE, P.ACTION_ITEM_DO, P.WORK_RECORD, P.COUNT_VIEW, P.ISSUE_VIEW, P.ISSUE_RAISE,
}  # fmt: skip

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.DESK_WORKER: frozenset(_CASEWORK),
    Role.AGENCY_MANAGER: frozenset(
        _CASEWORK
        | {
            P.WORK_VIEW_AGENCY,
            P.BREAK_GLASS_REVIEW,
            P.HAND_OVER,
            P.TRAIL_AGENCY,
            P.REFUSED_VIEW,
            P.LEAK_COUNT,
        }
    ),
    Role.AREA_DIRECTOR: frozenset(
        {
            P.HOUSEHOLD_VIEW,
            P.CASE_VIEW,
            P.CASE_WRITE,
            P.BREAK_GLASS_REVIEW,
            P.REFERRAL_VIEW,
            P.REFERRAL_SEND,
            P.CONFERENCE_VIEW,
            P.CONFERENCE_CONVENE,
            P.CONFERENCE_RULES,
            P.ISSUE_VIEW,
            P.ISSUE_RAISE,
            P.ACTION_ITEM_DO,
            P.SECTOR_VIEW,
            P.WORK_RECORD,
            P.COUNT_VIEW,
        }
    ),
    Role.CONFERENCE_GUEST: frozenset({P.CONFERENCE_VIEW, P.ACTION_ITEM_DO, P.ISSUE_VIEW}),
    Role.FINANCE_CLERK: frozenset(
        {P.COST_EDIT, P.APPORTION_VIEW, P.APPORTION_RUN, P.MONTH_LOCK, P.COUNT_VIEW}
    ),
    Role.AUDITOR: frozenset({P.APPORTION_VIEW, P.AUDIT_VIEW, P.REFUSED_VIEW, P.LEAK_COUNT, P.COUNT_VIEW}),
    Role.SYSTEM_ADMIN: frozenset({P.STAFF_ADMIN, P.CONFERENCE_RULES}),
}
