"""A year in which one agency goes by a time study, one is dedicated and one goes by its minutes: the pack recomputes it."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from accounts.enums import Role
from budgets.actions.assignments import AssignmentData, set_assignment
from budgets.actions.method_choices import choose_method
from budgets.actions.studies import StudyData, approve_study, create_study
from budgets.enums import Method, StudySampling
from budgets.models import ApportionmentRow, ApportionmentRun
from budgets.pack.build import build
from budgets.pack.seal import MANIFEST
from budgets.pack.verify import verify
from budgets.study_inputs import digest, study_inputs
from kyosei.bench.forgeries import files_of, write_files
from tests import factories as f
from tests.budgets.claims import YEAR, Book, lock_months, make_shares, work
from tests.conftest import persona

MARCH = date(YEAR, 3, 1)


@pytest.fixture
def three(db, worker, center_worker, finance, time_machine):
    """中川 by the study of March, 岡部 dedicated (with shared work alone), a third by the own minutes."""
    time_machine.move_to(f.NOW)
    streams = make_shares()
    third = persona(f.make_agency("町の窓口"), Role.DESK_WORKER, name="原田 明")
    work(worker, MARCH, {"care": 5234, "disability": 612, "child": 288, "poverty": 746})
    study = create_study(
        data=StudyData("3月の調査", StudySampling.CONTINUOUS, MARCH, date(YEAR, 3, 31), date(YEAR, 4, 1),
                       date(YEAR + 1, 3, 1), "決裁"),
        members=[(worker.staff, worker.agency)], actor=finance.actor, at=f.NOW,
    )  # fmt: skip
    approve_study(study=study, expected_hash=digest(study_inputs(study)), actor=finance.actor, at=f.NOW)
    set_assignment(
        data=AssignmentData(center_worker.staff, center_worker.agency, streams["child"], date(YEAR, 4, 1)),
        actor=finance.actor, at=f.NOW,
    )  # fmt: skip
    for agency, method in ((worker.agency, Method.TIME_STUDY), (center_worker.agency, Method.DEDICATED)):
        choose_method(
            agency=agency, method=method, valid_from=date(YEAR, 4, 1), basis="課長決裁", actor=finance.actor, at=f.NOW
        )  # fmt: skip
    lock_months([worker, center_worker, third], finance, own={center_worker.staff.pk: {"shared": 480}})
    return worker, center_worker, third


@pytest.fixture
def pack(three, finance, tmp_path):
    path = tmp_path / "pack.zip"
    build(YEAR, actor=finance.actor, at=f.NOW, path=path, work_dir=tmp_path, tick=lambda *a: None)
    return path


def rows_of(files: dict[str, bytes], name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(files[f"csv/{name}.csv"].decode())))


def with_rows(files: dict[str, bytes], name: str, rows: list[list[str]]) -> dict[str, bytes]:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return files | {f"csv/{name}.csv": out.getvalue().encode()}


def test_it_agrees_to_the_yen_and_says_the_methods(pack, django_assert_num_queries):
    assert set(ApportionmentRun.objects.values_list("code_version", flat=True)) == {"month-by-plan/1"}
    with django_assert_num_queries(0):
        report = verify(pack)
    assert report.problems == []
    assert report.months == 12
    files = files_of(pack)
    plans = rows_of(files, "plans")[1:]
    assert sorted({p[2] for p in plans}) == ["dedicated", "time_study"]
    assert len(plans) == 24
    weights = {tuple(r[2:]) for r in rows_of(files, "studies")[1:]}
    assert weights == {("care", "5234"), ("disability", "612"), ("child", "288"), ("poverty", "746")}
    assert {r[8] for r in rows_of(files, "results")[1:]} == {"dedicated", "time_study", "actual_minutes"}


def test_the_cells_recompute_every_yen_by_the_weights(pack):
    book = Book(files_of(pack)["settlement.xlsx"])
    stored = ApportionmentRow.objects.filter(run__is_final=True).values_list("yen", flat=True)
    assert sorted(v for v in book.column("按分", "N", 3) if v) == sorted(y for y in stored if y)
    assert set(book.column("按分", "O", 3)) == {"直接の分", "タイムスタディの重み", "専従（全部を1に）"}


def changes(files: dict[str, bytes]):
    """Every change to a plan or a weight: another word in each field, a row less, a row twice, a row for another."""
    other = {"dedicated": "time_study", "time_study": "dedicated", "child": "care", "": "care"}
    plans, studies = rows_of(files, "plans"), rows_of(files, "studies")
    staff = sorted({r[1] for r in rows_of(files, "costs")[1:]})
    for n in (1, 2):  # a plan of each kind
        row = plans[n]
        for column in range(len(row)):
            new = other.get(row[column], "T0")
            new = {0: f"{YEAR}-06-01", 1: next(s for s in staff if s != row[1])}.get(column, new)
            yield with_rows(
                files, "plans", [*plans[:n], [*row[:column], new, *row[column + 1 :]], *plans[n + 1 :]]
            )
        yield with_rows(files, "plans", [*plans[:n], *plans[n + 1 :]])
        yield with_rows(files, "plans", [*plans, row])
    minutes = next(s for s in staff if s not in {p[1] for p in plans[1:]})
    yield with_rows(files, "plans", [*plans, [plans[1][0], minutes, "dedicated", "care", ""]])
    yield with_rows(files, "plans", plans[:1])
    row = studies[1]
    for column, new in enumerate((f"{YEAR}-06-01", "T0", "general", str(int(row[3]) + 1))):
        yield with_rows(
            files, "studies", [studies[0], [*row[:column], new, *row[column + 1 :]], *studies[2:]]
        )
    yield with_rows(files, "studies", [studies[0], *studies[2:]])
    yield with_rows(files, "studies", [*studies, [row[0], row[1], "general", "0"]])
    yield {name: data for name, data in files.items() if name != "csv/plans.csv"}
    yield files | {MANIFEST: files[MANIFEST].replace(b'"version": 3', b'"version": 1')}


def test_every_change_to_plans_and_studies_is_found_under_a_fresh_manifest_and_seal(pack, tmp_path):
    changed, files = tmp_path / "changed.zip", files_of(pack)
    write_files(changed, files, forged=True)
    assert verify(changed).agrees  # the hand that forges does nothing else
    found = []
    for one in changes(files):
        assert one != files
        write_files(changed, one, forged=True)
        found.append(not verify(changed).agrees)
    assert found == [True] * len(found)
    assert len(found) > 20


def test_a_pack_of_the_first_version_is_still_verified(db, worker, finance, tmp_path, time_machine):
    """Such a pack has neither plans nor studies, nor a method beside its results."""
    time_machine.move_to(f.NOW)
    make_shares()
    lock_months([worker], finance, months=2)
    path = tmp_path / "pack.zip"
    build(YEAR, actor=finance.actor, at=f.NOW, path=path, work_dir=tmp_path, tick=lambda *a: None)
    files = files_of(path)
    files = with_rows(files, "results", [row[:-1] for row in rows_of(files, "results")])
    files[MANIFEST] = files[MANIFEST].replace(b'"version": 3', b'"version": 1')
    for name in ("plans", "studies"):
        del files[f"csv/{name}.csv"]
    write_files(path, files, forged=True)
    assert verify(path).problems == []
