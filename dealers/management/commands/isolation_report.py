"""Print how the database keeps dealerships apart."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from dealers import isolation


class Command(BaseCommand):
    help = "Print every table with its row-level security, policies, keys that hold the dealership, and roles' rights."

    def handle(self, *args: Any, **options: Any) -> None:
        wanted, missing = isolation.to_be_fenced(), isolation.without_fence()
        for table in isolation.tables():
            kind = (
                "fenced" if table.fenced else "OPEN, but has rows of dealerships" if table.name in wanted else "global"
            )
            self.stdout.write(f"{table.name}: {kind}")
            for title, lines in (("policy", table.policies), ("key", table.own_keys)):
                for line in lines:
                    self.stdout.write(f"    {title} {line}")
            self.stdout.write(f"    roles {' '.join(table.grants)}")
        self.stdout.write(f"{len(wanted) - len(missing)} of {len(wanted)} tables with rows of dealerships are fenced")
        if missing:
            raise SystemExit(1)
