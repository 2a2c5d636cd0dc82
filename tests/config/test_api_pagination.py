"""Keyset pages: every row once, in order, whatever ties and blanks the column has."""

import base64
import itertools
import json

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from config.backoffice.pagination import KeysetPagination
from dealers.models import User
from ingestion.models import Run
from tests.factories import MOMENT, RunFactory, UserFactory

pytestmark = pytest.mark.django_db


class View:
    ordering_fields = ["id", "name", "last_login", "email"]


def page(url="/", view=View):
    paginator = KeysetPagination()
    rows = paginator.paginate_queryset(User.objects.all(), Request(APIRequestFactory().get(url)), view())
    return rows, paginator


@pytest.fixture
def people(db):
    for name, login in itertools.product(("b", "a", "a"), (None, MOMENT, MOMENT)):
        UserFactory(name=name, last_login=login)


def walk(url):
    """The ids of every page going forward, then back again."""
    forward, backward = [], []
    rows, paginator = page(url)
    while True:
        forward.append([row.pk for row in rows])
        if not paginator.get_next_link():
            break
        rows, paginator = page(paginator.get_next_link())
    while True:
        backward.insert(0, [row.pk for row in rows])
        if not paginator.get_previous_link():
            return forward, backward
        rows, paginator = page(paginator.get_previous_link())


@pytest.mark.parametrize("size", [1, 2, 4, 9, 100])
@pytest.mark.parametrize(
    "ordering", ["id", "-id", "name", "-name", "last_login", "-last_login", "name,-last_login", "-last_login,name"]
)
def test_pages_show_every_row_once_and_in_order_both_ways(people, ordering, size):
    whole, _ = page(f"/?ordering={ordering}&page_size=500")
    forward, backward = walk(f"/?ordering={ordering}&page_size={size}")
    assert list(itertools.chain(*forward)) == [row.pk for row in whole]
    assert len(whole) == User.objects.count()
    assert forward == backward


@pytest.mark.parametrize("ordering", ["last_login", "-last_login"])
def test_rows_without_a_value_come_last_whichever_way_the_column_runs(people, ordering):
    rows, _ = page(f"/?ordering={ordering}")
    assert [row.last_login is None for row in rows] == [False] * 6 + [True] * 3


def test_the_newest_come_first_unless_asked_otherwise(people):
    rows, _ = page()
    assert [row.pk for row in rows] == sorted((row.pk for row in rows), reverse=True)


def test_rows_that_arrive_meanwhile_do_not_shift_the_next_page(people):
    rows, paginator = page("/?page_size=3")
    UserFactory()
    following, _ = page(paginator.get_next_link())
    assert not {row.pk for row in rows} & {row.pk for row in following}
    assert max(row.pk for row in following) < min(row.pk for row in rows)


def test_nothing_is_counted(people, django_assert_num_queries):
    with django_assert_num_queries(1) as queries:
        page("/?page_size=2")
    assert "COUNT" not in queries.captured_queries[0]["sql"].upper()


def test_the_primary_keys_index_can_serve_the_default_order(db, django_assert_num_queries):
    RunFactory()
    with django_assert_num_queries(1) as queries:
        KeysetPagination().paginate_queryset(Run.objects.all(), Request(APIRequestFactory().get("/")), View())
    assert "NULLS" not in queries.captured_queries[0]["sql"]


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    ("cursor", "ordering"),
    [
        ("!!", "-id"),
        ("é", "-id"),
        ("e30", "-id"),
        (encoded(["-id", 0, ["nine"]]), "-id"),
        (encoded(["-id", 0, [None]]), "-id"),
        (encoded(["-id", 0, ["1", "2"]]), "-id"),
        (encoded(["-id", 0, ["9" * 40]]), "-id"),
        (encoded(["id", 0, ["1"]]), "-id"),
        (encoded(["name", 0, ["a\0", "1"]]), "name"),
        (encoded(["name", 0, ["\ud800", "1"]]), "name"),
        (encoded(["last_login", 0, ["yesterday", "1"]]), "last_login"),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused_with_words(people, cursor, ordering):
    with pytest.raises(ValidationError) as error:
        page(f"/?ordering={ordering}&cursor={cursor}")
    assert "cursor" in error.value.detail


@pytest.mark.parametrize(
    "ordering", ["password", "-nothing", "id,id", "id,", "id__gt", "name,email,last_login,id,-name"]
)
def test_an_ordering_that_is_not_declared_is_refused_naming_those_that_are(people, ordering):
    with pytest.raises(ValidationError) as error:
        page(f"/?ordering={ordering}")
    assert "email, id, last_login, name" in str(error.value.detail["ordering"][0])


@pytest.mark.parametrize("size", ["0", "501", "-1", "many", "1.5", "٣", "9" * 30])
def test_a_page_has_one_to_five_hundred_rows(people, size):
    with pytest.raises(ValidationError) as error:
        page(f"/?page_size={size}")
    assert "500" in str(error.value.detail["page_size"][0])
