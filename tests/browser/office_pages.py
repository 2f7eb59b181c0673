"""Pages beside casework that the axe tests go to in the world of the scope matrix, each with the role that opens it.

``{}`` are ids of that world. Pages of casework stand in casework_pages.py; those that need a story of their own are
checked where the story is told (``TOLD``).
"""

from __future__ import annotations

from collections.abc import Mapping

DIRECTOR, DESK, HEAD, ASKED = "director elderly", "lead worker", "manager", "asked on consent"
FINANCE, ADMIN = "finance clerk", "system administrator"
OFFICE_PAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "accounts:absences": (DESK, ("/staff/absences/",)),
    "work:moments": (DESK, ("/work/moments/",)),
    "work:review": (HEAD, ("/work/review/", "/work/review/?show=all")),
    "work:month": (HEAD, ("/work/month/{month}/",)),
    "work:edit": (DESK, ("/work/{entry}/edit/",)),
    "work:recategorize": (DESK, ("/work/{entry}/category/",)),
    "outside:partner_edit": (DESK, ("/referrals/partners/{own_partner}/edit/",)),
    "referrals:detail": (DESK, ("/referrals/{referral}/", "/referrals/{blind_referral}/")),
    "referrals:answer": (ASKED, ("/referrals/{referral}/answer/join/", "/referrals/{referral}/answer/take_lead/")),
    "referrals:outcome": (ASKED, ("/referrals/{referral}/outcome/",)),
    "referrals:withdraw": (DESK, ("/referrals/{referral}/withdraw/",)),
    "conferences:edit": (DIRECTOR, ("/conferences/{conference}/edit/",)),
    "conferences:close": (DIRECTOR, ("/conferences/{conference}/close/",)),
    "conferences:item_add": (DIRECTOR, ("/conferences/{conference}/items/add/?case={number}",)),
    "conferences:item_edit": (DESK, ("/conferences/items/{next item}/",)),
    "conferences:action_done": (DIRECTOR, ("/conferences/decisions/{decision}/",)),
    "conferences:before": (DIRECTOR, ("/conferences/items/{agenda}/before/",)),
    "conferences:case_fragment": (DESK, ("/conferences/case/{number}/",)),
    "conferences:survey": (DESK, ("/conferences/{meeting}/survey/",)),
    "conferences:survey_results": (DESK, ("/conferences/{meeting}/survey/results/",)),
    "handover:list": (HEAD, ("/handover/",)),
    "handover:staff": (HEAD, ("/handover/{lead}/",)),
    "apportionment:lock": (FINANCE, ("/apportionment/202610/lock/",)),
}  # fmt: skip

# name → the browser test in which axe looks at it
TOLD: Mapping[str, str] = {
    **{
        f"outside_page:{name}": "test_outside_page.py: fits()"
        for name in ("page", "answer", "code", "outcome")
    },
    "apportionment:rule_trial": "test_rule_trial.py",
}

# what answers a GET and is no page, or no page of its own
FILES_AND_PARTS: Mapping[str, str] = {
    "presence": "a line inside the pages of the record", "health": "a word for machines",
    "outside_page:new_code": "sends a code and leads back to outside_page:page",
    "accounts:notice": "leads on to what the notice is about", "work:month_now": "leads on to work:month",
    "referrals:preview": "the right side of referrals:new, which is checked with it",
    "referrals:agency_options": "options of a combobox of referrals:new",
    "conferences:parse": "a line that is read while it is typed on conferences:run",
    "conferences:issue_parse": "a line that is read while it is typed on conferences:issue_run",
    "handover:transfer_progress": "rows of handover:transfer", "conferences:packet_progress": "rows of conferences:packet",
    "apportionment:rule_trial_progress": "rows of apportionment:rule_trial", "claims:progress": "rows of claims:report",
    "manage:what_if_progress": "rows of manage:what_if", "gallery": "the pieces alone, in debug mode only",
    **dict.fromkeys(
        ("referrals:director_paper", "conferences:handout_pdf", "conferences:packet_pdf", "conferences:prep_sheet_pdf",
         "apportionment:integrated_pdf", "apportionment:pdf", "apportionment:pool_evidence", "claims:pdf", "reports:person_pdf"),
        "a PDF",
    ),
    **dict.fromkeys(
        ("capacity:gaps_csv", "conferences:ics", "conferences:packet_zip", "calendar_feed", "apportionment:integrated_xlsx",
         "apportionment:cost_template", "apportionment:xlsx", "apportionment:csv", "claims:statement_file", "claims:download",
         "claims:layout_file", "claims:xlsx", "claims:csv"), "a file for another program",
    ),
}  # fmt: skip
