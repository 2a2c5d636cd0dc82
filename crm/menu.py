"""What the menu tells of leads."""

from __future__ import annotations

from typing import Any

from crm.models import Lead


def unanswered(user: Any) -> int:
    """Leads that nobody has answered in time, where `user` assigns leads; 0 for everybody else."""
    if not user.has_perm("crm.lead:assign"):
        return 0
    theirs: Any = Lead.objects.visible_to(user, "crm.lead:assign")
    return int(theirs.escalated().count())
