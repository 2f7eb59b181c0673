"""Models of casework, by noun."""

from cases.models.break_glass import BreakGlass
from cases.models.case import Case, CaseGrant, CasePartner
from cases.models.codes import Code, NumberSeries
from cases.models.consultation import Consultation, ConsultationConcern, ConsultationPerson
from cases.models.coordination import CoordinationSetting, ProjectOperator
from cases.models.draft import Draft
from cases.models.follow_up import FollowUp, WatchAttempt, WatchChange, WatchCycle
from cases.models.indexed_text import IndexedText
from cases.models.note import AssessmentItem, ProgressNote
from cases.models.outreach import Outreach, OutreachAttempt
from cases.models.plan import Evaluation, PlanItem, SupportPlan
from cases.models.silent_risk import RiskPutOff, SilentRisk

__all__ = [
    "AssessmentItem",
    "BreakGlass",
    "Case",
    "CaseGrant",
    "CasePartner",
    "Code",
    "Consultation",
    "ConsultationConcern",
    "ConsultationPerson",
    "CoordinationSetting",
    "Draft",
    "Evaluation",
    "FollowUp",
    "IndexedText",
    "NumberSeries",
    "Outreach",
    "OutreachAttempt",
    "PlanItem",
    "ProgressNote",
    "ProjectOperator",
    "RiskPutOff",
    "SilentRisk",
    "SupportPlan",
    "WatchAttempt",
    "WatchChange",
    "WatchCycle",
]
