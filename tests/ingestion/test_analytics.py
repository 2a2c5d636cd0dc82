"""Figures and charts of records: what the tallies tell and what the records themselves tell is the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from config.backoffice.charts import Bucket
from config.backoffice.patience import TooSlow, counted, patience
from dealers import tenancy
from dealers.models import Dealership, User
from ingestion import analytics, measures, tallies
from ingestion.filters import record_filters
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Holding, Tally
from ingestion.narrowing import told
from tests.factories import record_of

PKB, INV1, INV2, DPHLO, PINB = (
    JOB_TYPES[code] for code in ("pkb", "inv1_read", "inv2_read", "dphlo_read", "parts_inbound")
)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def all_of(job: JobType) -> QuerySet[Any]:
    return job.record.objects.all()


def asked(job: JobType, query: str) -> QuerySet[Any]:
    """What a list with these parameters shows."""
    return record_filters(job)(QueryDict(query), queryset=all_of(job)).qs


def by_the_records(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows, asked so that no tally can tell."""
    return rows.filter(pk=F("pk"))


def figure(job: JobType, rows: QuerySet[Any], label: str) -> Any:
    return next(each for each in analytics.figures(job, rows) if each.label == label)


def test_figures_count_sum_and_average(dealership_a: Dealership) -> None:
    for total, phone in ((100_000, "0811"), (250_000, "0812"), (None, "0811")):
        record_of(PKB, dealership_a, total_biaya_service=total, no_telp_pembawa=phone)

    found = {each.label: (each.value, each.kind, each.money) for each in analytics.figures(PKB, all_of(PKB))}

    assert found == {
        "Work orders": (3, "count", False),
        "Total of services and parts": (350_000, "money", True),
        "Different people": (2, "people", False),
        "Average of “total of services and parts”": (175_000, "average", True),
    }


def test_figures_of_nothing_are_nothing(dealership_a: Dealership) -> None:
    found = {each.kind: each.value for each in analytics.figures(PKB, all_of(PKB))}

    assert found == {"count": 0, "money": None, "people": 0, "average": None}


def test_money_of_lines_is_summed_over_them(dealership_a: Dealership) -> None:
    record_of(DPHLO, dealership_a, lines=2)
    record_of(DPHLO, dealership_a, lines=0)

    assert figure(DPHLO, all_of(DPHLO), "Down payment").value == Decimal("36363.00")
    assert figure(DPHLO, all_of(DPHLO), "Average of “down payment”").value == Decimal("36363.00")


@pytest.mark.parametrize("job", JOB_TYPES.values(), ids=str)
def test_tallies_and_records_tell_the_same(job: JobType, dealership_a: Dealership, dealership_b: Dealership) -> None:
    record_of(job, dealership_a, lines=2)
    record_of(job, dealership_a, lines=0)
    record_of(job, dealership_b, lines=1, **{job.day: None})
    rows = all_of(job)
    assert told(job, rows)
    assert not told(job, by_the_records(rows))

    assert analytics.figures(job, rows) == analytics.figures(job, by_the_records(rows))
    assert analytics.trend(job, rows) == analytics.trend(job, by_the_records(rows))
    assert measures.by_dealership(job, rows) == measures.by_dealership(job, by_the_records(rows))
    for column in (None, *job.parts):
        assert analytics.breakdown(job, rows, column) == analytics.breakdown(job, by_the_records(rows), column)


@pytest.mark.parametrize("job", JOB_TYPES.values(), ids=str)
def test_what_a_job_type_declares_is_there(job: JobType) -> None:
    every = (job.day, *job.listed, *job.measured, *job.parts, *filter(None, [job.people, job.part]))

    assert all(job.column(name) for name in every)
    assert 4 <= len(job.listed) <= 7


@pytest.mark.parametrize(
    ("query", "tells"),
    [
        ("", True),
        ("status_work_order=1&status_work_order=4", True),
        ("tanggal_servis_from=2026-01-10&tanggal_servis_to=2026-01-20", True),
        ("dealer=08138", True),
        ("dealer=08138&status_work_order=1&tanggal_servis_from=2026-01-01", True),
        ("status_work_order=1&jenis_pit=1", False),
        ("jenis_pit=1", False),
        ("no_polisi=B 1", False),
        ("search=somebody", False),
        ("created_time_from=2026-01-01", False),
    ],
)
def test_tallies_tell_by_dealership_day_and_the_code_they_are_kept_of(
    query: str, tells: bool, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    record_of(PKB, dealership_a, status_work_order="1", tanggal_servis=date(2026, 1, 5), no_polisi="B 1")
    record_of(PKB, dealership_a, status_work_order="4", nama_pemilik="somebody")
    record_of(PKB, dealership_b, status_work_order="2")
    rows = asked(PKB, query)

    assert bool(told(PKB, rows)) is tells
    assert analytics.figures(PKB, rows)[0].value == rows.count()
    assert analytics.figures(PKB, rows) == analytics.figures(PKB, by_the_records(rows))
    assert analytics.breakdown(PKB, rows) == analytics.breakdown(PKB, by_the_records(rows))


def test_a_code_that_narrows_the_list_leaves_other_codes_to_the_records(dealership_a: Dealership) -> None:
    record_of(PKB, dealership_a, status_work_order="1", jenis_pit="1")
    record_of(PKB, dealership_a, status_work_order="4", jenis_pit="2")
    rows = asked(PKB, "status_work_order=4")

    assert [point.value for point in analytics.breakdown(PKB, rows, "jenis_pit").points] == [1]


def test_a_moment_belongs_to_the_day_of_its_dealership(dealership_a: Dealership) -> None:
    record_of(INV1, dealership_a, created_time=datetime(2026, 1, 14, 17, 30, tzinfo=UTC))  # 00:30 in Jakarta

    for rows in (all_of(INV1), by_the_records(all_of(INV1))):
        assert measures.by_day(INV1, rows) == {date(2026, 1, 15): 1}
    for query in ("created_time_from=2026-01-15", "created_time_to=2026-01-15"):
        assert told(INV1, asked(INV1, query))
        assert analytics.figures(INV1, asked(INV1, query))[0].value == 1
    assert analytics.figures(INV1, asked(INV1, "created_time_to=2026-01-14"))[0].value == 0
    assert not told(INV1, asked(INV1, "created_time_from=2026-01-15T00:10:00"))


def test_a_trend_leaves_out_what_is_far_off_and_says_so(dealership_a: Dealership) -> None:
    for day in (date(2026, 1, 5), date(2026, 1, 7), date(1926, 1, 5), date(2962, 1, 5), None):
        record_of(PKB, dealership_a, tanggal_servis=day)

    found = analytics.trend(PKB, all_of(PKB), Bucket.DAY)

    assert [point.value for point in found.points] == [1, 0, 1]
    assert found.note == "3 records are left out: they have no date, or one that is far off."


def test_a_breakdown_shows_codes_with_their_meaning(dealership_a: Dealership) -> None:
    record_of(PKB, dealership_a, status_work_order="4")
    record_of(PKB, dealership_a, status_work_order="nowhere declared")
    record_of(PKB, dealership_a, status_work_order=None)

    names = {point.name for point in analytics.breakdown(PKB, all_of(PKB)).points}

    label = PKB.record._meta.get_field("status_work_order").table["4"]
    assert names == {f"{label} (4)", "nowhere declared", "not said"}


def test_a_breakdown_is_by_dealership_where_there_is_no_code(
    dealership_a: Dealership, dealership_b: Dealership
) -> None:
    for dealership in (dealership_a, dealership_a, dealership_b):
        record_of(DPHLO, dealership)

    found = analytics.breakdown(DPHLO, all_of(DPHLO))

    assert [(point.name, point.value) for point in found.points] == [(dealership_a.name, 2), (dealership_b.name, 1)]


@pytest.mark.parametrize("column", ["no_ktp", "nama_lengkap", "nowhere", "unit.kode_tipe_unit"])
def test_nothing_is_broken_down_by_what_is_not_declared(column: str) -> None:
    prospect = JOB_TYPES["prospect"]

    with pytest.raises(LookupError):
        analytics.breakdown(prospect, all_of(prospect), column)


def test_no_identity_number_is_counted_or_shown_by_declaration() -> None:
    from ingestion.fields import IdentityNumber

    for job in JOB_TYPES.values():
        for name in (*job.listed, *job.measured, *job.parts):  # how many people there are tells no number
            assert not isinstance(job.column(name), IdentityNumber), f"{job}: {name}"


def test_figures_follow_what_a_person_may_see(
    dealership_a: Dealership, dealership_b: Dealership, alice: User, charlie: User, admin_user: User
) -> None:
    for dealership in (dealership_a, dealership_a, dealership_b):
        record_of(PKB, dealership)

    def of(user: User) -> Any:
        return analytics.figures(PKB, PKB.record.objects.visible_to(user))[0].value

    assert (of(alice), of(charlie), of(admin_user)) == (2, 1, 3)


def test_what_is_remembered_is_of_one_scope_only(dealership_a: Dealership, dealership_b: Dealership) -> None:
    record_of(PKB, dealership_a)
    record_of(PKB, dealership_b)
    record_of(PKB, dealership_b)

    def within(*dealerships: Dealership) -> Any:
        with tenancy.acting_for([each.pk for each in dealerships]):
            return analytics.figures(PKB, all_of(PKB))[0].value

    assert (within(dealership_a), within(dealership_b), within(dealership_a, dealership_b)) == (1, 2, 3)
    with tenancy.nobody():
        assert analytics.figures(PKB, all_of(PKB))[0].value == 0


def test_figures_are_remembered_until_something_is_stored(
    dealership_a: Dealership, django_assert_num_queries: Any
) -> None:
    record_of(PKB, dealership_a)
    first = analytics.figures(PKB, all_of(PKB))
    with django_assert_num_queries(2):  # the stamp, for the total and for the people
        assert analytics.figures(PKB, all_of(PKB)) == first

    record_of(PKB, dealership_a)

    assert analytics.figures(PKB, all_of(PKB))[0].value == 2


def test_of_many_records_people_are_told_from_a_sample(
    dealership_a: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(150):
        record_of(PKB, dealership_a, lines=0, no_telp_pembawa=f"0812{number % 100}")
    monkeypatch.setattr(measures, "COUNTED_UP_TO", 10)
    sampled = all_of(PKB).filter(measures.Sampled(F("no_telp_pembawa"))).values("no_telp_pembawa").distinct().count()

    found = figure(PKB, all_of(PKB), "Different people")

    assert (found.value, found.about) == (sampled * measures.ONE_OF, True)


def test_cards_have_what_a_person_may_see(
    dealership_a: Dealership, dealership_b: Dealership, alice: User, django_assert_max_num_queries: Any
) -> None:
    today = date.today()
    for dealership in (dealership_a, dealership_a, dealership_b):
        record_of(PKB, dealership, tanggal_servis=today)
    user = User.objects.get(pk=alice.pk)
    user.memberships.update(role="technician")

    with django_assert_max_num_queries(4):  # two of them for the person's places
        found = {card.job.code: card for card in analytics.cards(user)}

    assert set(found) == {job.code for job in JOB_TYPES.values() if job.division == "H23"}
    assert found["pkb"].count == 2
    assert found["pkb"].newest is not None
    assert found["pkb"].sparkline.points[-1].value == 2
    assert (found["prsl_read"].count, found["prsl_read"].newest, found["prsl_read"].sparkline.points) == (0, None, ())


def test_tallies_counted_anew_are_those_that_were_kept(dealership_a: Dealership, dealership_b: Dealership) -> None:
    for dealership in (dealership_a, dealership_b):
        record_of(PKB, dealership)
        record_of(PKB, dealership, status_work_order="4", tanggal_servis=None)

    def kept() -> list[Any]:
        columns = ("dealership", "column", "day", "code", "records", "amounts", "counted")
        return sorted(Tally.objects.values_list(*columns), key=repr)

    before, held = kept(), list(Holding.objects.values_list("dealership", "records").order_by("pk"))
    tallies.rebuild(PKB, dealership_a.pk)

    assert kept() == before
    assert list(Holding.objects.values_list("dealership", "records").order_by("pk")) == held


def test_a_list_is_counted_up_to_a_bound(dealership_a: Dealership) -> None:
    for _ in range(3):
        record_of(PKB, dealership_a, lines=0)

    assert [str(counted(all_of(PKB), most)) for most in (2, 3)] == ["more than 2", "3"]


def test_a_question_that_takes_too_long_ends_in_words_and_the_transaction_goes_on(
    dealership_a: Dealership, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection

    with pytest.raises(TooSlow, match="Narrow it"), patience(20), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")

    assert Dealership.objects.count() == 1
    with CaptureQueriesContext(connection), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("15s",)
        with patience(5_000):
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("5s",)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("15s",)
