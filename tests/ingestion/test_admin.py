"""The admin, walked page by page: every list, every record, nothing that it must not show."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.core.paginator import InvalidPage
from django.urls import reverse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from config.backoffice.admin import UncountedPaginator
from crm.models import Consent, Merge
from dealers import audit
from dealers.flags import FLAGS
from dealers.models import Dealership, Event, Export, Flag, Group, Invitation, ServiceToken, User
from dealers.roles import Role
from ingestion.display import pretty, shown
from ingestion.job_types import JOB_TYPES
from ingestion.models import Alert, Backfill, Connection, Feed, Gate, QuarantinedRecord, Run
from inventory.models import PreparationStep, Vehicle, VehicleImport
from sales.models import Deal
from tests.factories import (
    FACTORIES,
    MOMENT,
    RAW,
    AlertFactory,
    BackfillFactory,
    ConnectionFactory,
    FeedFactory,
    GateFactory,
    QuarantineFactory,
    RunFactory,
    UserFactory,
    record_of,
)
from tests.people import with_role

pytestmark = pytest.mark.django_db
PKB = JOB_TYPES["pkb"]
QUERIES = 12
every_job = pytest.mark.parametrize("job", JOB_TYPES.values(), ids=str)
every_model = pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model.__name__)


def feed(job_type, dealership):
    return Feed.objects.filter(dealership=dealership, job_type=job_type).first() or FeedFactory(
        dealership=dealership, job_type=job_type
    )


def run(dealership, job_type="pkb", **given):
    return RunFactory(feed=feed(job_type, dealership), **given)


OTHERS = {
    Group: lambda dealership, number: Group.objects.create(name=f"group {number}"),
    User: lambda dealership, number: User.objects.create_user(f"user{number}@x.example"),
    Dealership: lambda dealership, number: Dealership.objects.create(code=f"D{number}", name="D"),
    Connection: lambda dealership, number: ConnectionFactory(),
    Feed: lambda dealership, number: feed(list(JOB_TYPES)[number], dealership),
    Run: lambda dealership, number: run(dealership),
    Alert: lambda dealership, number: AlertFactory(feed=feed(list(JOB_TYPES)[number], dealership)),
    Gate: lambda dealership, number: GateFactory(),
    Flag: lambda dealership, number: Flag.objects.create(name=list(FLAGS)[number], dealership=dealership),
    Event: lambda dealership, number: audit.record(f"thing{number}.changed", dealership),
    ServiceToken: lambda dealership, number: ServiceToken.objects.create(
        dealership=dealership,
        name="ERP",
        permissions=["ingestion.run:view"],
        token_hash=str(number),
        created_at=MOMENT,
        expires_at=MOMENT + timedelta(days=1),
    ),
    Invitation: lambda dealership, number: Invitation.objects.create(
        dealership=dealership, email=f"i{number}@x.example", role="viewer", token_hash=str(number), expires_at=MOMENT
    ),
    Export: lambda dealership, number: Export.objects.create(
        user=UserFactory(), dealerships=[dealership.pk], resource="runs", title=f"Runs {number}", format="csv"
    ),
    Backfill: lambda dealership, number: BackfillFactory(feed=feed(list(JOB_TYPES)[number], dealership)),
    QuarantinedRecord: lambda dealership, number: QuarantineFactory(run=run(dealership)),
    IntervalSchedule: lambda dealership, number: IntervalSchedule.objects.create(every=100 + number, period="minutes"),
    CrontabSchedule: lambda dealership, number: CrontabSchedule.objects.create(minute=str(number)),
    SolarSchedule: lambda dealership, number: SolarSchedule.objects.create(
        event="dusk_nautical", latitude=number, longitude=1
    ),
    ClockedSchedule: lambda dealership, number: ClockedSchedule.objects.create(clocked_time=MOMENT),
    PeriodicTask: lambda dealership, number: PeriodicTask.objects.create(
        name=f"task {number}", task="x", interval=IntervalSchedule.objects.create(every=200 + number, period="minutes")
    ),
}
LOOKED_AT = (Deal, Consent, Merge, PreparationStep, Vehicle, VehicleImport)
"""What is worked on at its own pages alone."""
RECORDS = {job.record: job for job in JOB_TYPES.values()}


def stored(model, dealership, number):
    if model in RECORDS:
        return record_of(RECORDS[model], dealership)
    if model in OTHERS:
        return OTHERS[model](dealership, number)
    return FACTORIES[model](dealership=dealership)


def address(model, page="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def here(alice):
    return alice.memberships.get().dealership


@pytest.fixture
def staff(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.fixture
def alice_as_staff(client, alice):
    """A member of staff with every right, but only in her dealership."""
    client.force_login(with_role(alice, Role.OWNER, staff=True))
    return client


# -- every page


@every_model
def test_every_list_takes_few_queries_whatever_it_shows(staff, here, model, django_assert_max_num_queries):
    for number in range(3):
        stored(model, here, number)
    staff.get("/admin/")
    with django_assert_max_num_queries(QUERIES):
        response = staff.get(address(model))
    assert response.status_code == 200
    assert len(response.context["cl"].result_list) >= 3


@every_model
def test_every_list_can_be_searched_sorted_and_opened(staff, here, model):
    row = stored(model, here, 1)
    columns = len(admin.site._registry[model].get_list_display(None))
    for column in range(1, columns + 1):
        assert staff.get(address(model), {"o": f"-{column}", "q": "none of them"}).status_code == 200
    assert staff.get(address(model, "change", row.pk)).status_code == 200
    assert staff.get(address(model, "history", row.pk)).status_code == 200


@every_model
def test_every_page_to_add_a_row_opens_or_is_forbidden(staff, here, model):
    read_only = model in (*RECORDS, Run, QuarantinedRecord, Alert, Gate, Event, Export, *LOOKED_AT)
    assert staff.get(address(model, "add")).status_code == (403 if read_only else 200)


@pytest.mark.parametrize(
    "model",
    [*RECORDS, Run, Backfill, QuarantinedRecord, Alert, Gate, Event, *LOOKED_AT],
    ids=lambda model: model.__name__,
)
def test_what_the_system_or_a_verb_writes_nobody_changes_or_deletes(staff, here, model):
    row = stored(model, here, 1)
    assert staff.post(address(model, "change", row.pk), {}).status_code == 403
    assert staff.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in staff.get(address(model)).content.decode()
    assert 'name="_save"' not in staff.get(address(model, "change", row.pk)).content.decode()


@pytest.mark.parametrize(
    "model", [*RECORDS, Run, Backfill, QuarantinedRecord, Alert, Feed, Dealership], ids=lambda model: model.__name__
)
def test_another_dealerships_rows_do_not_exist(alice_as_staff, charlie, model):
    theirs = charlie.memberships.get().dealership
    row = theirs if model is Dealership else stored(model, theirs, 1)
    page = alice_as_staff.get(address(model))
    assert row.pk not in {each.pk for each in page.context["cl"].result_list}
    assert theirs.name not in page.content.decode()
    for view in ("change", "history"):
        assert alice_as_staff.get(address(model, view, row.pk)).status_code == 302


@pytest.mark.parametrize("model", [*RECORDS, Run, Backfill, QuarantinedRecord, Alert], ids=lambda model: model.__name__)
def test_a_list_is_filtered_by_dealership(staff, here, charlie, model):
    row = stored(model, here, 1)
    stored(model, charlie.memberships.get().dealership, 2)
    assert [each.pk for each in staff.get(address(model), {"dealership": here.pk}).context["cl"].result_list] == [
        row.pk
    ]
    assert not staff.get(address(model), {"dealership": "x"}).context["cl"].result_list


# -- records


@every_job
def test_a_record_shows_its_columns_and_lines_as_people_read_them(staff, here, job):
    record = record_of(job, here)
    page = staff.get(address(job.record, "change", record.pk)).content.decode()
    assert "18181.50" not in page
    for column in record._meta.concrete_fields:
        if column.name in {"id", "dealership", "raw_hash", "content_hash", "extra"}:
            continue
        text = str(shown(column, getattr(record, column.name), here.time_zone))
        assert text.replace("'", "&#x27;") in page or "09:00" in text or "2026-01-15" in text, column.name
    for array in job.lines:
        assert str(getattr(record, array).last()) in page


def test_a_moment_is_shown_on_the_dealerships_clock(staff, here):
    record = record_of(PKB, here)
    assert "2026-01-15 10:30:00 WIB" in staff.get(address(PKB.record, "change", record.pk)).content.decode()


def test_a_code_is_shown_with_its_label_and_an_unknown_one_as_it_is(staff, here):
    record = record_of(PKB, here, jenis_pit="77")
    page = staff.get(address(PKB.record, "change", record.pk)).content.decode()
    column = PKB.record._meta.get_field("status_work_order")
    assert f"{column.table[record.status_work_order]} ({record.status_work_order})" in page
    assert ">77<" in page


@every_job
def test_every_version_is_shown_as_received_with_its_run(staff, here, job):
    brought_by = run(here, job.code)
    record = record_of(job, here, run=brought_by)
    page = staff.get(address(job.record, "history", record.pk)).content.decode()
    assert "&quot;price&quot;: 18181.50" in page
    assert address(Run, "change", brought_by.pk) in page


def test_a_record_as_received_is_laid_out_without_touching_its_values():
    assert pretty(RAW) == '{\n  "id": "as received",\n  "price": 18181.50\n}'
    assert pretty("<html>") == "<html>"


# -- big tables


def test_a_list_is_not_counted(staff, here, django_assert_max_num_queries):
    record_of(PKB, here)
    with django_assert_max_num_queries(QUERIES) as queries:
        staff.get(address(PKB.record))
    assert not any("COUNT(" in query["sql"].upper() for query in queries.captured_queries)


def test_pages_of_a_big_table_follow_one_another(staff, here, monkeypatch):
    monkeypatch.setattr(admin.site._registry[PKB.record], "list_per_page", 2)
    keys = [record_of(PKB, here).pk for _ in range(5)]
    pages = [
        [row.pk for row in staff.get(address(PKB.record), {"p": number}).context["cl"].result_list]
        for number in (1, 2, 3)
    ]
    assert pages == [keys[:2:-1], keys[2:0:-1], keys[:1]]
    assert "p=2" in staff.get(address(PKB.record)).content.decode()
    for number in ("4", "0", "x", "9" * 30):
        assert staff.get(address(PKB.record), {"p": number}).status_code in (200, 302)


def test_a_page_behind_the_last_is_refused(here):
    record_of(PKB, here)
    with pytest.raises(InvalidPage):
        UncountedPaginator(PKB.record.objects.all(), 2, 3).page(3)


# -- connections


SECRETS = ("dgi-key-live:sesame", "dgi-secret-live:open")


def form_of(connection, **given):
    names = ("main_dealer", "name", "base_url", "joiner", "time_zone", "window_days", "days_back", "clock_tolerance")
    return {
        **{name: getattr(connection, name) for name in (*names, "calls_per_second")},
        "is_active": "on",
        "api_key": "",
        "secret_key": "",
        **given,
    }


def test_a_credential_is_never_shown(staff):
    connection = ConnectionFactory()
    for page in (address(Connection), address(Connection, "change", connection.pk)):
        text = staff.get(page).content.decode()
        assert not [secret for secret in (*SECRETS, connection.api_key.ciphertext, "********") if secret in text]


def test_a_credential_left_blank_stays(staff):
    connection = ConnectionFactory()
    before = connection.api_key
    response = staff.post(address(Connection, "change", connection.pk), form_of(connection, name="Renamed"))
    assert response.status_code == 302, response.content.decode()
    connection = Connection.objects.get()
    assert (connection.name, connection.api_key) == ("Renamed", before)
    assert connection.secret_key.reveal() == SECRETS[1]


def test_a_credential_typed_in_replaces_the_one_stored(staff):
    connection = ConnectionFactory()
    staff.post(address(Connection, "change", connection.pk), form_of(connection, api_key="another"))
    connection = Connection.objects.get()
    assert connection.api_key.reveal() == "another"
    history = staff.get(address(Connection, "history", connection.pk)).content.decode()
    assert "connection.changed" in history
    assert "api_key" in history
    assert "another" not in history


def test_a_new_connection_needs_its_credential(staff):
    form = form_of(ConnectionFactory.build())
    assert staff.post(address(Connection, "add"), form).context["errors"] == [["This field is required."]] * 2
    assert staff.post(address(Connection, "add"), {**form, "api_key": "a", "secret_key": "b"}).status_code == 302


# -- feeds


def test_a_feed_is_switched_off_in_the_list(staff, here):
    row = feed("pkb", here)
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": row.pk, "_save": "Save"}
    assert staff.post(address(Feed), form).status_code == 302
    assert not Feed.objects.get().is_enabled


def test_feeds_are_fetched_now(staff, admin_user, here, monkeypatch):
    monkeypatch.setattr("ingestion.tasks.nudge", lambda ids: None)
    chosen = {"action": "fetch", "_selected_action": [feed("pkb", here).pk, feed("leasing", here).pk]}
    assert "2 runs started." in staff.post(address(Feed), chosen, follow=True).content.decode()
    assert {row.started_by for row in Run.objects.all()} == {admin_user.email}
    assert "is queued" in staff.post(address(Feed), chosen, follow=True).content.decode()


def test_runs_show_their_error_and_are_filtered_by_state_and_job(staff, here):
    failed = run(here, state="failed", error="the gateway is away")
    run(here, job_type="leasing")
    page = staff.get(address(Run), {"state__exact": "failed", "job": "pkb"})
    assert [row.pk for row in page.context["cl"].result_list] == [failed.pk]
    assert "the gateway is away" in page.content.decode()


def test_quarantine_shows_the_reason_and_the_record_as_received(staff, here):
    entry = QuarantineFactory(run=run(here), quarantined_at=datetime(2026, 1, 15, tzinfo=UTC))
    page = staff.get(address(QuarantinedRecord, "change", entry.pk)).content.decode()
    assert "31/02/2026" in page
    assert "&quot;price&quot;: 18181.50" in page
