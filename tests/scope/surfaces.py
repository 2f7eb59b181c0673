"""Every address of the program, with the ids of the world: where a persona may try to read, and where to write."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from django.http import HttpResponse
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader


@dataclass(frozen=True)
class Surface:
    """``args`` name ids of the world; ``identity``: shows who a person is to whoever may find people (名寄せ)."""

    url: str
    args: tuple[str, ...] = ()
    query: str = ""
    identity: bool = False

    def path(self, ids: dict[str, Any]) -> str:
        return reverse(self.url, args=[ids.get(a, a) for a in self.args]) + self.query

    def __str__(self) -> str:
        return f"{self.url}{self.query}"


S = Surface
READS = (
    S("home"), S("search", query="?q=菊乃", identity=True), S("search", query="?q=０５９５７７１２３４"),
    S("search", query="?q=霧見"), S("search", query="?q=霧見台 9丁目"),
    S("search", query="?q=菊乃&near=1", identity=True), S("search", query="?q=菊乃&show=people", identity=True),
    *(S("search_texts", query=f"?q={word}{more}")
      for word in ("翡翠色", "鵯色の", "藍色の課", "茜色", "鶫色", "霧見台", "色", "記録", "０５９５－７７", "の")
      for more in ("", "&more=1")),
    S("households:list"), S("households:list", query="?q=菊乃"), S("households:detail", ("household",)),
    S("households:family", ("household",)), S("households:family", ("household",), query="?on=2026-11-01"),
    S("households:history", ("household",), query="?on=2026-11-01"), S("households:movement_new", ("household",)),
    S("households:movement_new", ("household",), query="?kind=join"),
    S("households:movement_withdraw", ("household", "movement")),
    S("households:household_edit", ("household",)), S("households:person_edit", ("person",)),
    S("households:protection", ("household",)), S("households:same", ("person",)),
    S("households:former_names", ("person",)), S("households:alike", query="?person_text=霧見 菊乃", identity=True),
    S("households:alike", query="?phone=0595771234"),
    S("households:merge", ("person", "twin")), S("households:merge_undo", ("merge",)),
    S("consultations:list"), S("consultations:detail", ("receipt",)), S("consultations:edit", ("receipt",)),
    S("consultations:new"), S("consultations:person_find", query="?q=菊乃", identity=True),
    S("consultations:person_find", query="?q=0595771234"),
    S("consultations:concern_hint", query="?person={person}", identity=True),
    S("households:detail", ("household",), query="?view=short"), S("cases:stream", ("household",)),
    S("cases:stream_text", ("household",), query="?row=n-{note}"),
    S("cases:stream_print", ("household",)), S("cases:stream_pdf", ("household",)),
    S("cases:list"), S("cases:list", query="?state=all&q=菊乃"),
    *(S("cases:detail", ("number",), query=f"?tab={tab}") for tab in ("", "family", "assessment", "plan", "referrals", "conferences")),
    S("cases:note_edit", ("note",)), S("cases:item_edit", ("item",)), S("cases:plan", ("plan",)),
    S("cases:plan_edit", ("plan",)), S("cases:plan_pdf", ("plan",)), S("cases:consent", ("number",)),
    S("cases:consent_paper", ("number",)), S("cases:consent_scan", ("consent",)), S("cases:close", ("number",)),
    *(S("presence", kind) for kind in (("case", "number"), ("note", "note"), ("item", "item"), ("plan", "plan"),
      ("consultation", "receipt"), ("person", "person"), ("household", "household"), ("conference", "conference"))),
    S("cases:evaluate", ("plan",)), S("cases:watch_list"), S("cases:watch_results"), S("cases:watch_turns"),
    S("cases:watch_edit", ("number",)),
    S("outreach:list"), S("outreach:list", query="?state=agreed"), S("outreach:counts"), S("outreach:detail", ("outreach",)),
    S("outreach:edit", ("outreach",)), S("outreach:agree", ("outreach",)), S("outreach:end", ("outreach",)),
    S("outreach:new", query="?from={receipt}"),
    S("cases:watch_edit", ("number",)), S("worries:list", query="?whose="), S("worries:list", query="?whose=&show=put_off"),
    S("worries:case_fragment", ("number",)), S("worries:put_off", ("risk",)), S("accounts:absences"), S("accounts:notice_settings"),
    S("break_glass:list"), S("break_glass:open", ("person",), identity=True),
    S("break_glass:review", ("broke the glass",)), S("break_glass:review", ("glass closed again",)),
    S("referrals:list"), S("referrals:list", query="?tab=sent"), S("referrals:list", query="?tab=history"),
    S("referrals:list", query="?tab=sector"),
    S("referrals:director"), S("referrals:director_paper", ("202611",)),
    S("referrals:new", query="?case={number}"),
    S("referrals:preview", query="?case={number}&parts=basic&parts=contact&parts=notes&ground=emergency"),
    S("referrals:agency_options"), S("referrals:case_fragment", ("number",)), S("referrals:detail", ("referral",)),
    S("referrals:detail", ("blind_referral",)), S("referrals:answer", ("referral", "join")),
    S("referrals:withdraw", ("referral",)), S("referrals:outcome", ("referral",)), S("referrals:list", query="?tab=results"),
    S("capacity:list"), S("capacity:detail", ("question",)), S("capacity:new", query="?case={number}"), S("capacity:gaps"),
    S("capacity:gaps_csv"), S("outside:partners"), S("outside:partner_new"), S("outside:partner_edit", ("partner",)),
    S("outside:new", query="?case={number}"), S("outside:detail", ("outside",)),
    S("cases:reads_until", ("number", "seat")),
    S("conferences:list"), S("conferences:list", query="?tab=past"), S("conferences:new", query="?case={number}"),
    S("conferences:detail", ("conference",)), S("conferences:detail", ("over",)),
    S("conferences:detail", ("meeting",)), S("conferences:handout_pdf", ("meeting",)),
    S("conferences:edit", ("conference",)), S("conferences:run", ("conference",)), S("conferences:run", ("over",)),
    S("conferences:close", ("conference",)), S("conferences:item_edit", ("agenda",)),
    S("conferences:item_add", ("conference",), query="?case={number}"),
    S("conferences:handout_pdf", ("conference",)), S("conferences:handout_pdf", ("over",)),
    S("conferences:action_done", ("decision",)), S("conferences:case_fragment", ("number",)),
    S("conferences:detail", ("next meeting",)), S("conferences:prep_sheet", ("sheet",)), S("conferences:prep_sheet_pdf", ("sheet",)),
    S("conferences:family_years", ("next item",)), S("conferences:family_years", ("agenda",)),
    S("conferences:before", ("agenda",)), S("conferences:before", ("next item",)), S("conferences:minutes", ("conference",)),
    S("conferences:minutes", ("over",)), S("conferences:minutes", ("meeting",)), S("conferences:issue_add", ("next meeting",)),
    S("conferences:packet", ("packet",)), S("conferences:packet_progress", ("packet",)), S("conferences:packet_zip", ("packet",)),
    S("conferences:packet_pdf", ("packet", "partner seat")), S("conferences:ics", ("next meeting",)), S("conferences:ics", ("over",)),
    S("conferences:calendar"), S("calendar_feed", ("token",)), S("conferences:survey", ("meeting",)), S("conferences:survey_results", ("meeting",)),
    S("conferences:issue_run", ("issue item",)), S("conferences:issue_parse", ("issue item",)), S("issues:list"), S("issues:detail", ("issue",)), S("issues:edit", ("issue",)),
    S("issues:new", query="?case={number}"),
    S("handover:list"), S("handover:transfers"), S("handover:transfer_new"), S("handover:staff", ("lead",)), S("handover:staff", ("partner",)),
    S("work:review"), S("work:review", query="?show=all"), S("work:moments"),
    S("apportionment:review"), S("apportionment:review", query="?show=all"), S("apportionment:assignments"),
    S("apportionment:studies"), S("apportionment:study_new"), S("apportionment:pools"), S("apportionment:pool_new"),
    S("apportionment:streams"), S("apportionment:stream_edit", ("2026", "care")), S("apportionment:rules"),
    S("apportionment:rules_edit"), S("apportionment:compare", ("month",)), S("apportionment:methods"),
    S("apportionment:approvals", ("month",)), S("apportionment:adjustments", ("month",)), S("apportionment:overheads", ("month",)),
    S("apportionment:integrated"), S("apportionment:integrated_xlsx"), S("apportionment:integrated_pdf"),
    S("work:month", ("month",)), S("work:month_now"),
    S("claims:list"), S("claims:outlook"), S("claims:corrections"), S("claims:statement"), S("claims:reports"), S("claims:layouts"),
    S("claims:layout_new"), S("claims:claim", ("2026", "care")), S("claims:shares", ("2026", "care")),
    S("claims:stream", ("2026", "care")), S("claims:budget", ("2026", "care")), S("claims:xlsx", ("2026",)),
    S("claims:csv", ("2026",)), S("claims:pdf", ("2026",)), S("claims:statement_file", ("csv",)),
    S("claims:workers", ("2026", "care", "month")), S("claims:entries", ("2026", "care", "month", "lead")),
    S("work:week"), S("apportionment:list"), S("apportionment:month", ("month",)),
    S("apportionment:costs", ("month",)), S("apportionment:entries", ("month", "lead", "general")),
    S("manage:index"), S("manage:agencies"), S("manage:staff_list"), S("manage:staff", ("lead",)),
    S("manage:changes"), S("manage:notices"), S("manage:agency_close", ("agency",)), S("manage:coordination"), S("manage:coordination_new"), S("manage:what_if"),
    S("manage:what_if_progress"),
    S("reports:person", ("person",)), S("reports:person_pdf", ("person",)), S("reports:leak"),
    S("reports:leak", query="?staff={lead}"), S("reports:unusual"), S("reports:unusual_lines"), S("reports:refused"), S("reports:chain"),
    S("api:risk-list"), S("api:risk-detail", ("risk",)), S("api:case-list"), S("api:case-detail", ("number",)), S("api:case-notes", ("number",)),
    S("api:consultation-list"), S("api:consultation-detail", ("receipt",)), S("api:referral-list"),
    S("api:referral-detail", ("referral",)), S("api:action-item-list"), S("api:action-item-detail", ("decision",)),
    S("api:capacity-question-list"), S("api:capacity-question-detail", ("question",)), S("api:outside-partner-list"),
    S("api:outside-partner-detail", ("partner",)), S("api:outside-request-list"), S("api:outside-request-detail", ("outside",)),
    S("api:claim-list"), S("api:actual-list", query="?year=2026"), S("api:journal-list", query="?year=2026"),
    S("api:work-entry-list"), S("api:apportionment-list"),
    S("api:search-list", query="?q=菊乃", identity=True), S("api:search-list", query="?q=霧見"),
    S("api:search-list", query="?q=０５９５７７１２３４"), S("api:note-detail", ("note",)), S("api:person-list", query="?q=菊乃", identity=True), S("api:person-detail", ("person",)), S("api:person-former-names", ("person",)), S("api:person-links", ("person",)),
    S("api:household-list"), S("api:household-detail", ("household",)), S("api:household-members", ("household",)),
    S("api:household-kinships", ("household",)), S("api:household-members", ("household",), query="?on=2026-11-01"), S("api:household-movements", ("household",)),
    S("api:timeline-detail", ("household",)), S("api:timeline-detail", ("household",), query="?kind=n"),
    S("api:follow-up-list"), S("api:watch-cycle-list"), S("api:consent-list"), S("api:consent-detail", ("consent",)), S("api:protection-list"), S("api:outreach-list"),
    S("api:outreach-detail", ("outreach",)), S("api:outreach-attempts", ("outreach",)), S("api:merge-detail", ("merge",)),
)  # fmt: skip

# addresses that change something, tried with the world's ids by everybody who may not see what they would change
WRITES = (
    S("households:member_add", ("household",)), S("households:member_edit", ("household", "member")),
    S("households:member_end", ("household", "member")), S("households:kinship_add", ("household",)),
    S("households:kinship_remove", ("household", "member")),
    S("households:movement_new", ("household",)), S("households:movement_withdraw", ("household", "movement")),
    S("households:household_edit", ("household",)), S("households:person_edit", ("person",)),
    S("households:former_names", ("person",)), S("households:former_name_remove", ("person", "member")),
    S("households:protection_give", ("household", "person")), S("households:protection_renew", ("household", "person")),
    S("households:protection_end", ("household", "person")), S("households:safe_contact", ("household", "person")),
    S("households:deny", ("household",)), S("households:denial_release", ("household", "member")),
    S("households:same", ("person",)), S("households:merge", ("person", "twin")),
    S("households:merge_undo", ("merge",)), S("consultations:edit", ("receipt",)),
    S("cases:note_add", ("number",)), S("cases:note_edit", ("note",)), S("cases:item_add", ("number",)),
    S("cases:item_edit", ("item",)), S("cases:item_end", ("item",)), S("cases:sectors", ("number",)),
    S("cases:plan_start", ("number",)), S("cases:plan_edit", ("plan",)), S("cases:evaluate", ("plan",)),
    S("cases:close", ("number",)), S("cases:reopen", ("number",)), S("cases:consent", ("number",)),
    S("cases:watch_edit", ("number",)), S("cases:watch_stop", ("number",)), S("worries:put_off", ("risk",)),
    S("cases:consent_withdraw", ("number", "consent")),
    S("outreach:detail", ("outreach",)), S("outreach:edit", ("outreach",)), S("outreach:agree", ("outreach",)),
    S("outreach:end", ("outreach",)), S("outreach:resume", ("outreach",)),
    S("referrals:new", query="?case={number}"),
    S("capacity:detail", ("question",)), S("capacity:withdraw", ("question",)), S("capacity:new", query="?case={number}"),
    S("outside:new", query="?case={number}"), S("outside:reissue", ("outside",)), S("outside:code", ("outside",)),
    S("outside:withdraw", ("outside",)),
    S("cases:reads_until", ("number", "seat")),
    S("conferences:edit", ("conference",)), S("conferences:member_add", ("conference",)),
    S("conferences:members_attend", ("conference",)), S("conferences:member_remove", ("seat",)),
    S("conferences:item_add", ("conference",), query="?case={number}"), S("conferences:item_edit", ("agenda",)),
    S("conferences:item_move", ("agenda",)), S("conferences:item_remove", ("agenda",)),
    S("conferences:start", ("conference",)), S("conferences:extend", ("conference",)),
    S("conferences:close", ("conference",)), S("conferences:parse", ("agenda",)), S("conferences:decide", ("agenda",)),
    S("conferences:conclude", ("agenda",)), S("conferences:drop", ("decision",)), S("conferences:sort", ("conference",)), S("conferences:to_plan", ("decision",)),
    S("conferences:carry_over", ("conference",)), S("conferences:minutes", ("conference",)), S("conferences:issue_add", ("conference",)),
    S("conferences:packet_order", ("conference",)), S("conferences:packet_cancel", ("packet",)), S("conferences:prep_ask", ("conference",)), S("conferences:prep_remind", ("conference",)), S("conferences:prep_seen", ("sheet",)),
    S("conferences:issue_remove", ("issue item",)), S("conferences:issue_move", ("issue item",)),
    S("conferences:issue_decide", ("issue item",)), S("api:capacity-question-answer", ("question",)),
    S("api:capacity-question-withdraw", ("question",)), S("api:outside-request-withdraw", ("outside",)), S("issues:unlink", ("issue link",)),
    S("handover:staff", ("lead",)), S("api:case-notes", ("number",)), S("api:case-close", ("number",)),
    S("api:case-reopen", ("number",)), S("api:risk-put-off", ("risk",)),
    S("api:outreach-attempts", ("outreach",)), S("api:outreach-agree", ("outreach",)), S("api:outreach-end", ("outreach",)), S("api:outreach-resume", ("outreach",)), S("api:consent-withdraw", ("consent",)),
    S("api:person-former-names", ("person",)), S("api:person-former-name-remove", ("person", "member")),
    S("api:person-links", ("person",)), S("api:person-merge", ("person",)), S("api:merge-undo", ("merge",)),
    S("api:household-members", ("household",)), S("api:household-movements", ("household",)),
    S("api:household-withdraw", ("household", "movement")),
    S("api:household-kinships", ("household",)), S("api:household-kinship-remove", ("household", "member")),
    S("api:household-member", ("household", "member")), S("api:household-member-end", ("household", "member")),
)  # fmt: skip

# addresses that the matrix does not walk, each with the reason
ELSEWHERE = {
    "health": "holds nothing", "gallery": "debug only", "api:schema": "a description", "api:docs": "a description",
    "accounts:absence_end": "own absences, and those of one's agency (tests/accounts/test_absences.py)",
    "accounts:switch": "own appointments (tests/accounts)", "accounts:notice": "own notices (tests/cases)",
    "households:new": "an empty form", "households:register": "an empty form (its file: tests/households)",
    "households:register_apply": "a signed preview of one's own (tests/households/test_register_import.py)", "consultations:draft_save": "own drafts (tests/cases)",
    "consultations:draft_delete": "own drafts (tests/cases)",
    "api:register-import-preview": "the sender's own file (tests/api/test_register_api.py)",
    "api:register-import-apply": "a signed preview of one's own (tests/api/test_register_api.py)",
    "api:watch-cycle-detail": "needs a closed case (tests/api/test_watch_api.py)",
    "api:watch-cycle-changes": "needs a closed case (tests/api/test_watch_api.py)",
    "api:watch-cycle-stop": "needs a closed case (tests/api/test_watch_api.py)",
    "api:follow-up-back": "needs a closed case (tests/api/test_watch_api.py)",
    "api:colleague-list": "names of one's own agency",
    "api:watch-result-list": "numbers of one's own scope (tests/api/test_counts_api.py)",
    "api:outreach-count-list": "numbers of one's own agency (tests/api/test_counts_api.py)",
    "api:protection-detail": "of the units named in it (tests/api/test_consent_api.py)",
    "api:referral-withdraw": "by the sender (tests/api/test_consent_api.py)",
    "api:draft-list": "own drafts (tests/api/test_drafts_api.py)", "api:draft-detail": "own drafts (tests/api/test_drafts_api.py)",
    "api:follow-up-detail": "needs a closed case (tests/api)", "api:follow-up-result": "needs a closed case (tests/api)",
    "cases:follow_up": "needs a closed case (tests/cases/test_watch_pages.py)",
    "cases:follow_up_back": "needs a closed case (tests/cases/test_watch_pages.py)",
    "conferences:member_edit": "the seat's own agency may (tests/referrals)",
    "conferences:calendar_make": "one's own (tests/referrals/test_calendar.py)", "conferences:calendar_stop": "one's own",
    "conferences:prep_undo": "the seat's own agency may (tests/referrals/test_prep_sheets.py)",
    "issues:move": "an issue names nobody (tests/referrals/test_issues.py)", "issues:take_up": "an issue names nobody",
    "issues:link": "names a case by number, of those seen (tests/referrals/test_issues.py)",
    "manage:conference_rules": "no case", "manage:conference_rule": "no case", "manage:conference_rule_new": "no case",
    "conferences:secrecy": "the attendee's own act (tests/referrals)",
    "work:review_answer": "own findings and those of one's agency (tests/budgets/test_review.py)",
    "work:moment_answer": "own moments (tests/budgets/test_studies.py)",
    "apportionment:review_answer": "no case text (tests/budgets/test_review.py)",
    "apportionment:study": "no case", "apportionment:study_approve": "no case", "apportionment:pool": "no case",
    "apportionment:pool_evidence": "no case (tests/budgets/test_pools.py)", "apportionment:stream_copy": "no case",
    "work:add": "own minutes", "work:copy_week": "own minutes", "work:edit": "own minutes (tests/budgets)",
    "work:delete": "own minutes (tests/budgets)", "work:settle": "own findings (tests/budgets)",
    "work:recategorize": "own minutes (tests/budgets/test_correct_category.py)",
    "work:month_approve": "minutes of one's agency (tests/budgets/test_month_steps.py)",
    "work:month_withdraw": "minutes of one's agency (tests/budgets/test_month_steps.py)",
    "work:template_add": "own templates (tests/budgets/test_week_helpers.py)", "work:template_delete": "own templates",
    "work:timer_start": "own minutes", "work:timer_stop": "own minutes", "work:timer_drop": "own minutes",
    "apportionment:confirm_instead": "no case", "apportionment:report": "no case",
    "apportionment:adjustment_approve": "no case", "apportionment:adjustment_refuse": "no case",
    "apportionment:integrated_open": "no case", "apportionment:integrated_edit": "no case",
    "apportionment:cost_columns": "the sender's own file (tests/budgets/test_cost_pages.py)",
    "apportionment:cost_template": "no case", "apportionment:cost_import": "no case",
    "apportionment:cost_confirm": "no case", "apportionment:run": "no case", "apportionment:lock": "no case",
    "apportionment:xlsx": "needs a locked month (tests/budgets: no case text)",
    "apportionment:csv": "needs a locked month (tests/budgets: no case text)",
    "apportionment:pdf": "needs a locked month (tests/budgets: no case text)",
    "manage:notices_again": "no case (tests/accounts/test_notice_pages.py)",
    "manage:coordination_withdraw": "no case", "manage:what_if_order": "counts alone (tests/referrals/test_what_if.py)", "manage:staff_new": "no case", "manage:staff_town": "no case", "manage:appointment_end": "no case",
    **dict.fromkeys(
        ("handover:transfer", "handover:transfer_progress", "handover:transfer_plan", "handover:transfer_drop",
         "handover:transfer_undo", "handover:transfer_row_undo"),
        "one's own agency's, without what the deny list hides (tests/referrals/test_transfer_pages.py)",
    ),
    "api:referral-answer": "by the receiver (tests/referrals)", "api:referral-start": "by the receiver (tests/referrals)",
    **{f"outside_page:{name}": "nobody signs in there; its own words (tests/referrals/test_outside_page.py)"
       for name in ("page", "answer", "code", "new_code", "outcome")},
    "referrals:start": "by the receiver (tests/referrals/test_following.py)",
    "api:referral-finish": "by the receiver (tests/referrals)", "api:action-item-finish": "by the doer (tests/referrals)",
    "api:work-entry-detail": "the same scope as the list", "api:apportionment-detail": "money only",
    "api:apportionment-rows": "money only", "api:claim-detail": "money only",
    **dict.fromkeys(
        ("claims:revision", "claims:file", "claims:correct", "claims:layout_edit", "claims:layout_remove", "claims:layout_file"),
        "money only, no case (tests/budgets/settlement)",
    ),
    **dict.fromkeys(
        ("apportionment:rule_trial", "apportionment:rule_trial_progress", "apportionment:rule_trial_save",
         "apportionment:rule_trial_cancel"),
        "one's own trial, counts alone (tests/budgets/test_rule_trials.py)",
    ),
    **dict.fromkeys(
        ("claims:order", "claims:report", "claims:progress", "claims:cancel", "claims:download"),
        "one's own order, pseudonyms only (tests/budgets/pack)",
    ),
}  # fmt: skip


def text_of(response: HttpResponse) -> str:
    """What a person could read of an answer: PDF and XLSX are opened, file names count too."""
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    kind = response.get("Content-Type", "")
    said = str(response.get("Content-Disposition", "")) + str(response.get("Location", ""))
    if "pdf" in kind and response.status_code == 200 and content.startswith(b"%PDF") and len(content) > 100:
        return said + "".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    if "zip" in kind:
        with ZipFile(BytesIO(content)) as archive:
            papers = [PdfReader(BytesIO(archive.read(name))) for name in archive.namelist()]
            said += "".join(archive.namelist())
        return said + "".join(page.extract_text() for paper in papers for page in paper.pages)
    if "spreadsheet" in kind:
        book = load_workbook(BytesIO(content))
        return said + " ".join(str(v) for sheet in book for row in sheet.values for v in row if v is not None)
    return said + content.decode("utf-8", errors="replace")
