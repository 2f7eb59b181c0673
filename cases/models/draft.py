"""書きかけ: forms that are not saved yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, Value

from accounts.models import Agency, Staff
from cases.models.case import Case
from cases.models.consultation import Consultation
from cases.models.follow_up import FollowUp
from cases.models.note import AssessmentItem, ProgressNote
from cases.models.outreach import Outreach
from common.models import Versioned
from households.contact import hidden_home

if TYPE_CHECKING:
    from accounts.actor import Actor

# Forms whose draft names a case after the form (``note:R8-0012``), and after it maybe a record (``plan:R8-0012:7``).
ABOUT_CASE = ("note", "referral", "close", "plan", "item", "watch")
ABOUT_RECORD = ("turn", "note_edit", "item_edit", "contact_edit", "outreach_edit", "attempt")


def records(form: str, actor: Actor) -> QuerySet[models.Model]:
    """The records that a form of ABOUT_RECORD may be about, as far as the actor sees them."""
    rows: dict[str, QuerySet[models.Model]] = {
        "turn": FollowUp.objects.visible_to(actor),
        "note_edit": ProgressNote.objects.visible_to(actor),
        "item_edit": AssessmentItem.objects.visible_to(actor),
        "contact_edit": Consultation.objects.visible_to(actor),
        "outreach_edit": Outreach.objects.visible_to(actor),
        "attempt": Outreach.objects.visible_to(actor),
    }
    return rows[form]


def _keys(forms: Iterable[str]) -> Q:
    found = Q()
    for form in forms:
        found |= Q(key__startswith=f"{form}:")
    return found


def _number() -> Func:
    """The number of the case in the key of an outer draft."""
    return Func(OuterRef("key"), Value(":"), Value(2), function="split_part", output_field=models.CharField())


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, actor: Actor) -> DraftQuerySet:
        """A draft is seen by the one who writes it, in the agency where it was begun; one about a case as long as the
        case is seen, one about a record of its own (a correction, a turn of the watch) as long as that record is.
        """
        of_case, of_record = _keys(ABOUT_CASE), _keys(ABOUT_RECORD)
        seen: Any = of_case & Exists(Case.objects.visible_to(actor).filter(number=_number()))
        for form in ABOUT_RECORD:
            seen |= _keys([form]) & Exists(records(form, actor).filter(pk=OuterRef("record")))
        return self.filter(~(of_case | of_record) | seen, staff=actor.staff_id, agency=actor.agency_id)

    def with_hides(self, actor: Actor) -> DraftQuerySet:
        """Adds ``hides``: somebody of the household is protected from the writer, so no words of the draft are listed."""
        homes = Case.objects.filter(hidden_home(actor, "household_id"), number=_number())
        return self.annotate(hides=Exists(homes))


class Draft(Versioned):
    """書きかけ: the fields of a form not saved yet, kept while somebody types.

    ``version`` rises with every change; ``window`` is the opening of the page that wrote last, so that its next words are
    told from those of another window or machine. ``record`` is the id of the record that the form is about.
    """

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="drafts", verbose_name="職員")
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+", verbose_name="機関")
    key = models.CharField("書式", max_length=120)
    title = models.CharField("見出し", max_length=120, blank=True)
    url = models.CharField("続きを書くページ", max_length=300)
    data = models.JSONField("内容", default=dict)
    updated_at = models.DateTimeField("更新日時")
    window = models.CharField("書いた画面", max_length=40, blank=True, default="")
    record = models.BigIntegerField("もとの記録", null=True, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = "書きかけ"
        constraints = [models.UniqueConstraint(fields=["staff", "agency", "key"], name="draft_once")]

    def __str__(self) -> str:
        return self.title or self.key

    @property
    def base(self) -> str:
        """What a page says that it was filled with: the row and its version. A row thrown away never comes back."""
        return f"{self.pk}.{self.version}"

    @property
    def form(self) -> str:
        return self.key.split(":")[0]
