"""What a draft is called, and whose household its words are about."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.actor import Actor
from cases.models import Case, Draft
from cases.models.draft import ABOUT_CASE, ABOUT_RECORD, records

TITLES = {
    "consultation": "相談受付", "note": "支援経過", "referral": "つなぎ", "close": "終結", "turn": "見守り",
    "plan": "プラン", "outreach": "アウトリーチ", "item": "見立て", "attempt": "アウトリーチの関わり",
}  # fmt: skip
# A correction begins with the record's own words: they are not repeated on the home page.
CORRECTIONS = {
    "note_edit": "支援経過の訂正", "item_edit": "見立ての訂正", "contact_edit": "相談受付の訂正",
    "outreach_edit": "アウトリーチの訂正", "watch": "見守りの取り決め",
}  # fmt: skip
_HOME = {"contact_edit": "household_id", "outreach_edit": "household_id", "attempt": "household_id"}


def title_of(key: str, data: Mapping[str, list[str]]) -> str:
    """「相談受付: 夫の介護で眠れ…」; of a correction what is corrected (「支援経過の訂正: R8-0012」)."""
    form, number = [*key.split(":"), ""][:2]
    if form in CORRECTIONS:
        return f"{CORRECTIONS[form]}: {number}" if number else CORRECTIONS[form]
    texts = (
        data.get(name, [""])[0].strip() for name in ("text", "purpose", "note", "long_goal", "hope", "worry")
    )
    text = next((words for words in texts if words), "")
    kind = TITLES.get(form, "書きかけ")
    who = (data.get("person_text") or [""])[0].strip()
    words = "　".join(part for part in (who, text.replace("\n", " ")[:30]) if part)
    if not words and form in (*ABOUT_CASE, "turn"):
        words = number
    return f"{kind}: {words}" if words else kind


def shown_title(key: str, title: str, *, hides: bool) -> str:
    """The title as a list shows it: without words where ``Draft.hides``."""
    if not hides:
        return title or key
    form, number = [*key.split(":"), ""][:2]
    return f"{CORRECTIONS.get(form) or TITLES.get(form, '書きかけ')}: {number}"


def household_of(draft: Draft, actor: Actor) -> int | None:
    """The household that the case or the record of a draft belongs to; none for a form about nobody known."""
    form, number = [*draft.key.split(":"), ""][:2]
    if form in ABOUT_CASE:
        rows = Case.objects.visible_to(actor).filter(number=number)
        return rows.values_list("household_id", flat=True).first()
    if form in ABOUT_RECORD:
        path = _HOME.get(form, "case__household_id")
        found: int | None = (
            records(form, actor).filter(pk=draft.record).values_list(path, flat=True).order_by("pk").first()
        )
        return found
    return None


def texts_of(draft: Draft) -> list[str]:
    return [value for values in draft.data.values() for value in values]
