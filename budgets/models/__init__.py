"""Models of minutes and money, by noun."""

from budgets.models.apportionment import ApportionmentRow, ApportionmentRun, PersonnelCost, WorkMonth
from budgets.models.assignment import DutyAssignment
from budgets.models.claims import GrantClaim, ShareChange, StreamBudget
from budgets.models.compliance import ComplianceFinding
from budgets.models.cost_import import CostColumnMap, CostUpload
from budgets.models.finding import WorkFinding
from budgets.models.integrated import IntegratedGrantLine
from budgets.models.method_settings import MethodChoice, OverheadPlan
from budgets.models.month_steps import MonthAdjustment, MonthApproval
from budgets.models.pool import CostPool, PoolShare
from budgets.models.report_jobs import ExportLayout, ReportJob, ReportPiece
from budgets.models.rules import AttributionTable, RuleTrial
from budgets.models.stream import FundingShare, FundingStream, StreamYear, WorkCategory
from budgets.models.study import StudyMember, StudyMoment, TimeStudy
from budgets.models.week import WorkReminder, WorkTemplate, WorkTimer
from budgets.models.work import WorkEntry

__all__ = [
    "ApportionmentRow",
    "ApportionmentRun",
    "AttributionTable",
    "ComplianceFinding",
    "CostColumnMap",
    "CostPool",
    "CostUpload",
    "DutyAssignment",
    "ExportLayout",
    "FundingShare",
    "FundingStream",
    "GrantClaim",
    "IntegratedGrantLine",
    "MethodChoice",
    "MonthAdjustment",
    "MonthApproval",
    "OverheadPlan",
    "PersonnelCost",
    "PoolShare",
    "ReportJob",
    "ReportPiece",
    "RuleTrial",
    "ShareChange",
    "StreamBudget",
    "StreamYear",
    "StudyMember",
    "StudyMoment",
    "TimeStudy",
    "WorkCategory",
    "WorkEntry",
    "WorkFinding",
    "WorkMonth",
    "WorkReminder",
    "WorkTemplate",
    "WorkTimer",
]
