"""What can be fetched: the job types with their columns."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from config.backoffice.api import BackofficeView
from ingestion import fields
from ingestion.job_types import JOB_TYPES, JobType


class ColumnSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField(help_text="text, key, code, whole, money, percentage, coordinate, day, time or moment")
    codes = serializers.DictField(child=serializers.CharField(), allow_null=True, help_text="A code's table.")


class LinesSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    columns = ColumnSerializer(many=True)


class JobTypeSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    division = serializers.CharField()
    key = serializers.CharField(help_text="The natural key's column.")
    url = serializers.URLField(help_text="The records.")
    columns = ColumnSerializer(many=True)
    lines = LinesSerializer(many=True)


def columns(model: type[Model]) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "label": str(column.verbose_name),
            "type": type(column).__name__.lower(),
            "codes": {code: str(label) for code, label in column.table.items()}
            if isinstance(column, fields.Code)
            else None,
        }
        for column in fields.wire_fields(model)
    ]


def described(job: JobType, request: Request) -> dict[str, Any]:
    return {
        "code": job.code,
        "label": job.label,
        "division": job.division,
        "key": job.key,
        "url": reverse(f"{job.code}-list", request=request),
        "columns": columns(job.record),
        "lines": [
            {"name": name, "label": str(line._meta.verbose_name_plural), "columns": columns(line)}
            for name, line in job.lines.items()
        ],
    }


class JobTypeViewSet(BackofficeView, viewsets.ViewSet):
    """The job types with their columns, in their order."""

    @extend_schema(responses=JobTypeSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response([described(job, request) for job in JOB_TYPES.values()])
