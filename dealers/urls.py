"""Addresses of signing in: those of django-allauth that we offer, and our own."""

from allauth.account import views as account
from allauth.usersessions.views import list_usersessions
from django.urls import include, path, re_path

from dealers import localisation, stepup, views
from dealers.people import PEOPLE

accounts = [
    path("login/", account.login, name="account_login"),
    path("login/code/", account.request_login_code, name="account_request_login_code"),
    path("login/code/confirm/", account.confirm_login_code, name="account_confirm_login_code"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),  # says that it is closed
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("factors/", include("allauth.mfa.urls")),
    path("sessions/", stepup.confirmed_to_change(list_usersessions), name="usersessions_list"),
    path("sessions/<int:pk>/end/", views.end_session, name="end_session"),
]

urlpatterns = [
    path("accounts/", include(accounts)),
    path("appearance/", views.appearance, name="appearance"),
    path("language/", localisation.set_language, name="set_language"),
    path("dealerships/<int:dealership>/logo.png", views.logo, name="dealership_logo"),
    PEOPLE.lookup_url,
    path("dealership/", views.switch_dealership, name="switch_dealership"),
    path("impersonation/<int:pk>/", views.impersonate, name="impersonate"),
    path("impersonation/end/", views.end_impersonation, name="end_impersonation"),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
]
