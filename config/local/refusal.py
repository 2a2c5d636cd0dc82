"""Saying no in words that a person can act on."""


class Refusal(Exception):
    """Why something was not started, and what to do about it. Shown without a traceback."""
