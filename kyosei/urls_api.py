"""API, its description and its pages; all for signed-in actors."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from accounts.api_staff import ColleagueViewSet
from budgets.api import ApportionmentViewSet, WorkEntryViewSet
from budgets.api_claims import ActualViewSet, GrantClaimViewSet, JournalViewSet
from cases.api import CaseViewSet, ConsultationViewSet, NoteViewSet, RiskViewSet
from cases.api_consent import ConsentViewSet
from cases.api_counts import OutreachCountViewSet, WatchResultViewSet
from cases.api_drafts import DraftViewSet
from cases.api_outreach import OutreachViewSet
from cases.api_watch import WatchCycleViewSet
from cases.api_work import FollowUpViewSet, TimelineViewSet
from households.api import HouseholdViewSet, MergeViewSet, PersonViewSet
from households.api_protection import ProtectionViewSet
from households.api_register import RegisterViewSet
from kyosei.api_docs import docs
from kyosei.api_search import SearchViewSet
from referrals.api import ActionItemViewSet, ReferralViewSet
from referrals.api_outside import CapacityViewSet, OutsidePartnerViewSet, OutsideRequestViewSet

app_name = "api"
router = SimpleRouter()
router.register("cases", CaseViewSet, basename="case")
router.register("risks", RiskViewSet, basename="risk")
router.register("consultations", ConsultationViewSet, basename="consultation")
router.register("notes", NoteViewSet, basename="note")
router.register("drafts", DraftViewSet, basename="draft")
router.register("search", SearchViewSet, basename="search")
router.register("people", PersonViewSet, basename="person")
router.register("merges", MergeViewSet, basename="merge")
router.register("households", HouseholdViewSet, basename="household")
router.register("register-imports", RegisterViewSet, basename="register-import")
router.register("timelines", TimelineViewSet, basename="timeline")
router.register("follow-ups", FollowUpViewSet, basename="follow-up")
router.register("watch-cycles", WatchCycleViewSet, basename="watch-cycle")
router.register("watch-results", WatchResultViewSet, basename="watch-result")
router.register("outreach-counts", OutreachCountViewSet, basename="outreach-count")
router.register("colleagues", ColleagueViewSet, basename="colleague")
router.register("consents", ConsentViewSet, basename="consent")
router.register("protections", ProtectionViewSet, basename="protection")
router.register("outreach", OutreachViewSet, basename="outreach")
router.register("referrals", ReferralViewSet, basename="referral")
router.register("capacity-questions", CapacityViewSet, basename="capacity-question")
router.register("outside-partners", OutsidePartnerViewSet, basename="outside-partner")
router.register("outside-requests", OutsideRequestViewSet, basename="outside-request")
router.register("action-items", ActionItemViewSet, basename="action-item")
router.register("work-entries", WorkEntryViewSet, basename="work-entry")
router.register("apportionments", ApportionmentViewSet, basename="apportionment")
router.register("claims", GrantClaimViewSet, basename="claim")
router.register("actuals", ActualViewSet, basename="actual")
router.register("journal", JournalViewSet, basename="journal")

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]
