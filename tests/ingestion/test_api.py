"""The API of the feeds, walked job type by job type."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from config.api import router
from dealers.models import User
from dealers.roles import Role
from ingestion import fields, search, services
from ingestion.job_types import JOB_TYPES
from ingestion.models import Run
from tests.factories import MOMENT, RAW, BackfillFactory, FeedFactory, QuarantineFactory, RunFactory, record_of
from tests.people import ASKED_OF_EACH, with_role
from tests.people import api_of as signed_in

pytestmark = pytest.mark.django_db
PKB = JOB_TYPES["pkb"]
every_job = pytest.mark.parametrize("job", JOB_TYPES.values(), ids=str)


def dealership_of(user):
    return user.memberships.get().dealership


@pytest.fixture
def api(alice):
    return signed_in(alice)


@pytest.fixture
def here(alice):
    return dealership_of(alice)


@pytest.fixture
def feed(here):
    return FeedFactory(dealership=here, job_type="pkb")


def ids(response):
    assert response.status_code == 200, response.content.decode()
    return {row["id"] for row in response.json()["results"]}


# -- records


@every_job
def test_a_record_shows_every_column_and_its_lines_in_order(api, here, job):
    record = record_of(job, here, lines=3)
    body = api.get(f"/api/v1/dgi/{job.code}/{record.pk}/").json()
    assert (body["id"], body["dealer"]) == (record.pk, here.code)
    assert {column.name for column in fields.wire_fields(job.record)} <= set(body)
    assert list(body)[-1 - len(job.lines) :] == [*job.lines, "extra"]
    for array, line in job.lines.items():
        assert {column.name for column in fields.wire_fields(line)} <= set(body[array][0])
        text = next(column.name for column in fields.wire_fields(line) if type(column) is fields.Text)
        stored = line.objects.filter(record=record).order_by("position").values_list(text, flat=True)
        assert [each[text] for each in body[array]] == list(stored)


@every_job
def test_values_are_exact_and_moments_carry_their_offset(api, here, job):
    record = record_of(job, here)
    body = api.get(f"/api/v1/dgi/{job.code}/{record.pk}/").json()
    for column in fields.wire_fields(job.record):
        if isinstance(column, fields.Decimal):
            assert body[column.name] == "18181.5"
        if isinstance(column, fields.Moment):
            assert datetime.fromisoformat(body[column.name]) == MOMENT
            assert body[column.name].endswith("+00:00")
        if isinstance(column, fields.Code) and column.table:
            assert body[f"{column.name}_label"] == str(column.table[body[column.name]])


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("0", "0"), ("1E+15", "1" + "0" * 15), ("-7.10", "-7.1"), ("12345678901234567890.00000000000000000001", None)],
)
def test_money_is_text_without_exponent_or_zeros_that_mean_nothing(api, here, stored, shown):
    record = record_of(PKB, here, total_biaya_service=Decimal(stored))
    assert api.get(f"/api/v1/dgi/pkb/{record.pk}/").json()["total_biaya_service"] == (shown or stored)


def test_a_code_that_the_table_lacks_is_shown_without_a_label(api, here):
    record = record_of(PKB, here, status_work_order="77", jenis_pit=None)
    body = api.get(f"/api/v1/dgi/pkb/{record.pk}/").json()
    assert (body["status_work_order"], body["status_work_order_label"]) == ("77", None)
    assert (body["jenis_pit"], body["jenis_pit_label"]) == (None, None)


def test_fields_that_the_specification_lacks_are_shown(api, here):
    record = record_of(PKB, here, extra={"voucher": [1]})
    assert api.get(f"/api/v1/dgi/pkb/{record.pk}/").json()["extra"] == {"voucher": [1]}


@every_job
def test_a_list_costs_the_same_for_any_number_of_records(api, here, job, django_assert_max_num_queries):
    for _ in range(5):
        record_of(job, here)
    with django_assert_max_num_queries(ASKED_OF_EACH + 1 + len(job.lines)):
        assert len(ids(api.get(f"/api/v1/dgi/{job.code}/"))) == 5


@every_job
def test_a_record_is_found_by_its_natural_key(api, here, job):
    wanted, _ = record_of(job, here, **{job.key: "H2Z/1,2 &"}), record_of(job, here)
    assert ids(api.get(f"/api/v1/dgi/{job.code}/", {job.key: "H2Z/1,2 &"})) == {wanted.pk}


@every_job
def test_every_filter_and_every_order_works(api, here, job):
    record = record_of(job, here)
    body = api.get(f"/api/v1/dgi/{job.code}/{record.pk}/").json()
    for column in fields.wire_fields(job.record):
        asked = {"ordering": f"-{column.name}"}
        if isinstance(column, fields.IdentityNumber):
            assert api.get(f"/api/v1/dgi/{job.code}/", asked).status_code == 400, "an order tells what it goes by"
            continue
        if isinstance(column, fields.Text):
            asked[column.name] = body[column.name]
        if isinstance(column, (fields.Day, fields.Moment, fields.Money, fields.Whole)):
            asked |= {f"{column.name}_from": body[column.name], f"{column.name}_to": body[column.name]}
        assert ids(api.get(f"/api/v1/dgi/{job.code}/", asked)) == {record.pk}, asked


def test_a_code_may_be_one_of_several(api, here):
    one, two, _three = (record_of(PKB, here, status_work_order=code) for code in "123")
    assert ids(api.get("/api/v1/dgi/pkb/?status_work_order=1&status_work_order=2")) == {one.pk, two.pk}
    assert ids(api.get(f"/api/v1/dgi/pkb/?id={one.pk}&id={two.pk}")) == {one.pk, two.pk}


def test_a_dealer_may_be_one_of_several(admin_user, alice, charlie):
    mine, theirs = (record_of(PKB, dealership_of(user)) for user in (alice, charlie))
    api = signed_in(admin_user)
    assert ids(api.get("/api/v1/dgi/pkb/")) == {mine.pk, theirs.pk}
    assert ids(api.get("/api/v1/dgi/pkb/", {"dealer": mine.dealership.code})) == {mine.pk}
    assert ids(api.get(f"/api/v1/dgi/pkb/?dealer={mine.dealership.code}&dealer={theirs.dealership.code}")) == {
        mine.pk,
        theirs.pk,
    }


def test_a_day_is_the_dealerships_own(api, here):
    """00:30 on the 16th in Jakarta is still the 15th in Greenwich."""
    record = record_of(PKB, here, waktu_pkb=datetime(2026, 1, 15, 17, 30, tzinfo=UTC))
    for asked, found in [
        ({"waktu_pkb_from": "2026-01-16", "waktu_pkb_to": "2026-01-16"}, True),
        ({"waktu_pkb_to": "2026-01-15"}, False),
        ({"waktu_pkb_from": "2026-01-16T00:30:00"}, True),
        ({"waktu_pkb_from": "2026-01-16T00:30:01"}, False),
        ({"waktu_pkb_to": "2026-01-15T17:30:00Z"}, True),
        ({"waktu_pkb_to": "2026-01-15T17:29:59+00:00"}, False),
    ]:
        assert ids(api.get("/api/v1/dgi/pkb/", asked)) == ({record.pk} if found else set()), asked


def test_an_amount_is_asked_for_by_its_bounds_both_included(api, here):
    little, much = (record_of(PKB, here, total_biaya_service=Decimal(amount)) for amount in ("99.50", "100.25"))
    record_of(PKB, here, total_biaya_service=None)
    for asked, found in [
        ({"total_biaya_service_from": "99.5", "total_biaya_service_to": "100.25"}, {little.pk, much.pk}),
        ({"total_biaya_service_from": "99.51"}, {much.pk}),
        ({"total_biaya_service_to": "100.24"}, {little.pk}),
        ({"total_biaya_service_to": "-1"}, set()),
    ]:
        assert ids(api.get("/api/v1/dgi/pkb/", asked)) == found, asked


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"statu": "1"}, "statu"),
        ({"waktu_pkb_from": "yesterday"}, "waktu_pkb_from"),
        ({"waktu_pkb_to": "9999-12-31"}, "waktu_pkb_to"),
        ({"waktu_pkb_to": "2026-02-30T00:00:00"}, "waktu_pkb_to"),
        ({"tanggal_servis_from": "15/01/2026"}, "tanggal_servis_from"),
        ({"total_biaya_service_from": "1.000.000"}, "total_biaya_service_from"),
        ({"total_biaya_service_to": "NaN"}, "total_biaya_service_to"),
        ({"total_biaya_service_to": "1e400"}, "total_biaya_service_to"),
        ({"km_terakhir_from": "12.5"}, "km_terakhir_from"),
        ({"km_terakhir_to": "9223372036854775808"}, "km_terakhir_to"),
        ({"search": "x"}, "search"),
        ({"search": "x\0y"}, "search"),
        ({"no_polisi": "\0"}, "no_polisi"),
        ({"id": "x"}, "id"),
        ({"ordering": "dealership__name"}, "ordering"),
        ({"cursor": "x"}, "cursor"),
        ({"page_size": "1000"}, "page_size"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_parameter(api, asked, field):
    response = api.get("/api/v1/dgi/pkb/", asked)
    assert (response.status_code, response.json()["type"]) == (400, "validation_error")
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_a_search_looks_into_texts_of_records_and_lines(api, here):
    owner = record_of(PKB, here, nama_pemilik="Amir Nasution")
    part = record_of(PKB, here)
    part.parts.filter(position=2).update(parts_number="06455-KVB-401")
    search.write(PKB, [part.pk])
    record_of(PKB, here)
    assert ids(api.get("/api/v1/dgi/pkb/", {"search": "NASUT"})) == {owner.pk}
    assert ids(api.get("/api/v1/dgi/pkb/", {"search": "kvb-4"})) == {part.pk}


@pytest.mark.parametrize("words", ["%%", "__", "a_c", "\\\\"])
def test_a_search_takes_every_letter_as_it_stands(api, here, words):
    record_of(PKB, here, nama_pemilik="abc")
    wanted = record_of(PKB, here, nama_pemilik=f"x{words}y")
    found = ids(api.get("/api/v1/dgi/pkb/", {"search": f"x{words}y"}))
    assert found == {wanted.pk}


def test_pages_follow_one_another_by_their_links(api, here):
    stored = {record_of(PKB, here, tanggal_servis=None).pk for _ in range(5)}
    seen, url = [], "/api/v1/dgi/pkb/?page_size=2&ordering=tanggal_servis"
    while url:
        body = api.get(url).json()
        seen += [row["id"] for row in body["results"]]
        url = body["next"]
    assert len(seen) == 5
    assert set(seen) == stored


@every_job
def test_every_version_is_shown_as_received_with_its_run(api, here, job):
    run = RunFactory(feed__dealership=here, feed__job_type=job.code)
    record = record_of(job, here, run=run)
    record.save()
    response = api.get(f"/api/v1/dgi/{job.code}/{record.pk}/history/")
    newest, oldest = response.json()["results"]
    assert (newest["type"], oldest["type"]) == ("changed", "created")
    assert (oldest["run"], oldest["raw"]) == (run.pk, RAW)
    assert datetime.fromisoformat(oldest["date"]).utcoffset() == timedelta(0)


@every_job
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_records_are_read_only(admin_user, here, job, method):
    record = record_of(job, here)
    for address in (f"/api/v1/dgi/{job.code}/", f"/api/v1/dgi/{job.code}/{record.pk}/"):
        assert getattr(signed_in(admin_user), method)(address, {}).status_code == 405


# -- job types


def test_the_job_types_say_what_they_hold(api):
    body = {each["code"]: each for each in api.get("/api/v1/dgi/").json()}
    assert list(body) == list(JOB_TYPES)
    pkb = body["pkb"]
    assert (pkb["division"], pkb["key"]) == ("H23", "no_work_order")
    assert pkb["columns"][0] == {"name": "no_work_order", "label": "work order", "type": "key", "codes": None}
    assert [each["name"] for each in pkb["lines"]] == ["services", "parts"]
    assert api.get(pkb["url"]).status_code == 200


# -- runs


@pytest.fixture
def may_run(alice):
    with_role(alice, Role.OWNER)


@pytest.fixture
def no_worker(monkeypatch):
    monkeypatch.setattr("ingestion.tasks.nudge", lambda ids: None)


def start(user, **body):
    return signed_in(user).post("/api/v1/dgi/runs/", body, "json")


def test_a_run_is_started(alice, may_run, no_worker, feed):
    response = start(alice, job="pkb", dealer=feed.dealership.code)
    assert response.status_code == 202
    run = Run.objects.get(pk=response.json()["id"])
    assert (run.feed, run.state, run.started_by) == (feed, Run.State.QUEUED, alice.email)


def test_a_run_is_started_for_a_window(alice, may_run, no_worker, feed):
    until = datetime.now(UTC).replace(microsecond=0)
    since = until - timedelta(days=2)
    body = start(alice, job="pkb", dealer=feed.dealership.code, since=since.isoformat(), until=until.isoformat()).json()
    assert (datetime.fromisoformat(body["since"]), datetime.fromisoformat(body["until"])) == (since, until)


def test_a_window_without_offset_is_in_the_main_dealers_time(alice, may_run, no_worker, feed):
    since = (datetime.now(UTC) - timedelta(days=2)).replace(microsecond=0, tzinfo=None)
    body = start(alice, job="pkb", dealer=feed.dealership.code, since=since.isoformat()).json()
    assert datetime.fromisoformat(body["since"]) == since.replace(tzinfo=feed.connection.zone)


def test_a_feed_runs_once_at_a_time(alice, may_run, no_worker, feed):
    start(alice, job="pkb", dealer=feed.dealership.code)
    response = start(alice, job="pkb", dealer=feed.dealership.code)
    assert (response.status_code, response.json()["type"]) == (409, "already_running")


def test_a_window_that_the_gateway_does_not_give_is_refused_with_its_words(alice, may_run, feed, monkeypatch):
    def refuse(**_):
        raise services.BadWindow("the window is empty")

    monkeypatch.setattr(services, "request_run", refuse)
    response = start(alice, job="pkb", dealer=feed.dealership.code)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == "the window is empty"


@pytest.mark.parametrize(
    ("given", "field"), [({"job": "nothing"}, "job"), ({"since": "yesterday"}, "since"), ({"dealer": ""}, "dealer")]
)
def test_a_request_that_cannot_be_read_names_the_field(alice, may_run, feed, given, field):
    response = start(alice, **{"job": "pkb", "dealer": feed.dealership.code, **given})
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_to_start_a_run_takes_the_permission(alice, feed):
    assert start(alice, job="pkb", dealer=feed.dealership.code).status_code == 403


def test_another_dealerships_feed_does_not_exist(alice, may_run, charlie):
    theirs = FeedFactory(dealership=dealership_of(charlie), job_type="pkb")
    response = start(alice, job="pkb", dealer=theirs.dealership.code)
    assert response.status_code == 404
    assert not Run.objects.exists()


def test_runs_are_found_by_dealer_job_state_and_date(api, feed):
    run = RunFactory(feed=feed, state=Run.State.FAILED, error="the gateway is away", queued_at=MOMENT)
    RunFactory(feed=feed)
    for asked in (
        {"state": "failed"},
        {"queued_at_to": "2026-01-15", "dealer": feed.dealership.code, "job": "pkb"},
        {"state": ["failed", "cancelled"]},
    ):
        assert ids(api.get("/api/v1/dgi/runs/", asked)) == {run.pk}
    body = api.get(f"/api/v1/dgi/runs/{run.pk}/").json()
    assert (body["job"], body["dealer"], body["state"]) == ("pkb", feed.dealership.code, "failed")
    assert (body["seconds"], body["error"]) == (0.0, "the gateway is away")


def test_quarantine_shows_the_reason_and_the_record_as_received(api, feed):
    entry = QuarantineFactory(run=RunFactory(feed=feed))
    assert ids(api.get("/api/v1/dgi/quarantine/", {"run": entry.run_id, "job": "pkb"})) == {entry.pk}
    body = api.get(f"/api/v1/dgi/quarantine/{entry.pk}/").json()
    assert (body["field"], body["reason"], body["raw"]) == (entry.field, entry.reason, RAW)


# -- who sees what


@pytest.fixture
def of_alice(here):
    """A row of alice's dealership behind every address: {list address: id}."""
    run = RunFactory(feed__dealership=here, feed__job_type="pkb")
    rows = {"freshness": run.feed, "runs": run, "quarantine": QuarantineFactory(run=run)}
    rows |= {"backfills": BackfillFactory(feed=run.feed)}
    rows |= {job.code: record_of(job, here) for job in JOB_TYPES.values()}
    return {f"/api/v1/dgi/{name}/": row.pk for name, row in rows.items()}


def test_another_dealerships_rows_do_not_exist(of_alice, alice, charlie):
    stranger, owner = signed_in(charlie), signed_in(alice)
    for address, pk in of_alice.items():
        assert ids(stranger.get(address)) == set(), address
        assert stranger.get(f"{address}{pk}/").status_code == 404, address
        assert pk in ids(owner.get(address)), address
        assert owner.get(f"{address}{pk}/").status_code == 200, address


@every_job
def test_another_dealerships_history_does_not_exist(of_alice, charlie, job):
    address = f"/api/v1/dgi/{job.code}/"
    assert signed_in(charlie).get(f"{address}{of_alice[address]}/history/").status_code == 404


def test_every_list_of_the_api_is_among_those_tested(of_alice, api):
    root = api.get("/api/v1/").json()
    lists = {address.removeprefix("http://testserver") for address in root.values()}
    elsewhere = {"events", "exports", "flags", "service-tokens"}  # tests/dealers
    lists -= {"/api/v1/dgi/", *(f"/api/v1/{name}/" for name in elsewhere)}
    lists -= {f"/api/v1/{prefix}/" for prefix, view, _name in router.registry if hasattr(view, "resource")}  # generic
    lists -= {"/api/v1/vehicle-images/", "/api/v1/deal-files/"}  # tests/inventory, tests/sales
    assert lists == set(of_alice)


def test_nobody_sees_anything_without_signing_in(of_alice):
    for address in of_alice:
        assert APIClient().get(address).status_code == 401


def test_who_left_sees_nothing(of_alice, alice):
    api = signed_in(alice)
    alice.memberships.all().delete()
    for address in of_alice:
        assert ids(api.get(address)) == set()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    for address in of_alice:
        assert api.get(address).status_code == 401


@pytest.mark.parametrize(("is_staff", "kind"), [(True, "text/html"), (False, "application/json")])
def test_the_browsable_pages_are_for_staff(client, alice, of_alice, is_staff, kind):
    alice.is_staff = is_staff
    alice.save()
    client.force_login(alice)
    for address in ("/api/v1/", *of_alice):
        response = client.get(address, headers={"accept": "text/html,*/*;q=0.1"})
        assert response.status_code == 200
        assert response["Content-Type"].startswith(kind), address


def test_a_token_that_cannot_be_read_is_refused_in_the_browser_too(client):
    response = client.get("/api/v1/dgi/pkb/", headers={"accept": "text/html", "authorization": "Bearer nonsense"})
    assert response.status_code in (401, 406)
    assert json.loads(response.content)["type"]


def test_an_offset_that_no_clock_has_is_read_all_the_same(api, here):
    """PostgreSQL reads none of 16 hours or more."""
    record = record_of(PKB, here)
    assert ids(api.get("/api/v1/dgi/pkb/", {"waktu_pkb_from": "2020-01-01T00:00:00+21:15"})) == {record.pk}


@pytest.mark.parametrize("given", [{"flagged": "maybe"}, {"flagged": ""}, {"queued_at_from": ""}, {"ordering": ""}])
def test_a_filter_that_says_nothing_is_refused_by_its_name(api, given):
    response = api.get("/api/v1/dgi/runs/", given)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, *given)
