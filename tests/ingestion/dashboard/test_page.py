"""The dashboard's page: what it holds, for whom, and how each widget loads and fails alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from dealers.roles import Role
from ingestion.dashboard import figures, order, views
from ingestion.dashboard.widgets import WIDGETS
from ingestion.fields import Day, Moment, wire_fields
from ingestion.job_types import JOB_TYPES
from tests.factories import ConnectionFactory, DealershipFactory, FeedFactory, MembershipFactory, QuarantineFactory
from tests.ingestion.dashboard.conftest import HTMX
from tests.people import with_role

pytestmark = pytest.mark.django_db
QUERIES_OF_A_PAGE = 25
QUERIES_OF_A_PART = 25


def parts(text):
    """The widgets of a page, in their order."""
    return re.findall(r'hx-get="/dashboard/widgets/(\w+)/"', text)


@pytest.fixture
def broken(monkeypatch):
    """A widget whose question the database refuses, half way through its work."""

    def ask(asked):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setitem(WIDGETS, "prospects", replaced("prospects", ask))


def replaced(name, query):
    return replace(WIDGETS[name], query=query)


@pytest.mark.parametrize("name", WIDGETS)
def test_every_widget_is_drawn_with_nothing_in_it(browser, name, caplog):
    response = browser.get(f"/dashboard/widgets/{name}/", **HTMX)
    assert response.status_code == 200
    assert "could not be shown" not in response.content.decode(), caplog.text


@pytest.mark.parametrize("name", WIDGETS)
def test_every_widget_has_a_page_of_its_own_without_scripts(browser, name):
    text = browser.get(f"/dashboard/widgets/{name}/").content.decode()
    assert f"<h1>{WIDGETS[name].title}</h1>" in text
    assert "<html" in text
    assert "<html" not in browser.get(f"/dashboard/widgets/{name}/", **HTMX).content.decode()


def test_the_page_has_a_place_for_each_widget_that_loads_it(browser):
    text = browser.get("/").content.decode()
    assert parts(text) == list(WIDGETS)
    assert '<noscript><a class="btn" href="/dashboard/widgets/due/">' in text
    assert text.count('data-refresh="60"') == len(WIDGETS)


def test_it_is_for_people_who_are_signed_in(client):
    for address in ("/", "/dashboard/customise/", "/dashboard/widgets/feeds/"):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={address}")


def test_there_is_no_other_widget(browser):
    assert browser.get("/dashboard/widgets/nothing/").status_code == 404


# -- by role


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        (Role.SALESPERSON, ["prospects", "deliveries", "registrations"]),
        (Role.TECHNICIAN, ["workshop", "parts", "hotline"]),
        (Role.ACCOUNTANT, ["due", "invoiced", "revenue", "parts"]),
    ],
)
def test_each_role_has_its_own_first_page(browser, alice, role, wanted):
    with_role(alice, role)
    assert parts(browser.get("/").content.decode()) == wanted


@pytest.mark.parametrize("role", Role)
def test_no_role_is_shown_a_widget_that_it_may_not_see(browser, alice, role):
    with_role(alice, role)
    shown = parts(browser.get("/").content.decode())
    assert shown == list(order.USUAL[role]), "the usual ones are all open to the role"
    for name in WIDGETS:
        status = browser.get(f"/dashboard/widgets/{name}/", **HTMX).status_code
        assert status == 200 if name in shown else status in (200, 403)


def test_a_widget_of_others_is_refused(browser, alice):
    with_role(alice, Role.TECHNICIAN)
    assert browser.get("/dashboard/widgets/prospects/", **HTMX).status_code == 403


def test_with_several_roles_one_sees_what_each_wants_and_of_a_dealership_chosen_its_own(browser, alice):
    with_role(alice, Role.SALESPERSON)
    workshop_only = MembershipFactory(user=alice, dealership=DealershipFactory(), role=Role.TECHNICIAN).dealership
    FeedFactory(dealership=workshop_only)
    sale, service = list(order.USUAL[Role.SALESPERSON]), list(order.USUAL[Role.TECHNICIAN])
    assert parts(browser.get("/").content.decode()) == sale + service
    browser.post("/dealership/", {"dealership": workshop_only.pk})
    assert parts(browser.get("/").content.decode()) == service
    assert browser.get("/dashboard/widgets/prospects/", **HTMX).status_code == 403


# -- alone


def test_one_that_fails_says_so_with_the_requests_id_and_leaves_the_rest(browser, broken, caplog):
    response = browser.get("/dashboard/widgets/prospects/", HTTP_X_REQUEST_ID="request-0815", **HTMX)
    text = response.content.decode()
    assert response.status_code == 200, "htmx puts it in the widget's place"
    assert "could not be shown" in text
    assert "request-0815" in text
    assert 'hx-get="/dashboard/widgets/prospects/"' in text
    assert "division by zero" not in text
    assert "the widget prospects failed" in caplog.text
    assert "division by zero" in caplog.text
    assert parts(browser.get("/").content.decode()) == list(WIDGETS)
    assert "could not be shown" not in browser.get("/dashboard/widgets/units/", **HTMX).content.decode()


def test_its_own_page_fails_with_a_status(browser, broken):
    response = browser.get("/dashboard/widgets/prospects/")
    assert response.status_code == 500
    assert "<h1>New prospects</h1>" in response.content.decode()


def test_a_question_that_takes_too_long_is_stopped_and_told(browser, monkeypatch):
    def ask(asked):
        rows = JOB_TYPES["pkb"].record.objects.all()

        def sleep():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(60)")

        return figures.asked("too slow", JOB_TYPES["pkb"], rows, sleep)

    monkeypatch.setattr(views, "MILLISECONDS", 20)
    monkeypatch.setitem(WIDGETS, "workshop", replaced("workshop", ask))
    text = browser.get("/dashboard/widgets/workshop/", **HTMX).content.decode()
    assert "took too long" in text
    assert "Retry" in text


# -- refreshed


def test_a_widget_that_has_not_changed_is_not_sent_again(browser, made):
    address = "/dashboard/widgets/units/"
    version = re.search(r'name="v" value="(\w+)"', browser.get(address, **HTMX).content.decode())[1]
    assert browser.get(address, {"v": version}, **HTMX).status_code == 204
    made("uinb_read", tanggal_terima="2099-01-01")
    assert browser.get(address, {"v": version}, **HTMX).status_code == 204
    made("uinb_read", tanggal_terima=timezone.localdate())
    assert browser.get(address, {"v": version}, **HTMX).status_code == 200


def test_what_differs_by_the_kind_of_request_is_not_mixed_up_by_a_cache(browser):
    response = browser.get("/dashboard/widgets/units/", **HTMX)
    assert "HX-Request" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


# -- queries


def test_the_page_takes_few_queries_however_many_dealerships_there_are(
    client, admin_user, django_assert_max_num_queries
):
    for zone in ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"):
        FeedFactory.create_batch(3, dealership__time_zone=zone)
    client.force_login(admin_user)
    with django_assert_max_num_queries(QUERIES_OF_A_PAGE):
        client.get("/")


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_takes_few_queries_however_many_dealerships_there_are(
    client, admin_user, name, django_assert_max_num_queries
):
    dealerships = [DealershipFactory(time_zone=zone) for zone in ("Asia/Jakarta", "Asia/Jayapura") for _ in range(3)]
    for each in dealerships:
        FeedFactory(dealership=each, job_type="pkb")
    client.force_login(admin_user)
    cache.clear()
    with django_assert_max_num_queries(QUERIES_OF_A_PART):
        client.get(f"/dashboard/widgets/{name}/", **HTMX)


# -- the first day


def test_without_a_feed_it_says_what_there_is_to_set_up(client, alice):
    client.force_login(alice)
    text = client.get("/").content.decode()
    assert parts(text) == []
    assert "Connect a main dealer" in text
    assert "An administrator does this." in text
    assert "/admin/" not in re.search(r"<ol class=\"steps.*?</ol>", text, re.DOTALL)[0]


def test_the_steps_lead_whoever_may_take_them(client, admin_user):
    client.force_login(admin_user)
    text = client.get("/").content.decode()
    for address in ("ingestion/connection/add/", "ingestion/feed/", "dealers/invitation/add/"):
        assert f'href="/admin/{address}"' in text
        assert client.get(f"/admin/{address}").status_code == 200


def test_a_step_that_is_taken_says_so(client, admin_user):
    client.force_login(admin_user)
    assert ">done<" not in client.get("/").content.decode()
    ConnectionFactory()
    assert client.get("/").content.decode().count(">done<") == 1


def test_the_steps_go_with_the_first_feed(client, alice, dealership_a, dealership_b):
    client.force_login(alice)
    FeedFactory(dealership=dealership_b)
    assert "Connect a main dealer" in client.get("/").content.decode(), "another dealership's feed is none of ours"
    FeedFactory(dealership=dealership_a)
    assert parts(client.get("/").content.decode()) == list(WIDGETS)


# -- between neighbours


def versions(client):
    """What each widget shows now, as the page knows it."""
    addresses = (f"/dashboard/widgets/{name}/" for name in WIDGETS)
    return {
        each: re.search(r'name="v" value="(\w+)"', client.get(each, **HTMX).content.decode())[1] for each in addresses
    }


def changed(client, before):
    """The widgets that show something else than before."""
    answers = {each: client.get(each, {"v": version}, **HTMX).status_code for each, version in before.items()}
    return [each for each, status in answers.items() if status != 204]


def rows_of_today(made, dealership):
    """One of every job type, and a feed that fails."""
    QuarantineFactory(run__feed=FeedFactory(dealership=dealership, failures=3))
    for code, job in JOB_TYPES.items():
        columns = wire_fields(job.record)
        days = {each.name: timezone.localdate() for each in columns if isinstance(each, Day)}
        moments = {each.name: timezone.now() for each in columns if isinstance(each, Moment)}
        line = {"tanggal_penerimaan_bpkb_dari_biro": timezone.localdate(), "tanggal_terima_bpkb_oleh_konsumen": None}
        made(code, dealership=dealership, line=line, **days, **moments)


def test_nothing_of_another_dealership_changes_a_widget(browser, client_for, charlie, made, dealership_b):
    FeedFactory(dealership=dealership_b, job_type="leasing")
    neighbour = client_for(charlie)
    ours, theirs = versions(browser), versions(neighbour)
    rows_of_today(made, dealership_b)
    cache.clear()
    assert changed(browser, ours) == []
    assert changed(neighbour, theirs) == list(theirs), "or it would prove nothing"
