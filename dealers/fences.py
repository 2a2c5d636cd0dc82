"""Row-level security and composite keys, derived from models by one migration operation.

    operations = [..., Fenced("Run", "Feed")]

gives the models' tables the policies of docs/security.md, and every `OwnKey` of them a foreign key that holds the
dealership too, so that a row of one dealership cannot name a row of another. A test refuses a table without them.
Rows of a person (`PERSONAL`) are shown to that person alone, whatever dealerships are in scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

OWNER = "dealers.dealership"
SCOPE = "(SELECT nullif(current_setting('app.dealerships', true), '')::bigint[])::bigint[]"
IN_SCOPE = f"= ANY ({SCOPE})"
BY_ID = (OWNER, "dealers.historicaldealership")
"""The dealership itself and its versions: whose row it is, its own id says."""
"""The subselect makes it one look per statement instead of one per row."""
WRITERS = "forecourt_web, forecourt_worker"
EVERYBODY = f"{WRITERS}, forecourt_readonly"
IS_USER = "= (SELECT nullif(current_setting('app.user', true), '')::bigint)"
PERSONAL = {
    "dealers.export": f"user_id {IS_USER}",
    # Whoever lost a dealership, or works in another one at the moment, does not get its rows out of a file either.
    "dealers.exportpart": f"export_id IN (SELECT id FROM dealers_export WHERE user_id {IS_USER}"  # noqa: S608 - ours
    f" AND dealerships <@ coalesce({SCOPE}, '{{}}'))",
    "dealers.savedview": f"user_id {IS_USER}",
    "dealers.listpreference": f"user_id {IS_USER}",
}
"""Models whose rows are a person's own, and the condition that says whose."""
APPEND_ONLY = {"dealers.event", "crm.consent"}
"""Models whose rows are evidence: the application writes and reads them, and neither changes nor deletes one."""


class OwnKey(models.ForeignKey):
    """A foreign key to a row of the same dealership, kept by a composite key in the database (`Fenced`)."""

    def __init__(self, to: Any, on_delete: Any, **options: Any) -> None:
        super().__init__(to, on_delete, **{**options, "db_constraint": False})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        del options["db_constraint"]
        return name, path, args, options


def owner_column(model: type[models.Model]) -> str | None:
    """The column that says which dealership a row belongs to; None if its rows belong to none."""
    if model._meta.label_lower in BY_ID:
        return "id"
    for field in model._meta.concrete_fields:
        if field.name == "dealership" and field.related_model and field.related_model._meta.label_lower == OWNER:
            return str(field.column)
    return None


def own_keys(model: type[models.Model]) -> list[OwnKey]:
    """Keys to rows of the same dealership. A version names rows that may be gone: the database does not look."""
    if any(field.name == "history_id" for field in model._meta.concrete_fields):
        return []
    return [field for field in model._meta.concrete_fields if isinstance(field, OwnKey)]


def policies(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """Name and text of each policy of the model's table."""
    owner, label = owner_column(model), model._meta.label_lower
    if mine := PERSONAL.get(label):
        yield "of_the_person_in_scope", f"TO {WRITERS} USING ({mine}) WITH CHECK ({mine})"
        yield "of_the_platform", "TO forecourt_platform USING (true) WITH CHECK (true)"
        return
    here = f"{owner} {IN_SCOPE}"
    if label == "dealers.event":  # signing in belongs to no dealership; nobody changes or deletes what was done
        yield "of_the_dealerships_in_scope", f"FOR SELECT TO {EVERYBODY} USING ({here})"
        yield "written_by_anybody", f"FOR INSERT TO {WRITERS} WITH CHECK ({owner} IS NULL OR {here})"
        yield "read_by_the_platform", "FOR SELECT TO forecourt_platform USING (true)"
        yield "written_by_the_platform", "FOR INSERT TO forecourt_platform WITH CHECK (true)"
        return
    if label == "dealers.flag":  # the installation's flags concern all
        yield "of_the_dealerships_in_scope", f"FOR SELECT TO {EVERYBODY} USING ({owner} IS NULL OR {here})"
        yield "of_the_platform", "TO forecourt_platform USING (true) WITH CHECK (true)"
        return
    yield (
        "of_the_dealerships_in_scope",
        f"TO {EVERYBODY} USING ({here}) WITH CHECK ({here})",
    )
    yield "of_the_platform", "TO forecourt_platform USING (true) WITH CHECK (true)"
    if label == OWNER:
        own = f"SELECT dealership_id FROM dealers_membership WHERE user_id {IS_USER}"  # noqa: S608 - our own words
        yield "of_the_person_in_scope", f"FOR SELECT TO {WRITERS} USING (id IN ({own}))"
    if label == "dealers.membership":
        yield "of_the_person_in_scope", f"FOR SELECT TO {WRITERS} USING (user_id {IS_USER})"


class Fenced(Operation):
    """Row-level security and composite foreign keys for models with a dealership; the former for those of a person."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, *names: str) -> None:
        self.names = names

    def deconstruct(self) -> Any:
        return type(self).__name__, list(self.names), {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The fence is the database's alone."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for name in self.names:
            for statement in self.statements(to_state.apps.get_model(app_label, name), schema_editor):
                schema_editor.execute(statement)

    def statements(self, model: Any, editor: BaseDatabaseSchemaEditor) -> Iterator[str]:
        quote = editor.quote_name
        table, owner = quote(model._meta.db_table), owner_column(model)
        personal = model._meta.label_lower in PERSONAL
        if owner is None and not personal:
            raise ValueError(f"{model._meta.label} has no dealership: there is nothing to fence")
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
        for name, text in policies(model):
            yield f"CREATE POLICY {name} ON {table} {text}"
        if not personal:
            yield f"GRANT SELECT ON {table} TO forecourt_readonly"
        if model._meta.label_lower in APPEND_ONLY:
            yield f"REVOKE UPDATE, DELETE ON {table} FROM {WRITERS}, forecourt_platform"
        for key in own_keys(model):
            target = key.related_model._meta.db_table
            yield self.unique_pair(target, quote)
            yield (
                f"ALTER TABLE {table} ADD CONSTRAINT {quote(constraint(model, key))}"
                f" FOREIGN KEY ({owner}, {quote(key.column)}) REFERENCES {quote(target)} (dealership_id, id)"
                " DEFERRABLE INITIALLY DEFERRED"
            )

    def unique_pair(self, table: str, quote: Any) -> str:
        """What a composite foreign key may point at, once."""
        name = f"{table}_own"[:63]
        return f"""
            DO $$ BEGIN
                IF to_regclass('{name}') IS NULL THEN
                    ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(name)} UNIQUE (dealership_id, id);
                END IF;
            END $$
        """

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for name in reversed(self.names):
            for statement in self.opposites(from_state.apps.get_model(app_label, name), schema_editor):
                schema_editor.execute(statement)

    def opposites(self, model: Any, editor: BaseDatabaseSchemaEditor) -> Iterator[str]:
        table = editor.quote_name(model._meta.db_table)
        for key in own_keys(model):
            yield f"ALTER TABLE {table} DROP CONSTRAINT {editor.quote_name(constraint(model, key))}"
        for name, _ in policies(model):
            yield f"DROP POLICY {name} ON {table}"
        yield f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"

    def describe(self) -> str:
        return f"Show rows of {', '.join(self.names)} to those alone whose they are"

    @property
    def migration_name_fragment(self) -> str:
        return f"fence_{'_'.join(self.names).lower()}"


def constraint(model: type[models.Model], key: OwnKey) -> str:
    """The name of a composite foreign key."""
    return f"{model._meta.db_table}_{key.name}_own"[:63]
