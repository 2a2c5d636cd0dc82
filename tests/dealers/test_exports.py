"""Exports by page and API: at once or in the background, fetched while it lasts, refused with words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone

from dealers import exports, impersonation, tasks
from dealers.models import Dealership, Event, Export, Holiday, Membership, User
from dealers.roles import Role
from dealers.tenancy import Scope, acting
from tests.dealers.browsers import signed_in
from tests.dealers.exportables import Holidays, holidays  # noqa: F401  a fixture
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1/exports/"
MAY = {Role.OWNER, Role.SALES_MANAGER, Role.SERVICE_MANAGER, Role.INVENTORY_MANAGER, Role.ACCOUNTANT}


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, holidays: Holidays) -> list[int]:  # noqa: F811
    told: list[int] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs: told.append(kwargs["user_id"]))
    return told


@pytest.fixture
def owner(alice: User, dealership_a: Dealership, dealership_b: Dealership) -> User:
    for number, each in enumerate((dealership_a, dealership_a, dealership_b)):
        Holiday.objects.create(dealership=each, day=date(2026, 1, 1 + number), name="=HYPERLINK(1)")
    return with_role(alice, Role.OWNER)


@pytest.fixture
def browser(owner: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(owner)


def asked(browser: Client, **more: Any) -> Any:
    answer: Any = browser.post("/exports/", {"resource": "days-off", "query": "", "format": "csv", **more})
    answer.file = b"".join(answer) if answer.streaming else None
    return answer


def text(response: Any) -> str:
    return (getattr(response, "file", None) or b"".join(response)).decode("utf-8-sig")


def ready(browser: Client, owner: User, settings: Any) -> Export:
    settings.EXPORT_AT_ONCE = 1
    assert asked(browser).status_code == 303
    tasks.export(user_id=owner.pk)
    return Export.objects.get(state=Export.State.DONE)


# -- at once


def test_few_rows_are_a_file_at_once(browser: Client, dealership_a: Dealership) -> None:
    Dealership.objects.filter(pk=dealership_a.pk).update(time_zone="Pacific/Kiritimati")
    answer = asked(browser, columns=["name", "day"])
    assert answer.status_code == 200
    assert text(answer) == "name,day\r\n'=HYPERLINK(1),2026-01-01\r\n'=HYPERLINK(1),2026-01-02\r\n"
    there = timezone.localdate(timezone=ZoneInfo("Pacific/Kiritimati"))
    assert f'filename="days-off-08138-{there}.csv"' in answer["Content-Disposition"]
    assert int(answer["Content-Length"]) == len(answer.file)
    assert not Export.objects.exists()


def test_its_event_is_written_with_the_rows_that_were_given(
    browser: Client, owner: User, dealership_a: Dealership
) -> None:
    asked(browser, query="name=3171234567890001", format="xlsx")
    event = Event.objects.get(verb="export.made")
    assert (event.user_id, event.dealership_id) == (owner.pk, dealership_a.pk)
    assert event.changes == {
        **{"resource": "days-off", "filters": {"name": ["••••0001"]}, "columns": [], "rows": 0, "format": "xlsx"},
    }


def test_what_cannot_be_written_leaves_no_event(browser: Client, holidays: Holidays) -> None:  # noqa: F811
    def broken(number: int) -> None:
        raise RuntimeError

    holidays.before = broken
    browser.raise_request_exception = False
    assert asked(browser).status_code == 500
    assert not Event.objects.filter(verb="export.made").exists()


def test_a_filter_that_there_is_not_is_refused_with_words(browser: Client) -> None:
    answer = asked(browser, query="colour=red", next="/exports/?from=here")
    assert (answer.status_code, answer["Location"]) == (303, "/exports/?from=here")
    assert "There is no such filter." in browser.get("/exports/").content.decode()
    assert asked(browser, next="https://elsewhere.example/", format="exe")["Location"] == "/exports/"
    assert asked(browser, resource="no-such-list").status_code == 404


@pytest.mark.parametrize("role", Role)
def test_who_may_export_is_said_by_the_table(
    owner: User, client_for: Callable[[User], Client], role: Role, settings: Any
) -> None:
    browser = client_for(with_role(owner, role))
    assert asked(browser).status_code == (200 if role in MAY else 403)
    settings.EXPORT_AT_ONCE = 1
    assert asked(browser).status_code == (303 if role in MAY else 403)
    answer = api_of(owner).post(API, {"resource": "days-off"}, format="json")
    assert answer.status_code == (201 if role in MAY else 403)


def test_to_see_the_rows_is_asked_for_as_well(browser: Client, holidays: Holidays) -> None:  # noqa: F811
    holidays.permission = "dealers.group:view"
    assert asked(browser).status_code == 403


def test_a_file_at_once_has_the_chosen_dealerships_rows_alone(
    browser: Client, owner: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    Membership.objects.create(user=owner, dealership=dealership_b, role=Role.OWNER)
    assert len(text(asked(browser)).splitlines()) == 4
    browser.post("/dealership/", {"dealership": dealership_b.pk})
    assert len(text(asked(browser)).splitlines()) == 2


def test_who_is_not_signed_in_is_sent_to_sign_in(client: Client) -> None:
    assert asked(client)["Location"].startswith("/accounts/login/")


# -- in the background, by page


def test_many_rows_go_to_the_background_and_are_found_on_the_page(
    browser: Client, owner: User, settings: Any, sent: list[int]
) -> None:
    settings.EXPORT_AT_ONCE = 1
    answer = asked(browser)
    assert (answer.status_code, answer["Location"], sent) == (303, "/exports/", [owner.pk])
    page = browser.get("/exports/").content.decode()
    assert 'hx-trigger="every 3s"' in page
    assert "Cancel export" in page
    export = Export.objects.get()
    assert export.begin()
    export.live(1, 2)
    rows = browser.get("/exports/rows/").content.decode()
    assert "<html" not in rows
    assert 'max="2" value="1"' in rows
    export.end(Export.State.FAILED, error="It went <wrong>.")
    rows = browser.get("/exports/rows/").content.decode()
    assert "hx-trigger" not in rows
    assert "It went &lt;wrong&gt;." in rows


def test_a_page_without_exports_says_where_they_come_from(browser: Client) -> None:
    page = browser.get("/exports/").content.decode()
    assert "No exports yet" in page
    assert "hx-trigger" not in page
    assert "style=" not in page.partition("<main>")[2]


def test_the_file_is_fetched_with_an_event(browser: Client, owner: User, settings: Any) -> None:
    export = ready(browser, owner, settings)
    link = f"/exports/{export.pk}/download/"
    assert link in browser.get("/exports/").content.decode()
    answer = browser.get(link)
    assert text(answer).count("\r\n") == 3
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    assert list(Event.objects.filter(object_id=str(export.pk)).order_by("at").values_list("verb", flat=True)) == [
        *("export.made", "export.downloaded"),
    ]


def test_a_file_that_has_expired_is_gone_with_words(browser: Client, owner: User, settings: Any) -> None:
    export = ready(browser, owner, settings)
    Export.objects.filter(pk=export.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    for _ in range(2):  # before and after it is deleted
        answer = browser.get(f"/exports/{export.pk}/download/")
        assert answer.status_code == 410
        assert "The file has expired" in answer.content.decode()
        assert api_of(owner).get(f"{API}{export.pk}/file/").status_code == 410
        tasks.look_after_exports()
    assert Export.objects.get().state == Export.State.EXPIRED
    assert "Download" not in browser.get("/exports/").content.decode()


def test_somebody_elses_export_is_not_there(
    browser: Client, owner: User, charlie: User, settings: Any, client_for: Callable[[User], Client]
) -> None:
    export = ready(browser, owner, settings)
    stranger = client_for(with_role(charlie, Role.OWNER))
    assert stranger.get(f"/exports/{export.pk}/download/").status_code == 404
    assert stranger.post(f"/exports/{export.pk}/cancel/").status_code == 404
    assert "Days off" not in stranger.get("/exports/").content.decode()
    api = api_of(charlie)
    assert api.get(API).json()["results"] == []
    for address in (f"{API}{export.pk}/", f"{API}{export.pk}/file/"):
        assert api.get(address).status_code == 404
    assert api.post(f"{API}{export.pk}/cancel/").status_code == 404


@pytest.mark.parametrize("way", ["membership", "role"])
def test_who_may_not_make_it_any_more_does_not_fetch_it(browser: Client, owner: User, settings: Any, way: str) -> None:
    export = ready(browser, owner, settings)
    owner.memberships.update(**({"until": date(2026, 1, 1)} if way == "membership" else {"role": Role.VIEWER}))
    answer = browser.get(f"/exports/{export.pk}/download/")
    assert answer.status_code == 403
    assert "You may not export these rows." in answer.content.decode()
    assert api_of(owner).get(f"{API}{export.pk}/file/").status_code == 403
    assert not Event.objects.filter(verb="export.downloaded").exists()


def test_who_works_in_another_dealership_does_not_fetch_it_meanwhile(
    browser: Client, owner: User, dealership_b: Dealership, settings: Any
) -> None:
    export = ready(browser, owner, settings)
    Membership.objects.create(user=owner, dealership=dealership_b, role=Role.OWNER)
    browser.post("/dealership/", {"dealership": dealership_b.pk})
    answer = browser.get(f"/exports/{export.pk}/download/")
    assert answer.status_code == 403
    assert "dealerships that you do not work in now" in answer.content.decode()
    browser.post("/dealership/", {"dealership": "all"})
    assert browser.get(f"/exports/{export.pk}/download/").status_code == 200


def test_one_is_cancelled_by_its_button(browser: Client, settings: Any) -> None:
    settings.EXPORT_AT_ONCE = 1
    asked(browser)
    export = Export.objects.get()
    answer = browser.post(f"/exports/{export.pk}/cancel/")
    assert (answer.status_code, answer["Location"]) == (303, "/exports/")
    export.refresh_from_db()
    assert export.state == Export.State.CANCELLED
    assert "The export was cancelled." in browser.get("/exports/").content.decode()
    assert browser.get(f"/exports/{export.pk}/download/").status_code == 409
    assert browser.get(f"/exports/{export.pk}/cancel/").status_code == 405


def test_the_page_asks_as_much_for_many_exports_as_for_one(
    browser: Client, owner: User, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.EXPORT_AT_ONCE = 1
    for _ in range(10):
        asked(browser)
    with django_assert_max_num_queries(11):
        assert browser.get("/exports/rows/").status_code == 200


def test_the_button_is_for_whoever_may(owner: User, dealership_b: Dealership, holidays: Holidays) -> None:  # noqa: F811
    def offered(*dealerships: int) -> bool:
        with acting(Scope(dealerships, owner.pk)):
            return exports.is_offered(owner, holidays)

    place = owner.memberships.get()
    assert offered(place.dealership_id)
    assert not offered(dealership_b.pk)
    with_role(owner, Role.TECHNICIAN)
    assert not offered(place.dealership_id)


# -- in the admin


def test_a_platform_administrator_sees_that_there_are_exports_and_deletes_one(
    browser: Client, owner: User, admin_user: User, settings: Any, client_for: Callable[[User], Client]
) -> None:
    export = ready(browser, owner, settings)
    platform = client_for(admin_user)
    assert "alice@dealer.example" in platform.get("/admin/dealers/export/").content.decode()
    assert platform.get("/admin/dealers/export/add/").status_code == 403
    assert platform.post(f"/admin/dealers/export/{export.pk}/change/", {"title": "x"}).status_code == 403
    assert platform.post(f"/admin/dealers/export/{export.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Export.objects.exists()
    assert Event.objects.filter(verb="export.deleted", user=admin_user).exists()


# -- by the API


def test_the_api_makes_follows_and_hands_out_a_file(owner: User, sent: list[int]) -> None:
    api = api_of(owner)
    made = api.post(API, {"resource": "days-off", "query": "name=x", "columns": ["name"]}, format="json")
    assert (made.status_code, sent) == (201, [owner.pk])
    assert made.json()["state"] == "queued"
    address = f"{API}{made.json()['id']}/"
    assert api.get(f"{address}file/").status_code == 409
    tasks.export(user_id=owner.pk)
    assert api.get(address).json()["state"] == "done"
    assert [each["id"] for each in api.get(API).json()["results"]] == [made.json()["id"]]
    file = api.get(f"{address}file/")
    assert text(file) == "name\r\n"
    assert file["Content-Disposition"].startswith("attachment; ")
    cancelled = api.post(f"{address}cancel/")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "done")


def test_the_api_works_in_the_dealership_that_its_header_names(owner: User, dealership_b: Dealership) -> None:
    Membership.objects.create(user=owner, dealership=dealership_b, role=Role.OWNER)
    answer = api_of(owner).post(
        API, {"resource": "days-off"}, format="json", headers={"X-Dealership": str(dealership_b.pk)}
    )
    assert answer.status_code == 201
    tasks.export(user_id=owner.pk)
    assert Export.objects.get().dealerships == [dealership_b.pk]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resource": "no-such-list"}, 404),
        ({"resource": "days-off", "format": "exe"}, 400),
        ({"resource": "days-off", "query": "colour=red"}, 400),
        ({"resource": "days-off", "query": "x" * 5000}, 400),
        ({}, 400),
    ],
)
def test_the_api_refuses_what_there_is_none_of(owner: User, body: dict[str, Any], status: int) -> None:
    assert api_of(owner).post(API, body, format="json").status_code == status
    assert not Export.objects.exists()


# -- standing in


def test_support_that_stands_in_is_named_by_the_events_of_the_background_too(
    owner: User, admin_user: User, settings: Any
) -> None:
    settings.EXPORT_AT_ONCE = 1
    browser = signed_in(admin_user)
    began = browser.post(f"/impersonation/{owner.pk}/", {"reason": "ticket 4711, no file", "minutes": 5})
    assert began.status_code == 302
    assert impersonation.STANDING in browser.session
    assert asked(browser).status_code == 303
    tasks.export(user_id=owner.pk)
    event = Event.objects.get(verb="export.made")
    assert (event.user_id, event.acting_as_id) == (admin_user.pk, owner.pk)
