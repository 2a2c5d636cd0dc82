"""People come by invitation."""

import re

import pytest
import time_machine
from django.test import Client

from dealers import invitations
from dealers.models import Event, Invitation, Membership, User
from dealers.roles import Role
from tests.dealers.browsers import sign_in, signed_in
from tests.factories import PASSWORD
from tests.people import with_role

pytestmark = pytest.mark.django_db
FORM = {"name": "Dewi", "password1": PASSWORD, "password2": PASSWORD}
NEW = "new@dealer.example"


def invite(dealership, email=NEW, role=Role.SALESPERSON):
    invitation = Invitation(dealership=dealership, email=email, role=role)
    return invitations.send(invitation, None, lambda token: f"https://forecourt.example/invitations/{token}/")


@pytest.fixture
def token(dealership_a):
    return invite(dealership_a)


def test_the_mail_holds_the_link_and_the_database_only_its_hash(
    dealership_a, mailoutbox, client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        token = invite(dealership_a)
    [mail] = mailoutbox
    assert mail.to == [NEW]
    assert dealership_a.name in mail.subject
    assert re.search(r"/invitations/([\w-]+)/", mail.body)[1] == token
    assert token not in str(Invitation.objects.values().get())


def test_the_invited_person_sets_name_and_password_and_has_their_place(client, token, dealership_a):
    assert dealership_a.name in client.get(f"/invitations/{token}/").content.decode()
    response = client.post(f"/invitations/{token}/", FORM)
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")
    user = User.objects.get(email=NEW)
    assert (user.name, user.is_verified, user.is_staff, user.is_superuser) == ("Dewi", True, False, False)
    assert user.memberships.values_list("dealership", "role").get() == (dealership_a.pk, "salesperson")
    assert sign_in(client, NEW)["Location"] == "/"


def test_to_look_at_the_page_accepts_nothing(client, token):
    for _ in range(2):
        assert client.get(f"/invitations/{token}/").status_code == 200
    assert Invitation.objects.get().accepted_at is None


def test_it_is_good_once(client, token):
    client.post(f"/invitations/{token}/", FORM)
    assert Client().get(f"/invitations/{token}/").status_code == 404
    assert Client().post(f"/invitations/{token}/", FORM).status_code == 404


def test_it_is_good_for_seven_days(client, dealership_a):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        token = invite(dealership_a)
        clock.shift(7 * 86400 + 1)
        assert client.get(f"/invitations/{token}/").status_code == 404


def test_one_that_was_never_sent_is_unknown(client, db):
    assert client.get("/invitations/made-up/").status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {**FORM, "password2": "else"},
        {**FORM, "password1": "short", "password2": "short"},
        {**FORM, "password1": "password1234", "password2": "password1234"},
        {**FORM, "name": ""},
    ],
)
def test_a_form_that_is_wrong_makes_nobody(client, token, form):
    assert client.post(f"/invitations/{token}/", form).status_code == 200
    assert not User.objects.filter(email=NEW).exists()
    assert Invitation.objects.open().exists()


def test_whoever_has_an_account_accepts_signed_in(alice, dealership_b):
    token = invite(dealership_b, alice.email, Role.ACCOUNTANT)
    stranger = Client()
    assert "sign in as" in stranger.get(f"/invitations/{token}/").content.decode()
    stranger.post(f"/invitations/{token}/", FORM)
    assert not Membership.objects.filter(user=alice, dealership=dealership_b).exists()
    assert User.objects.get(pk=alice.pk).name != "Dewi"
    assert signed_in(alice).post(f"/invitations/{token}/")["Location"] == "/"
    assert Membership.objects.get(user=alice, dealership=dealership_b).role == "accountant"


def test_nobody_accepts_for_somebody_else(alice, charlie, dealership_b):
    token = invite(dealership_b, alice.email)
    signed_in(charlie).post(f"/invitations/{token}/")
    assert Invitation.objects.open().exists()


def test_sending_and_accepting_are_written_down_with_the_dealership(client, token, dealership_a):
    client.post(f"/invitations/{token}/", FORM)
    events = Event.objects.filter(dealership=dealership_a).order_by("at").values_list("verb", flat=True)
    assert list(events) == ["invitation.sent", "invitation.accepted"]


def test_a_dealer_admin_invites_in_the_admin(alice, dealership_b, mailoutbox, django_capture_on_commit_callbacks):
    client = signed_in(with_role(alice, Role.OWNER, staff=True))
    mine = alice.memberships.get().dealership
    form = {"dealership": mine.pk, "email": "New@Dealer.Example", "name": "Dewi", "role": "viewer"}
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/admin/dealers/invitation/add/", form).status_code == 302
    assert mailoutbox[-1].to == [NEW]
    path = re.search(r"http://testserver(/invitations/\S+)", mailoutbox[-1].body)[1]
    assert Client().get(path).status_code == 200
    assert Invitation.objects.get().invited_by == alice
    response = client.post("/admin/dealers/invitation/add/", {**form, "dealership": dealership_b.pk})
    assert response.status_code == 200
    assert Invitation.objects.count() == 1, "not in the dealership of somebody else"


def test_the_api_takes_an_invitation_too(client, token):
    body = {"token": token, "name": "Dewi", "password": PASSWORD}
    response = client.post("/api/v1/auth/register", body, content_type="application/json")
    assert (response.status_code, response.json()["email"]) == (201, NEW)
    assert User.objects.get(email=NEW).check_password(PASSWORD)
    assert client.post("/api/v1/auth/register", body, content_type="application/json").status_code == 404


def test_the_api_says_what_is_wrong_with_a_password(client, token):
    body = {"token": token, "name": "Dewi", "password": "password1234"}
    response = client.post("/api/v1/auth/register", body, content_type="application/json")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "password")


def test_the_api_leaves_known_people_to_sign_in(client, alice, dealership_b):
    body = {"token": invite(dealership_b, alice.email), "name": "Dewi", "password": PASSWORD}
    assert client.post("/api/v1/auth/register", body, content_type="application/json").status_code == 409
