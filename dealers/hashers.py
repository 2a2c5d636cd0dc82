"""Argon2id at a cost that twenty sign-ins at once can bear."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class TunedArgon2PasswordHasher(Argon2PasswordHasher):
    """19 MiB, two passes, one lane: OWASP's minimum. Django's default of 100 MiB a sign-in invites to flood us."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
