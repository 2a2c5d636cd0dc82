"""Files that people had made of lists in the background, and what is in them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice.exports import FORMATS
from dealers.models.dealership import Dealership
from dealers.models.people import User

LIFE = timedelta(hours=24)
"""For which a file can be fetched."""
SILENCE = timedelta(seconds=30)
"""After which an export without a sign of life counts as left alone by its worker."""
MOST_ATTEMPTS = 3
LONGEST_QUERY, MOST_COLUMNS = 4000, 200


class OwnRows(models.QuerySet["Export"]):
    """Exports; without a person in scope the database shows none."""

    def of(self, user: Any) -> OwnRows:
        """A person's own. Somebody who is no person has none."""
        return self.filter(user_id=user.pk)

    def unfinished(self) -> OwnRows:
        return self.filter(state__in=Export.UNFINISHED)

    def silent(self) -> OwnRows:
        return self.filter(state=Export.State.RUNNING, sign_of_life_at__lt=Now() - SILENCE)

    def over(self) -> OwnRows:
        return self.filter(state=Export.State.DONE, expires_at__lte=timezone.now())


class Export(models.Model):
    """A file of a list's rows that a person asked for: made in the background, kept for a day, theirs alone."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being made")
        DONE = "done", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    UNFINISHED = (State.QUEUED, State.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="exports", db_index=False, verbose_name=_("whose"))
    impersonator = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("asked for by"), editable=False
    )
    chosen = models.ForeignKey(
        Dealership,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("dealership"),
        help_text=_("That the person worked in; blank: all of theirs."),
    )
    dealerships = ArrayField(
        models.BigIntegerField(),
        null=True,
        blank=True,
        default=list,
        verbose_name=_("dealerships"),
        help_text=_("Whose rows are in it; null: it may be anybody's."),
    )
    resource = models.CharField(_("list"), max_length=100)
    title = models.CharField(_("title"), max_length=200)
    query = models.CharField(_("filters"), max_length=LONGEST_QUERY, blank=True)
    columns = ArrayField(
        models.CharField(max_length=100), default=list, blank=True, size=MOST_COLUMNS, verbose_name=_("columns")
    )
    format = models.CharField(_("format"), max_length=4, choices=[(name, name.upper()) for name in FORMATS])
    language = models.CharField(max_length=10, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    rows_done = models.PositiveBigIntegerField(_("rows"), default=0)
    rows_expected = models.PositiveBigIntegerField(_("rows expected"), null=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), null=True)
    made_at = models.DateTimeField(_("asked for"), default=timezone.now)
    sign_of_life_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    expires_at = models.DateTimeField(_("expires"), null=True)

    objects = OwnRows.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-made_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-made_at"], name="export_of_person"),
            models.Index(fields=["state", "finished_at"], name="export_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="running"), name="export_one_at_a_time_for_each_person"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["queued", "running", "done", "failed", "cancelled", "expired"],
                ),
                name="export_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None)
                | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="export_finished_or_not",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(expires_at__isnull=False, size__isnull=False),
                name="export_done_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.format})"

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def is_open(self) -> bool:
        """Whether its file can be fetched, as far as time goes."""
        return self.state == self.State.DONE and self.expires_at is not None and self.expires_at > timezone.now()

    @property
    def is_over(self) -> bool:
        """Whether there was a file that is no more."""
        return self.state == self.State.EXPIRED or (self.state == self.State.DONE and not self.is_open)

    # -- verbs; each says whether it did anything

    def begin(self) -> bool:
        """Take it out of the queue. Raises IntegrityError if another one of the person's is being made."""
        queued = Export.objects.filter(pk=self.pk, state=self.State.QUEUED)
        return self.now_as_stored(
            queued.update(
                state=self.State.RUNNING,
                attempt=F("attempt") + 1,
                rows_done=0,
                rows_expected=None,
                sign_of_life_at=Now(),
            )
        )

    def live(self, rows: int, expected: int | None) -> bool:
        """A sign of life from whoever makes it, with progress; False: it is theirs no more."""
        mine = Export.objects.filter(pk=self.pk, state=self.State.RUNNING, attempt=self.attempt)
        return bool(mine.update(rows_done=rows, rows_expected=expected, sign_of_life_at=Now()))

    def end(self, state: Export.State, **facts: object) -> bool:
        """It is done or has failed, unless somebody else has decided meanwhile."""
        mine = Export.objects.filter(pk=self.pk, state=self.State.RUNNING, attempt=self.attempt)
        return self.now_as_stored(mine.update(state=state, finished_at=timezone.now(), **facts))

    def hand_back(self) -> bool:
        """Into the queue again, as if it had not been begun."""
        mine = Export.objects.filter(pk=self.pk, state=self.State.RUNNING, attempt=self.attempt)
        return self.now_as_stored(mine.update(state=self.State.QUEUED, attempt=F("attempt") - 1))

    def cancel(self) -> bool:
        """Whoever is making it notices with their next sign of life."""
        going_on = Export.objects.filter(pk=self.pk, state__in=self.UNFINISHED)
        return self.now_as_stored(going_on.update(state=self.State.CANCELLED, finished_at=timezone.now()))

    def now_as_stored(self, changed: int) -> bool:
        self.refresh_from_db()
        return bool(changed)


class ExportPart(models.Model):
    """A stretch of an export's file: in the database, so that every host can serve it."""

    SIZE = 256 * 1024

    export = models.ForeignKey(Export, models.CASCADE, related_name="parts", db_index=False)
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["export", "position"], name="export_part_once")]

    def __str__(self) -> str:
        return f"{self.export_id} {self.position}"
