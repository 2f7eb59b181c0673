"""Models of minutes and money, by noun."""

from budgets.models.apportionment import ApportionmentRow, ApportionmentRun, PersonnelCost, WorkMonth
from budgets.models.finding import WorkFinding
from budgets.models.stream import FundingShare, FundingStream, WorkCategory
from budgets.models.work import WorkEntry

__all__ = [
    "ApportionmentRow",
    "ApportionmentRun",
    "FundingShare",
    "FundingStream",
    "PersonnelCost",
    "WorkCategory",
    "WorkEntry",
    "WorkFinding",
    "WorkMonth",
]
