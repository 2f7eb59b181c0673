"""Streams by fiscal year, copied forward each April; pools of common cost with their evidence."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from budgets.actions.stream_years import YearData, copy_year, save_year, shares_of
from budgets.enums import Payer, RemainderRule
from budgets.forms.settings import parse_fraction
from budgets.inputs import month_inputs
from budgets.masters import load_streams
from budgets.models import CostPool, FundingShare, FundingStream, PoolShare, StreamYear
from budgets.pool_inputs import pool_rows
from budgets.selectors_streams import percent_words, stream_lines
from common.errors import NotAllowed, RuleViolation
from tests import factories as f

OCTOBER = date(2026, 10, 1)
CARE = {Payer.STATE: Fraction(77, 200), Payer.PREFECTURE: Fraction(77, 400), Payer.MUNICIPALITY: Fraction(77, 400),
        Payer.PREMIUM_1: Fraction(23, 100)}  # fmt: skip


@pytest.fixture(autouse=True)
def loaded(db, time_machine):
    time_machine.move_to(f.NOW)
    load_streams(2026)


def stream(code: str) -> FundingStream:
    return FundingStream.objects.get(code=code)


def save(finance, code="care", version=1, **data):
    return save_year(
        stream=stream(code), fiscal_year=2026, version=version, actor=finance.actor, at=f.NOW,
        data=YearData(**({"shares": CARE} | data)),
    )  # fmt: skip


def test_shares_stay_fractions_and_the_version_counts_up(finance):
    row = save(finance, standard_yen=24_000_000, age_from=65, source="県の通知", needs_check=False)
    assert (row.version, row.standard_yen, row.changed_by) == (2, 24_000_000, finance.staff)
    assert shares_of(stream("care"), 2026) == CARE
    history = StreamYear.pgh_event_model.objects.filter(pgh_obj=row).order_by("pgh_id")
    assert [h.version for h in history][-2:] == [1, 2]


@pytest.mark.parametrize(
    ("data", "field"),
    [({"shares": {Payer.STATE: Fraction(1, 2)}}, "shares"), ({"shares": {Payer.STATE: Fraction(3, 2)}}, "shares"),
     ({"age_from": 65, "age_below": 65}, "age_below"), ({"ends_on": date(2027, 4, 1)}, "ends_on")],
)  # fmt: skip
def test_a_year_that_cannot_be_is_refused_and_nothing_is_half_written(finance, data, field):
    with pytest.raises(RuleViolation) as refused:
        save(finance, **data)
    assert refused.value.field == field
    assert StreamYear.objects.get(stream__code="care").version == 1
    assert shares_of(stream("care"), 2026) == CARE


def test_two_clerks_do_not_overwrite_each_other(finance, worker):
    save(finance, standard_yen=1)
    with pytest.raises(RuleViolation, match="先に変更"):
        save(finance, standard_yen=2, version=1)
    with pytest.raises(NotAllowed):
        save(worker, version=2)


def test_april_copies_the_year_forward_marked_to_be_confirmed(finance):
    StreamYear.objects.filter(stream__code="health").update(ends_on=date(2026, 9, 30))
    copied = copy_year(from_year=2026, actor=finance.actor, at=f.NOW)
    assert copied == FundingStream.objects.count() - 1
    assert shares_of(stream("care"), 2027) == CARE
    assert not StreamYear.objects.filter(fiscal_year=2027, needs_check=False).exists()
    assert not FundingShare.objects.filter(fiscal_year=2027, stream__code="health").exists()
    with pytest.raises(RuleViolation, match="すでにあります"):
        copy_year(from_year=2026, actor=finance.actor, at=f.NOW)
    lines = {line.stream.code: line for line in stream_lines(finance.actor, 2027)}
    assert not lines["care"].has_changed
    changed = {Payer.STATE: Fraction(1, 2), Payer.MUNICIPALITY: Fraction(1, 2)}
    save_year(
        stream=stream("care"), fiscal_year=2027, version=1, data=YearData(shares=changed, age_from=65), actor=finance.actor,
        at=f.NOW,
    )  # fmt: skip
    care = next(line for line in stream_lines(finance.actor, 2027) if line.stream.code == "care")
    values = {v.label: (v.before, v.now) for v in care.values if v.has_changed}
    assert values["国"] == ("38.5%", "50%")
    assert values["第1号保険料"] == ("23%", "")
    page = finance.client.get("/apportionment/streams/?year=2027").content.decode()
    assert "国 50%（38.5%）" in page


def test_the_rule_of_a_stream_reaches_the_months_of_its_year_only(finance):
    save(finance, remainder_rule=RemainderRule.TRUNCATE_TO_GENERAL, age_from=65)
    rule_of = {s.code: s.rule for s in month_inputs(OCTOBER, RemainderRule.LARGEST_REMAINDER).streams}
    assert rule_of["care"] == RemainderRule.TRUNCATE_TO_GENERAL
    assert rule_of["child"] == ""
    later = month_inputs(date(2027, 4, 1), RemainderRule.LARGEST_REMAINDER).streams
    assert {s.rule for s in later} == {""}


@pytest.mark.parametrize(
    ("text", "share"),
    [("1/2", Fraction(1, 2)), ("38.5%", Fraction(77, 200)), ("１／３", Fraction(1, 3)), ("19.25％", Fraction(77, 400)),
     ("0.25", Fraction(1, 4))],
)  # fmt: skip
def test_shares_are_typed_as_offices_write_them(text, share):
    assert parse_fraction(text) == share
    assert parse_fraction(percent_words(share)) == share
    for wrong in ("", "半分", "1/0", "50%%"):
        with pytest.raises(ValueError, match="割合として"):
            parse_fraction(wrong)


def test_the_stream_page_says_beside_the_field_what_is_wrong(finance, auditor, worker):
    url = "/apportionment/streams/2026/care/"
    good = {
        "version": 1,
        "share_state": "1/2",
        "share_municipality": "1/2",
        "age_from": 65,
        "source": "県の通知",
    }
    bad = finance.client.post(url, good | {"share_state": "38.5%"})
    assert bad.status_code == 422
    assert "負担割合の合計が1になりません（いまは 177/200）" in bad.content.decode()
    assert finance.client.post(url, good | {"share_state": "はんぶん"}).status_code == 422
    assert finance.client.post(url, good).status_code == 302
    assert shares_of(stream("care"), 2026) == {"state": Fraction(1, 2), "municipality": Fraction(1, 2)}
    assert auditor.client.get(url).status_code == 403
    assert auditor.client.get("/apportionment/streams/").status_code == 200
    assert worker.client.get("/apportionment/streams/").status_code == 403
    assert finance.client.post("/apportionment/streams/copy/", {"year": "2026"}).status_code == 302
    assert StreamYear.objects.filter(fiscal_year=2027).exists()


# ── Pools ───────────────────────────────────────────────────────────────────────────────────────────────────


def pool_post(**changes) -> dict[str, object]:
    care, child, general = (stream(code).pk for code in ("care", "child_base", "general"))
    return {
        "name": "つつじが丘まるごと広場", "month_from": "令和8年4月", "month_to": "令和9年3月", "total_yen": "3,000,001",
        "driver": "floor_area", "remainder_rule": "truncate_to_general", "decided_on": "令和8年4月1日", "decided_by": "課長決裁",
        f"amount_{care}": "120.5", f"evidence_{care}": "平面図", f"amount_{child}": "60.25", f"evidence_{child}": "平面図",
        f"amount_{general}": "0", f"evidence_{general}": "使っていない",
    } | changes  # fmt: skip


def test_a_pool_is_split_by_its_driver_with_its_papers(finance, auditor, worker):
    care = stream("care").pk
    paper = SimpleUploadedFile("図面.pdf", b"%PDF-1.4 plan", content_type="application/pdf")
    answer = finance.client.post("/apportionment/pools/new/", pool_post(**{f"file_{care}": paper}))
    assert answer.status_code == 302
    pool = CostPool.objects.get()
    yen = {FundingStream.objects.get(pk=r.stream_id).code: r.yen for r in pool_rows(pool)}
    assert yen == {"care": 2_000_000, "child_base": 1_000_000, "general": 1}
    page = auditor.client.get(f"/apportionment/pools/{pool.pk}/").content.decode()
    for words in ("2,000,000円", "120.5", "平面図", "面積（㎡）", "課長決裁", "円未満切捨て", "図面.pdf"):
        assert words in page
    share = PoolShare.objects.get(stream=care)
    file = auditor.client.get(f"/apportionment/pools/evidence/{share.pk}/")
    assert file.content == b"%PDF-1.4 plan"
    assert "attachment" in file["Content-Disposition"]
    assert worker.client.get(f"/apportionment/pools/evidence/{share.pk}/").status_code == 403
    assert worker.client.get("/apportionment/pools/").status_code == 403


def test_a_pool_that_cannot_be_split_is_explained_and_not_kept(finance, auditor):
    care, child, general = (stream(code).pk for code in ("care", "child_base", "general"))
    text = SimpleUploadedFile("図面.pdf", b"hello", content_type="application/pdf")
    for wrong, words in (
        ({f"amount_{care}": "0", f"amount_{child}": "0"}, "すべて0"), ({f"evidence_{care}": ""}, "根拠の資料を入力"),
        ({f"amount_{care}": "", f"amount_{child}": "", f"amount_{general}": ""}, "1つも入力されていません"),
        ({"driver": "own"}, "名称を入れて"), ({"month_to": "令和8年3月"}, "最初の月より前"), ({"total_yen": "0"}, "1円以上"),
        ({f"amount_{care}": "-1"}, "以上"), ({f"file_{care}": text}, "PDF"),
    ):  # fmt: skip
        answer = finance.client.post("/apportionment/pools/new/", pool_post(**wrong))
        assert answer.status_code == 422, words
        assert words in answer.content.decode(), words
    assert not CostPool.objects.exists()
    assert auditor.client.post("/apportionment/pools/new/", pool_post()).status_code == 403
