"""People and dealerships in the admin."""

import pytest

from dealers.models import Dealership, Event, User
from dealers.roles import Role
from tests.factories import PASSWORD, DealershipFactory, MembershipFactory
from tests.people import with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def personnel(client, alice):
    """A member of staff who keeps accounts of Alice's dealership but is no platform administrator."""
    dealership = alice.memberships.get().dealership
    user = with_role(MembershipFactory(dealership=dealership).user, Role.OWNER, staff=True)
    client.force_login(user)
    return user


def test_an_administrator_creates_a_person_by_address(client, admin_user):
    client.force_login(admin_user)
    form = {
        "email": "New@Dealer.Example",
        "name": "New",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    response = client.post("/admin/dealers/user/add/", {**form, **inline})
    assert response.status_code == 302, response.content.decode()
    assert User.objects.get(email="new@dealer.example").check_password(PASSWORD)


def test_a_password_set_for_somebody_is_in_the_audit_and_told_to_them(
    client, admin_user, alice, mailoutbox, django_capture_on_commit_callbacks
):
    client.force_login(admin_user)
    form = {"usable_password": "true", "password1": "another long password 7", "password2": "another long password 7"}
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"/admin/dealers/user/{alice.pk}/password/", form)
    assert response.status_code == 302, response.content.decode()
    [event] = Event.objects.filter(verb="password_changed")
    assert (event.user_id, event.object_id) == (admin_user.pk, str(alice.pk))
    assert "another long password" not in str(event.changes)
    assert [mail.to for mail in mailoutbox] == [[alice.email]]


def test_who_may_not_open_the_admin_is_not_let_in(client, alice):
    client.force_login(alice)
    assert client.get("/admin/").status_code == 302


def test_only_a_platform_administrator_gives_rights_away(client, personnel, alice):
    page = client.get(f"/admin/dealers/user/{alice.pk}/change/").content.decode()
    assert alice.email in page
    assert 'name="is_superuser"' not in page
    assert 'name="is_staff"' not in page
    assert client.post(f"/admin/dealers/user/{alice.pk}/change/", {"is_superuser": "on"}).status_code == 403


def test_only_a_platform_administrator_changes_one(client, personnel, admin_user):
    MembershipFactory(user=admin_user, dealership=personnel.memberships.get().dealership)
    assert client.post(f"/admin/dealers/user/{admin_user.pk}/change/", {"name": "x"}).status_code == 403
    assert client.post(f"/admin/dealers/user/{admin_user.pk}/password/", {"password1": "x"}).status_code == 403
    assert client.post(f"/admin/dealers/user/{admin_user.pk}/delete/", {"post": "yes"}).status_code == 403


def test_staff_see_the_people_they_work_with(client, personnel, alice, charlie):
    page = client.get("/admin/dealers/user/").content.decode()
    assert alice.email in page
    assert charlie.email not in page
    assert client.get(f"/admin/dealers/user/{charlie.pk}/change/").status_code == 302
    places = client.get(f"/admin/dealers/dealership/{alice.memberships.get().dealership_id}/change/").content.decode()
    assert alice.email in places
    assert charlie.email not in places


def test_staff_see_the_dealerships_they_belong_to(client, alice, charlie):
    with_role(alice, Role.OWNER, staff=True)
    client.force_login(alice)
    page = client.get("/admin/dealers/dealership/").content.decode()
    assert alice.memberships.get().dealership.name in page
    assert charlie.memberships.get().dealership.name not in page


def test_a_dealership_that_nothing_hangs_on_is_deleted_and_the_audit_says_which(client, admin_user, dealership_a):
    client.force_login(admin_user)
    second = DealershipFactory(code="00002", name="Second")
    assert client.post(f"/admin/dealers/dealership/{dealership_a.pk}/delete/", {"post": "yes"}).status_code == 302
    chosen = {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"}
    assert client.post("/admin/dealers/dealership/", chosen).status_code == 302
    assert not Dealership.objects.exists()
    told = [event.changes["code"] for event in Event.objects.filter(verb="dealership.deleted")]
    assert sorted(told) == ["00002", "08138"]
