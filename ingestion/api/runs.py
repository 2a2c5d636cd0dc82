"""Endpoints of runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, permissions, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.backoffice.api import BackofficeView
from config.backoffice.errors import ConflictError
from config.backoffice.filters import StrictFilterBackend
from ingestion import services
from ingestion.api.records import OffsetMoment
from ingestion.filters import RunFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, Run


class RunSerializer(serializers.ModelSerializer):
    dealer = serializers.CharField(source="dealership.code", read_only=True)
    job = serializers.CharField(source="job_type", read_only=True)
    since = OffsetMoment(read_only=True)
    until = OffsetMoment(read_only=True)
    seconds = serializers.FloatField(read_only=True, allow_null=True)
    queued_at = OffsetMoment(read_only=True)
    started_at = OffsetMoment(read_only=True, allow_null=True)
    finished_at = OffsetMoment(read_only=True, allow_null=True)

    class Meta:
        model = Run
        fields = read_only_fields = (
            *("id", "job", "dealer", "since", "until", "state", *Run.COUNTS, "unknown_fields", "seconds", "error"),
            *("started_by", "queued_at", "started_at", "finished_at"),
        )


class MainDealersMoment(serializers.DateTimeField):
    """A moment; without an offset it is the main dealer's local time, which only the feed tells."""

    def enforce_timezone(self, value: datetime) -> datetime:
        return value


class RunRequest(serializers.Serializer):
    """Which feed to fetch. Without a window it goes on where the last success ended."""

    job = serializers.ChoiceField(choices=[(code, code) for code in JOB_TYPES])
    dealer = serializers.CharField(help_text="Dealer code.")
    since = MainDealersMoment(required=False, allow_null=True)
    until = MainDealersMoment(required=False, allow_null=True)


class MayStartRuns(permissions.BasePermission):
    """Whoever may see runs; to start one takes the permission to add it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in permissions.SAFE_METHODS or request.user.has_perm("ingestion.add_run")


class RunViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Runs: fetches of a feed's window, and what came of each."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    permission_classes = [permissions.IsAuthenticated, MayStartRuns]
    filter_backends = [StrictFilterBackend]
    filterset_class = RunFilters
    ordering_fields = ["id", "queued_at", "started_at", "finished_at", "since", "until", *Run.COUNTS]
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Run]:
        return Run.objects.visible_to(self.request.user).select_related("dealership")

    @extend_schema(request=RunRequest, responses={202: RunSerializer})
    def create(self, request: Request) -> Response:
        """Start a run; it is fetched in the background."""
        asked = RunRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        run = self.start(**asked.validated_data)
        return Response(RunSerializer(run).data, status=status.HTTP_202_ACCEPTED)

    def start(self, job: str, dealer: str, since: Any = None, until: Any = None) -> Run:
        feeds = Feed.objects.visible_to(self.request.user).select_related("connection", "dealership")
        feed = feeds.filter(job_type=job, dealership__code=dealer).first()
        if feed is None:
            raise exceptions.NotFound(
                _("There is no feed of %(job)s for dealer %(dealer)s.") % {"job": job, "dealer": dealer}
            )
        zone = feed.connection.zone
        since, until = (moment.replace(tzinfo=moment.tzinfo or zone) if moment else None for moment in (since, until))
        try:
            return services.request_run(feed=feed, since=since, until=until, by=str(self.request.user))
        except services.AlreadyRunning as error:
            raise ConflictError(str(error), code="already_running")
        except services.BadWindow as error:
            raise exceptions.ValidationError({"since": [str(error)]})
