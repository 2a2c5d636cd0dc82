"""Support that stands in for somebody: who may, for how long, what it leaves behind and what it never does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection, models, transaction
from django.test import Client

from dealers import audit, impersonation
from dealers.models import Dealership, Event, Holiday, Invitation, Membership, User
from dealers.roles import Role
from ingestion.models import Connection, Run
from tests.dealers.browsers import code_of, is_signed_in, recovery_codes, signed_in, with_app
from tests.factories import PASSWORD, ConnectionFactory, FeedFactory, MembershipFactory, UserFactory
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
END = "/impersonation/end/"
BANNER = f'action="{END}"'
REASON = "Ticket 4711: sees no work orders"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel("2026-01-15T09:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def owner(alice: User) -> User:
    return with_role(alice, Role.OWNER, staff=True)


def begun(administrator: User, person: User, **form: Any) -> Client:
    """A browser of the administrator's that stands in for the person."""
    client = signed_in(administrator)
    response = client.post(f"/impersonation/{person.pk}/", {"reason": REASON, "minutes": 15, **form})
    assert (response.status_code, response["Location"]) == (302, "/")
    return client


def who_is_there(client: Client) -> str:
    return str(client.get("/api/v1/auth/me/").json()["email"])


# -- who may


def test_a_platform_administrator_is_led_there_from_the_persons_page(admin_user: User, alice: User) -> None:
    client = signed_in(admin_user)
    page = client.get(f"/admin/dealers/user/{alice.pk}/change/").content.decode()
    assert f'href="/impersonation/{alice.pk}/"' in page
    form = client.get(f"/impersonation/{alice.pk}/")
    assert form.status_code == 200
    assert who_is_there(client) == admin_user.email, "looking at the form changes nothing"


def test_the_request_is_the_persons_from_then_on(
    admin_user: User, alice: User, charlie: User, dealership_a: Dealership
) -> None:
    for each in (alice, charlie):
        FeedFactory(dealership=each.memberships.get().dealership)
    client = begun(admin_user, alice)
    assert who_is_there(client) == alice.email
    assert {row.dealership for row in client.get("/ingestion/").context["rows"]} == {dealership_a}
    assert not client.get("/api/v1/auth/me/").json()["is_superuser"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_nobody_else_stands_in(alice: User, charlie: User, role: Role) -> None:
    client = signed_in(with_role(alice, role, staff=True))
    colleague = MembershipFactory(dealership=alice.memberships.get().dealership).user
    for person in (colleague, charlie, alice):
        assert client.get(f"/impersonation/{person.pk}/").status_code == 404
        assert client.post(f"/impersonation/{person.pk}/", {"reason": REASON, "minutes": 5}).status_code == 404
    assert who_is_there(client) == alice.email
    assert Client().get(f"/impersonation/{charlie.pk}/")["Location"].startswith("/accounts/login/")


def test_no_administrator_and_nobody_inactive_is_stood_in_for(admin_user: User) -> None:
    client = signed_in(admin_user)
    another = UserFactory(is_staff=True, is_superuser=True)
    inactive = UserFactory(is_active=False)
    for person in (another, inactive, admin_user):
        assert client.post(f"/impersonation/{person.pk}/", {"reason": REASON, "minutes": 5}).status_code == 404
        assert "/impersonation/" not in client.get(f"/admin/dealers/user/{person.pk}/change/").content.decode()
    assert who_is_there(client) == admin_user.email


@pytest.mark.parametrize(
    "form",
    [{"reason": ""}, {"reason": "help"}, {"reason": "   help     "}, {"minutes": ""}, {"minutes": 0}, {"minutes": 31}],
)
def test_without_a_reason_or_a_time_of_half_an_hour_at_most_nothing_begins(
    admin_user: User, alice: User, form: dict[str, Any]
) -> None:
    client = signed_in(admin_user)
    response = client.post(f"/impersonation/{alice.pk}/", {"reason": REASON, "minutes": 5, **form})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == form.keys()
    assert who_is_there(client) == admin_user.email
    assert not Event.objects.filter(verb="impersonation.started").exists()


def test_to_begin_takes_a_fresh_proof(admin_user: User, alice: User, clock: Any) -> None:
    client = signed_in(admin_user)
    clock.shift(timedelta(minutes=6))
    response = client.post(f"/impersonation/{alice.pk}/", {"reason": REASON, "minutes": 5})
    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert who_is_there(client) == admin_user.email


def test_a_token_stands_in_for_nobody(admin_user: User, alice: User) -> None:
    client = begun(admin_user, alice)
    token = api_of(admin_user)._credentials["HTTP_AUTHORIZATION"]  # type: ignore[attr-defined]
    body = client.get("/api/v1/auth/me/", headers={"Authorization": token}).json()
    assert body["email"] == admin_user.email
    assert api_of(admin_user).post(f"/impersonation/{alice.pk}/", {"reason": REASON, "minutes": 5}).status_code == 302
    assert Event.objects.filter(verb="impersonation.started").count() == 1


# -- what everybody sees


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/admin/",
        "/admin/dealers/event/",
        "/admin/dealers/event/?_popup=1",
        "/nowhere/",
        "/api/docs/",
        "/api/v1/auth/me/",
    ],
)
def test_every_page_says_for_whom_why_and_how_long(admin_user: User, owner: User, address: str, clock: Any) -> None:
    client = begun(admin_user, owner)
    clock.shift(timedelta(minutes=4, seconds=30))
    page = client.get(address, headers={"Accept": "text/html"}).content.decode()
    assert BANNER in page
    assert owner.email in page
    assert REASON in page
    assert "11 minutes left" in page


def test_nobody_else_sees_it(admin_user: User, owner: User) -> None:
    begun(admin_user, owner)
    assert BANNER not in signed_in(owner).get("/").content.decode()
    assert BANNER not in signed_in(admin_user).get("/admin/").content.decode()
    assert UserSession.objects.filter(user=owner).count() == 1, "the person's own, and no other"


# -- how it ends


def test_the_administrator_ends_it(admin_user: User, alice: User) -> None:
    client = begun(admin_user, alice)
    assert client.get("/admin/").status_code == 302, "the person may not open the admin"
    response = client.post(END)
    assert response["Location"] == f"/admin/dealers/user/{alice.pk}/change/"
    assert who_is_there(client) == admin_user.email
    assert BANNER not in client.get("/admin/").content.decode()
    assert client.post(END)["Location"] == "/", "there is nothing left to end"
    assert Event.objects.filter(verb="impersonation.ended").count() == 1


def test_it_is_ended_by_post_and_from_our_own_pages_alone(admin_user: User, alice: User) -> None:
    client = begun(admin_user, alice)
    assert client.get(END).status_code == 405
    client.handler.enforce_csrf_checks = True
    assert client.post(END).status_code == 403
    assert who_is_there(client) == alice.email


def test_it_ends_by_itself_and_says_so(admin_user: User, alice: User, clock: Any) -> None:
    client = begun(admin_user, alice, minutes=30)
    clock.shift(timedelta(minutes=29, seconds=59))
    assert who_is_there(client) == alice.email
    clock.shift(timedelta(seconds=1))
    response = client.get("/")
    assert "You no longer stand in" in response.content.decode()
    assert BANNER not in response.content.decode()
    assert who_is_there(client) == admin_user.email
    ended = Event.objects.get(verb="impersonation.ended")
    assert (ended.user, ended.acting_as, ended.reason) == (admin_user, alice, "time is up")


def test_what_is_sent_too_late_is_not_done_as_the_administrator(
    admin_user: User, owner: User, dealership_a: Dealership, clock: Any
) -> None:
    client = begun(admin_user, owner, minutes=1)
    clock.shift(timedelta(minutes=1))
    response = client.post("/dealership/", {"dealership": dealership_a.pk})
    assert response["Location"] == "/"
    assert "Nothing was changed" in client.get("/").content.decode()
    assert "dealership" not in client.session

    client = begun(admin_user, owner, minutes=1)
    clock.shift(timedelta(minutes=1))
    response = client.post("/api/v1/dgi/runs/", {}, content_type="application/json")
    assert (response.status_code, response.json()["type"]) == (403, "impersonation_ended")
    assert who_is_there(client) == admin_user.email


@pytest.mark.parametrize(
    ("of", "change"),
    [("admin_user", {"is_superuser": False}), ("alice", {"is_active": False}), ("alice", {"is_superuser": True})],
)
def test_it_ends_with_the_right_to_it(
    admin_user: User, alice: User, request: pytest.FixtureRequest, of: str, change: dict[str, bool]
) -> None:
    client = begun(admin_user, alice)
    User.objects.filter(pk=request.getfixturevalue(of).pk).update(**change)
    assert who_is_there(client) == admin_user.email
    assert Event.objects.get(verb="impersonation.ended").reason == "no longer allowed"


@pytest.mark.parametrize("address", ["/accounts/logout/", "/admin/logout/"])
def test_whoever_signs_out_ends_it_too(admin_user: User, alice: User, address: str) -> None:
    client = begun(admin_user, alice)
    client.post(address)
    assert not is_signed_in(client)
    ended = Event.objects.get(verb="impersonation.ended")
    assert (ended.user, ended.acting_as, ended.reason) == (admin_user, alice, "signed out")
    assert Event.objects.get(verb="signed_out").user == admin_user


def test_the_session_has_a_new_key_at_both_ends_and_forgets_choices(
    admin_user: User, owner: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    client = signed_in(admin_user)
    client.post("/dealership/", {"dealership": dealership_b.pk})
    keys = [client.session.session_key]
    client.post(f"/impersonation/{owner.pk}/", {"reason": REASON, "minutes": 5})
    keys.append(client.session.session_key)
    assert "dealership" not in client.session
    MembershipFactory(user=owner, dealership=dealership_b)
    client.post("/dealership/", {"dealership": dealership_b.pk})
    client.post(END)
    keys.append(client.session.session_key)
    assert len(set(keys)) == 3
    assert "dealership" not in client.session
    assert UserSession.objects.get(user=admin_user).session_key == keys[-1]


# -- the audit


def test_begin_and_end_stand_in_the_audit(admin_user: User, alice: User) -> None:
    begun(admin_user, alice).post(END)
    started, ended = Event.objects.filter(verb__startswith="impersonation.").order_by("verb").reverse()
    for each in (started, ended):
        assert (each.user, each.who, each.acting_as) == (admin_user, admin_user.email, alice)
        assert each.object_id == str(alice.pk)
    assert (started.reason, started.changes) == (REASON, {"minutes": 15})


def test_what_is_done_in_between_names_both(admin_user: User, owner: User, dealership_a: Dealership) -> None:
    client = begun(admin_user, owner)
    address = f"/admin/dealers/dealership/{dealership_a.pk}/change/"
    assert client.post(address, form_of(client, address) | {"city": "Bandung"}).status_code == 302
    event = Event.objects.get(verb="dealership.changed")
    assert (event.user, event.who, event.acting_as) == (admin_user, admin_user.email, owner)
    client.post(END)
    client.post("/dealership/", {"dealership": dealership_a.pk})
    assert Event.objects.get(verb="dealership.chosen").acting_as is None


def form_of(client: Client, address: str) -> dict[str, Any]:
    """What a change form of the admin would send if nothing were changed."""
    page = client.get(address)
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    for inline in page.context["inline_admin_formsets"]:
        formset = inline.formset
        data |= {f"{formset.prefix}-{name}": value for name, value in formset.management_form.initial.items()}
        for each in formset.initial_forms:
            data |= {each[name].html_name: each[name].value() for name in each.fields}
    return {name: value for name, value in data.items() if value is not None and value is not False}


def test_the_admins_own_log_and_a_run_name_both(admin_user: User, owner: User, dealership_a: Dealership) -> None:
    feed = FeedFactory(dealership=dealership_a)
    client = begun(admin_user, owner)
    address = f"/admin/ingestion/feed/{feed.pk}/change/"
    form = {"connection": feed.connection_id, "is_enabled": "", "change_reason": "Ticket 4711"}
    assert client.post(address, form).status_code == 302
    entry = LogEntry.objects.get()
    assert entry.user == owner
    assert entry.get_change_message() == f"{admin_user}, standing in: Changed Enabled."
    version = feed.history.first()
    assert (version.history_user, version.acting_as, version.history_change_reason) == (
        *(admin_user, owner),
        "Ticket 4711",
    )
    action = {"action": "fetch", "_selected_action": [feed.pk]}
    assert client.post("/admin/ingestion/feed/", action).status_code == 302
    assert Run.objects.get().started_by == f"{admin_user} as {owner}"


def test_without_anybody_standing_in_the_log_is_djangos_own(owner: User, dealership_a: Dealership) -> None:
    feed = FeedFactory(dealership=dealership_a)
    form = {"connection": feed.connection_id, "is_enabled": ""}
    signed_in(owner).post(f"/admin/ingestion/feed/{feed.pk}/change/", form)
    assert LogEntry.objects.get().get_change_message() == "Changed Enabled."


# -- what is never done


@pytest.mark.parametrize(
    "address",
    [
        *("/accounts/password/change/", "/accounts/reauthenticate/", "/accounts/factors/", "/accounts/sessions/"),
        *("/accounts/factors/totp/activate/", "/accounts/factors/recovery-codes/", "/accounts/factors/webauthn/add/"),
        *("/admin/password_change/", "/invitations/x/", "/accounts/password/set/"),
    ],
)
def test_pages_about_the_persons_way_in_stay_shut(admin_user: User, owner: User, address: str) -> None:
    with_app(owner)
    client = begun(admin_user, owner)
    for ask in (client.get, client.post):
        response = ask(address)
        assert response.status_code == 403
        assert "Not while you stand in for somebody" in response.content.decode()
    assert BANNER in response.content.decode(), "one may end it from here"
    assert recovery_codes(owner)


def test_a_password_stays(admin_user: User, owner: User) -> None:
    client = begun(admin_user, owner)
    form = {"oldpassword": PASSWORD, "password1": "another long phrase", "password2": "another long phrase"}
    assert client.post("/accounts/password/change/", form).status_code == 403
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


def test_sessions_stay(admin_user: User, owner: User) -> None:
    theirs = signed_in(owner)
    client = begun(admin_user, owner)
    pk = UserSession.objects.get(user=owner).pk
    assert client.post(f"/accounts/sessions/{pk}/end/").status_code == 403
    assert client.post("/accounts/sessions/").status_code == 403
    assert is_signed_in(theirs)


def test_tokens_are_neither_given_nor_taken(admin_user: User, owner: User) -> None:
    client = begun(admin_user, owner)
    for name, body in (("login", {"username": owner.email, "password": PASSWORD}), ("logout", {"refresh_token": "x"})):
        response = client.post(f"/api/v1/auth/{name}/", body, content_type="application/json")
        assert (response.status_code, response.json()["type"]) == (403, "impersonating")


def test_places_and_invitations_stay(admin_user: User, owner: User, dealership_a: Dealership) -> None:
    colleague = MembershipFactory(dealership=dealership_a, role=Role.VIEWER)
    client = begun(admin_user, owner)
    address = f"/admin/dealers/dealership/{dealership_a.pk}/change/"
    data = form_of(client, address)
    field = next(name for name, value in data.items() if name.startswith("memberships-") and value == Role.VIEWER)
    response = client.post(address, data | {"city": "Bandung", field: Role.OWNER})
    assert response.status_code == 403
    assert "Not while you stand in for somebody" in response.content.decode()
    assert Membership.objects.get(pk=colleague.pk).role == Role.VIEWER
    assert Dealership.objects.get(pk=dealership_a.pk).city == "", "what came with it is undone"
    assert not Event.objects.filter(verb__endswith=".changed").exists()

    form = {"dealership": dealership_a.pk, "email": "new@dealer.example", "name": "", "role": Role.OWNER}
    assert client.post("/admin/dealers/invitation/add/", form).status_code == 403
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("label", [*impersonation.CLOSED_MODELS, *impersonation.KEPT_MODELS])
def test_no_statement_writes_what_stays_whoever_thought_of_it(admin_user: User, alice: User, label: str) -> None:
    ConnectionFactory()
    model: Any = apps.get_model(label)
    writes: list[Callable[[], Any]] = [lambda: model.objects.all()._raw_delete("default")]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        writes.append(
            lambda: cursor.execute(f"WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone")
        )
        if label in impersonation.CLOSED_MODELS:
            writes.append(lambda: model.objects.bulk_create([model()]))
            writes.append(lambda: model.objects.update(id=0))
            writes.append(lambda: cursor.execute(f"update  {model._meta.db_table}\n set id = 0"))
        with audit.circumstances(audit.Circumstances(admin_user, acting_as=alice)):
            for write in writes:
                with pytest.raises(impersonation.Refused), transaction.atomic():
                    write()
            assert list(model.objects.select_for_update(of=("self",))) is not None, "to read them is no harm"


def test_every_model_that_holds_a_secret_stays() -> None:
    secret, texts = ("password", "secret", "token", "api_key"), (models.TextField, models.CharField, models.BinaryField)
    held = {
        model._meta.label_lower
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if any(word in column.name for word in secret) and isinstance(column, texts)
    }
    assert held <= set(impersonation.CLOSED_MODELS), "name it in dealers/impersonation.py"


def test_what_the_person_may_do_besides_is_done(admin_user: User, owner: User, dealership_a: Dealership) -> None:
    client = begun(admin_user, owner)
    address = f"/admin/dealers/dealership/{dealership_a.pk}/change/"
    data = form_of(client, address) | {
        "holidays-TOTAL_FORMS": 1,
        "holidays-0-day": "2026-08-17",
        "holidays-0-name": "Independence Day",
        "holidays-0-dealership": dealership_a.pk,
    }
    assert client.post(address, data).status_code == 302
    assert Holiday.objects.get().name == "Independence Day"


def test_credentials_of_a_gateway_stay_by_the_persons_lack_of_rights_too(admin_user: User, owner: User) -> None:
    gateway = ConnectionFactory()
    client = begun(admin_user, owner)
    assert client.post(f"/admin/ingestion/connection/{gateway.pk}/change/", {"api_key": "x"}).status_code == 403
    assert Connection.objects.get(pk=gateway.pk).api_key == gateway.api_key


# -- second factors


def test_the_persons_lack_of_a_factor_hinders_nobody_and_the_administrators_does(
    admin_user: User, owner: User, settings: Any
) -> None:
    secret = with_app(admin_user)
    settings.MFA_REQUIRED = True
    client = Client()
    client.post("/accounts/login/", {"login": admin_user.email, "password": PASSWORD})
    client.post("/accounts/factors/authenticate/", {"code": code_of(secret)})
    client.post(f"/impersonation/{owner.pk}/", {"reason": REASON, "minutes": 5})
    assert client.get("/admin/").status_code == 200, "the person needs a factor, has none, and is not asked"
    admin_user.authenticator_set.all().delete()
    assert client.get("/")["Location"] == "/accounts/factors/"
    assert client.post(END).status_code == 302
    assert client.get("/accounts/factors/").status_code == 200
