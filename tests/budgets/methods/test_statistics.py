"""How sure a study is, and how many moments to ask beforehand."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets.enums import StudySampling
from budgets.methods.statistics import Interval, StudyError, cluster_ratio, quantile, sample_size, wilson
from budgets.methods.time_study import Answer, StudyInputs, evaluate, yen_bounds


@pytest.mark.parametrize(
    ("hits", "asked", "low", "high"),
    [(81, 263, "0.2553", "0.3662"), (15, 148, "0.0624", "0.1605"), (0, 20, "0.0000", "0.1611"), (1, 29, "0.0061", "0.1718")],
)  # fmt: skip
def test_wilson_agrees_with_newcombes_published_table(hits, asked, low, high):
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    found = wilson(hits, asked)
    assert (f"{float(found.low):.4f}", f"{float(found.high):.4f}") == (low, high)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_ratio_within_0_and_1(pair):
    hits, asked = pair
    found = wilson(hits, asked)
    assert 0 <= found.low <= found.ratio <= found.high <= 1
    assert wilson(hits * 4, asked * 4).half_width <= found.half_width


@pytest.mark.parametrize(
    ("kwargs", "asked"),
    [
        ({"margin": Fraction(5, 100)}, 385),
        ({"margin": Fraction(3, 100)}, 1068),
        ({"margin": Fraction(5, 100), "level": 99}, 664),
        ({"margin": Fraction(5, 100), "population": 1000}, 278),
        ({"margin": Fraction(5, 100), "expected": Fraction(1, 4)}, 289),
        ({"margin": Fraction(5, 100), "response_rate": Fraction(8, 10)}, 481),
    ],
)
def test_sample_size_agrees_with_the_usual_tables(kwargs, asked):
    assert sample_size(**kwargs) == asked


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [({"margin": Fraction(0)}, "誤差の幅"), ({"margin": Fraction(1, 10), "expected": Fraction(1)}, "見込みの割合"),
     ({"margin": Fraction(1, 10), "response_rate": Fraction(0)}, "回答率"),
     ({"margin": Fraction(1, 10), "population": 0}, "対象の時点"), ({"margin": Fraction(1, 10), "level": 80}, "信頼水準")],
)  # fmt: skip
def test_a_sample_size_that_cannot_be_is_explained(kwargs, words):
    with pytest.raises(StudyError, match=words):
        sample_size(**kwargs)


def test_student_t_is_near_the_published_quantiles():
    for freedom, published in ((4, 2.776), (9, 2.262), (19, 2.093), (59, 2.001)):
        assert abs(float(quantile(95, freedom)) - published) / published < 0.01


def test_days_of_a_worker_are_clusters_and_a_complete_count_has_no_error():
    units = [(30, 60), (10, 60), (50, 100), (0, 40)]
    whole = cluster_ratio(units)
    assert whole.ratio == Fraction(90, 260)
    assert cluster_ratio(units, population=8).half_width < whole.half_width
    assert cluster_ratio(units, population=4) == Interval(whole.ratio, whole.ratio, whole.ratio, 4)
    assert cluster_ratio([(30, 60)]) == Interval(Fraction(1, 2), Fraction(0), Fraction(1), 1)
    with pytest.raises(StudyError, match="人日"):
        cluster_ratio(units, population=3)


def test_the_interval_covers_the_truth_about_as_often_as_it_says(record_property):
    """1,000 studies of 40 worker-days drawn from a year whose ratio is known: 95% ± 2.5 points."""
    rng = random.Random(20261123)
    year = [(min(m, int(rng.betavariate(1, 3) * m)), m) for m in (rng.randint(240, 480) for _ in range(2000))]
    truth = Fraction(sum(h for h, _ in year), sum(m for _, m in year))
    covered = 0
    for _ in range(1000):
        found = cluster_ratio(rng.sample(year, 40), population=2000)
        covered += found.low <= truth <= found.high
    record_property(
        "figure", f"time study, 40 worker-days: interval held the truth {covered / 10:.1f}% of 1,000 times"
    )
    assert 925 <= covered <= 975


def test_a_study_without_answers_is_explained_and_shared_time_follows():
    for answers, asked, words in (
        ((), 10, "直接の業務の回答が1件もない"), ((), 0, "対象がありません"),
        ((Answer(1, "d", "shared", None, 60),), 10, "直接の業務の回答が1件もない"),
    ):  # fmt: skip
        with pytest.raises(StudyError, match=words):
            evaluate(StudyInputs(StudySampling.CONTINUOUS, asked, 0, answers))
    result = evaluate(
        StudyInputs(
            StudySampling.CONTINUOUS, 2, 1,
            (Answer(1, "d", "direct", 1, 30), Answer(1, "d", "direct", 2, 10), Answer(1, "d", "shared", None, 20)),
        )
    )  # fmt: skip
    assert (result.weights, result.shared) == ({1: 30, 2: 10}, 20)
    assert yen_bounds(100, result.intervals[1]) == (0, 100)  # one day says nothing about the year
