import base64
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.models import Count, F
from django.http import QueryDict
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from common.keyset import Sort, paginate
from households.models import Household, Person

SORTS = {
    "kana": Sort("ふりがな", ("family_kana", "given_kana")),
    "birth": Sort("生年月日", ("birth_on",)),
    "birth_last": Sort("生年月日", ("birth_on", "-family_kana"), nulls_last=True),
    "created": Sort("登録", ("created_at",)),
}
START = datetime(2026, 11, 23, tzinfo=UTC)


def page_at(url, queryset, default="kana", size=3):
    return paginate(
        queryset, request_get=QueryDict(url.lstrip("?")), sorts=SORTS, default=default, page_size=size
    )


def walk(queryset, sort, size):
    """Primary keys of every page, forwards, and of every page on the way back."""
    page = page_at(f"?sort={sort}", queryset, size=size)
    forwards, pages = [[r.pk for r in page.rows]], [page]
    while page.has_next:
        page = page_at(page.next_url, queryset, size=size)
        forwards.append([r.pk for r in page.rows])
        pages.append(page)
    backwards = [[r.pk for r in page.rows]]
    while page.has_previous:
        page = page_at(page.previous_url, queryset, size=size)
        backwards.append([r.pk for r in page.rows])
    return forwards, backwards[::-1]


def expected(people, sort):
    name, down = sort.removeprefix("-"), sort.startswith("-")
    fields = SORTS[name].fields
    rows = sorted(people, key=lambda p: p.pk, reverse=down)
    for field in reversed(fields):
        path, turned = field.removeprefix("-"), down != field.startswith("-")
        empty = [p for p in rows if getattr(p, path) is None]
        full = sorted(
            (p for p in rows if getattr(p, path) is not None), key=lambda p: getattr(p, path), reverse=turned
        )
        rows = empty + full if turned and not SORTS[name].nulls_last else full + empty
    return [p.pk for p in rows]


people = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x"]), st.none() | st.sampled_from([date(1950, 1, 1), date(1960, 1, 1)])),
    max_size=14,
)  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=25, deadline=None)
@given(people, st.integers(1, 5))
def test_walk_forwards_and_back_equals_the_full_sort(rows, size):
    Person.objects.all().delete()
    made = Person.objects.bulk_create(
        Person(family_kana=a, given_kana=b, birth_on=c, created_at=START + timedelta(days=i % 3))
        for i, (a, b, c) in enumerate(rows)
    )
    for name in SORTS:
        for sort in (name, f"-{name}"):
            forwards, backwards = walk(Person.objects.all(), sort, size)
            assert [pk for page in forwards for pk in page] == expected(made, sort)
            assert forwards == backwards
            assert all(len(page) == size for page in forwards[:-1])


@pytest.fixture
def thirty(db):
    return Person.objects.bulk_create(Person(family_kana="あ", created_at=START) for _ in range(30))


def test_each_page_is_one_query_and_never_counts(thirty, django_assert_num_queries):
    with django_assert_num_queries(1) as first:
        page = page_at("", Person.objects.all())
    assert "COUNT" not in first.captured_queries[0]["sql"]
    with django_assert_num_queries(1):
        page = page_at(page.next_url, Person.objects.all())
    with django_assert_num_queries(1):
        page_at(page.previous_url, Person.objects.all())


def test_related_columns_and_annotations_sort_without_further_queries(db, django_assert_num_queries):
    for i in range(7):
        Household.objects.create(name=f"世帯{i % 2}", created_at=START)
    sorts = {"area": Sort("圏域", ("area__name", "name")), "people": Sort("人数", ("people",))}
    queryset = Household.objects.annotate(people=Count("grants"), title=F("name"))
    for sort in ("area", "-area", "people", "-people"):
        seen, url = [], f"?sort={sort}"
        while url:
            with django_assert_num_queries(1):
                page = paginate(
                    queryset, request_get=QueryDict(url.lstrip("?")), sorts=sorts, default="area", page_size=2
                )
            seen += [r.pk for r in page.rows]
            url = page.next_url
        assert len(seen) == len(set(seen)) == 7


def test_rows_that_come_between_two_pages_are_not_shown_twice(thirty):
    page = page_at("?sort=-created", Person.objects.all())
    Person.objects.create(family_kana="あ", created_at=START + timedelta(days=1))
    following = page_at(page.next_url, Person.objects.all())
    assert not {r.pk for r in page.rows} & {r.pk for r in following.rows}


def craft(payload):
    return base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%%%", "a" * 5000, "あ", craft({}), craft([]), craft(["n", "kana", []]), craft(["n", "birth", [["", 1], ["", 1]]]),
     craft(["z", "kana", [["", "a"], ["", "b"], ["", 1]]]), craft(["n", "kana", [["", "\x00"], ["", "b"], ["", 1]]]),
     craft(["n", "kana", [["", "\ud800"], ["", "b"], ["", 1]]]), craft(["n", "kana", [["", "a"], ["", "b"], ["", "x"]]]),
     craft(["n", "kana", [["", "a"], ["", "b"], ["", {}]]]), craft(["n", "kana", [["q", "a"], ["", "b"], ["", 1]]]),
     craft(["n", "kana", [["n", "NaN"], ["", "b"], ["", 1]]]), craft(["n", "kana", [["t", "2026-01-01"], ["", "b"], ["", 1]]])],
)  # fmt: skip
def test_bad_cursor_gives_the_first_page(thirty, cursor):
    query = QueryDict(mutable=True)
    query["cursor"] = cursor
    page = paginate(Person.objects.all(), request_get=query, sorts=SORTS, default="kana", page_size=3)
    assert [r.pk for r in page.rows] == [p.pk for p in thirty[:3]]
    assert not page.has_previous


@pytest.mark.parametrize("value", [["", "x"], ["", 10**30], ["", None], ["u", "0" * 32]])
def test_cursor_of_another_type_never_breaks_the_page(thirty, value):
    for sort in ("birth", "created"):
        page_at(f"?sort={sort}&cursor={craft(['n', sort, [value, ['', 1]]])}", Person.objects.all())


def test_unknown_sort_falls_back(thirty):
    assert page_at("?sort=password", Person.objects.all(), default="-created").sort == "-created"


def test_links_keep_filters_and_headers_toggle(thirty):
    page = page_at("?q=%E5%B1%B1&sort=kana&cursor=old", Person.objects.all())
    assert "q=%E5%B1%B1" in page.next_url and "cursor=old" not in page.next_url
    assert page.headers["kana"].aria_sort == "ascending"
    assert "sort=-kana" in page.headers["kana"].url and "cursor" not in page.headers["kana"].url
    assert page.headers["birth"].aria_sort == "none" and "sort=birth" in page.headers["birth"].url


def test_templates(thirty):
    page = page_at("", Person.objects.all())
    pager = render_to_string("components/pager.html", {"page": page, "target": "#list"})
    assert 'rel="next"' in pager and 'rel="prev"' not in pager and 'hx-target="#list"' in pager
    header = render_to_string("components/sort_header.html", {"header": page.headers["kana"]})
    assert 'aria-sort="ascending"' in header and 'scope="col"' in header


def test_filter_bar_keeps_the_order(thirty):
    from common.forms import KyoseiForm, WarekiDateField

    class Filters(KyoseiForm):
        since = WarekiDateField(label="この日から", required=False)

    page = page_at("?sort=-birth", Person.objects.all())
    html = render_to_string(
        "components/filter_bar.html", {"form": Filters({}), "page": page, "reset_url": "/x/"}
    )
    assert 'name="sort" value="-birth"' in html and 'name="since"' in html
