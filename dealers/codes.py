"""Codes for signing in that come by mail: a session holds a keyed hash of the one that was sent, never the code.

django-allauth keeps the code itself. Its flow looks the process up by its name in its own module, so that is where ours
takes its place (`take_over`); the form compares hashes.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import ConfirmLoginCodeForm
from allauth.account.internal.flows import login_by_code
from allauth.core.internal.cryptokit import normalize_user_code
from django.utils.crypto import constant_time_compare, salted_hmac


def hashed(code: str) -> str:
    """What is kept of a code: worth nothing to whoever reads it without SECRET_KEY."""
    return salted_hmac("dealers.codes", normalize_user_code(code), algorithm="sha256").hexdigest()


class Process(login_by_code.LoginCodeVerificationProcess):
    def generate_code(self) -> str:
        code: str = super().generate_code()
        self.state["code"] = hashed(code)
        return code


class ConfirmForm(ConfirmLoginCodeForm):
    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not self.expected_code or not constant_time_compare(hashed(code), self.expected_code):
            raise get_adapter().validation_error("incorrect_code")
        return code


def take_over() -> None:
    """From now on the flow makes processes of ours."""
    login_by_code.LoginCodeVerificationProcess = Process
