"""Endpoints of runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice.api import BackofficeView
from config.backoffice.bodies import Text
from config.backoffice.errors import ConflictError
from config.backoffice.filters import StrictFilterBackend
from dealers import audit
from dealers.access import Access, needed
from ingestion import reconciliation, services
from ingestion.api.records import OffsetMoment
from ingestion.filters import RunFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, Run

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""Of moments that are on every clock."""


class RunSerializer(serializers.ModelSerializer):
    dealer = serializers.CharField(source="dealership.code", read_only=True)
    job = serializers.CharField(source="job_type", read_only=True)
    slot = OffsetMoment(read_only=True, allow_null=True)
    since = OffsetMoment(read_only=True)
    until = OffsetMoment(read_only=True)
    seconds = serializers.FloatField(read_only=True, allow_null=True)
    queued_at = OffsetMoment(read_only=True)
    started_at = OffsetMoment(read_only=True, allow_null=True)
    finished_at = OffsetMoment(read_only=True, allow_null=True)
    flag_seen_at = OffsetMoment(read_only=True, allow_null=True)

    class Meta:
        model = Run
        fields = read_only_fields = (
            *("id", "job", "dealer", "kind", "backfill", "slot", "since", "until", "state"),
            *(*Run.COUNTS, "unknown_fields", "calls", "seconds", "error"),
            *("differences", "flag", "flag_seen_by", "flag_seen_at"),
            *("started_by", "queued_at", "started_at", "finished_at"),
        )


class MainDealersMoment(serializers.DateTimeField):
    """A moment; without an offset it is the main dealer's local time, which only the feed tells."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fail("overflow")
        return value.astimezone(UTC) if value.tzinfo else value  # PostgreSQL reads no offset of 16 hours or more


class RunRequest(serializers.Serializer):
    """Which feed to fetch, or to compare. Without a window a live run goes on where the last success ended, and a
    comparison is of the last full day."""

    job = serializers.ChoiceField(choices=[(code, code) for code in JOB_TYPES])
    dealer = Text(help_text="Dealer code.")
    kind = serializers.ChoiceField(choices=[Run.Kind.LIVE, Run.Kind.COMPARISON], default=Run.Kind.LIVE)
    since = MainDealersMoment(required=False, allow_null=True)
    until = MainDealersMoment(required=False, allow_null=True)


def feed_of(request: Request, job: str, dealer: str, permission: str) -> Feed:
    """The feed, if the person has this permission there. Raises NotFound."""
    feeds = Feed.objects.visible_to(request.user, permission).select_related("connection", "dealership")
    feed: Feed | None = feeds.filter(job_type=job, dealership__code=dealer).first()
    if feed is None:
        raise exceptions.NotFound(
            _("There is no feed of %(job)s for dealer %(dealer)s.") % {"job": job, "dealer": dealer}
        )
    return feed


def at_main_dealer(moment: datetime, feed: Feed) -> datetime:
    """A moment without an offset on the main dealer's clock."""
    return moment.replace(tzinfo=moment.tzinfo or feed.connection.zone)


class RunViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Runs: fetches of a feed's window, and what came of each."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    permission_classes = [Access]
    acts_with = "ingestion.run:add"
    filter_backends = [StrictFilterBackend]
    filterset_class = RunFilters
    ordering_fields = ["id", "queued_at", "started_at", "finished_at", "since", "until", *Run.COUNTS]
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.visible_to(self.request.user, needed(self)).select_related("dealership")

    @extend_schema(request=RunRequest, responses={202: RunSerializer})
    def create(self, request: Request) -> Response:
        """Start a run, or a comparison; it is fetched in the background."""
        asked = RunRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        run = self.start(**asked.validated_data)
        return Response(RunSerializer(run).data, status=status.HTTP_202_ACCEPTED)

    def start(self, job: str, dealer: str, kind: Run.Kind, since: Any = None, until: Any = None) -> Run:
        feed = feed_of(self.request, job, dealer, self.acts_with)
        since, until = (moment and at_main_dealer(moment, feed) for moment in (since, until))
        by = audit.signature()
        try:
            if kind == Run.Kind.LIVE:
                return services.request_run(feed=feed, since=since, until=until, by=by)
            since, until = reconciliation.window_asked_for(feed.connection, since, until)
            return services.request_comparison(feed=feed, since=since, until=until, by=by)
        except services.AlreadyRunning as error:
            raise ConflictError(str(error), code="already_running")
        except services.BadWindow as error:
            raise exceptions.ValidationError({"since": [str(error)]})

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End a run that has not ended; a worker that waits for its answer notices within seconds."""
        run = self.get_object()
        try:
            services.cancel_run(run, by=audit.signature())
        except services.HasEnded as error:
            raise ConflictError(str(error))
        return Response(RunSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def seen(self, request: Request, pk: str) -> Response:
        """Note that you have looked at what the run's flag is about."""
        services.see_flags([self.get_object()], by=audit.signature())
        return Response(RunSerializer(self.get_object()).data)
