"""Finds records by words in their texts, quick at a million records, though row-level security uses no such index.

PostgreSQL asks a policy before it looks for words, and so cannot look them up in an index (`ILIKE` is not leakproof).
One function may: it belongs to a role that reads this one table and nothing else, is given words, and answers with ids
of the dealerships in scope. Whoever asks reads the records themselves under their own policies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from django.db import connection, models, transaction
from django.db.models.expressions import RawSQL

from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models import Adoption, Feed, SearchText

AT_ONCE = 1_000
"""Texts that the index takes up in one transaction."""

CREATE_FUNCTION = """
    CREATE FUNCTION records_with_words(job text, patterns text[]) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE
        own bigint[] := nullif(current_setting('app.dealerships', true), '')::bigint[];
        matching text := 'job_type = $1';
        pattern text;
    BEGIN
        IF current_setting('role') <> 'forecourt_platform' THEN
            matching := matching || ' AND dealership_id = ANY ($2)';
        END IF;
        FOREACH pattern IN ARRAY patterns LOOP
            matching := matching || format(' AND text ILIKE %L', pattern);
        END LOOP;
        RETURN QUERY EXECUTE format(
            'SELECT record_id FROM ingestion_searchtext WHERE indexed AND %1$s UNION ALL'
            ' SELECT record_id FROM ingestion_searchtext WHERE NOT indexed AND %1$s', matching
        ) USING job, own;
    END $body$;
    REVOKE ALL ON FUNCTION records_with_words FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION records_with_words
        TO forecourt_web, forecourt_worker, forecourt_platform, forecourt_readonly;
    GRANT SELECT ON ingestion_searchtext TO forecourt_search;
    CREATE POLICY looked_up_by_the_search ON ingestion_searchtext FOR SELECT TO forecourt_search USING (true);
    GRANT CREATE ON SCHEMA public TO forecourt_search;
    ALTER FUNCTION records_with_words OWNER TO forecourt_search;
    REVOKE CREATE ON SCHEMA public FROM forecourt_search;
"""
DROP_FUNCTION = """
    DROP FUNCTION records_with_words;
    DROP POLICY looked_up_by_the_search ON ingestion_searchtext;
    REVOKE SELECT ON ingestion_searchtext FROM forecourt_search;
"""

CREATE_NEAR = """
    CREATE FUNCTION records_with_words_near(
        job text, patterns text[], beyond bigint, descending boolean, most int, among bigint[]
    ) RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
    SET search_path = pg_catalog, public, pg_temp AS $body$
    DECLARE
        own bigint[] := nullif(current_setting('app.dealerships', true), '')::bigint[];
    BEGIN
        IF current_setting('role') = 'forecourt_platform' OR own IS NULL THEN
            RETURN;
        END IF;
        RETURN QUERY EXECUTE format(
            'SELECT looked_at.record_id FROM (SELECT next.dealership_id, next.record_id'
            ' FROM unnest($1) AS own (id) CROSS JOIN LATERAL ('
            'SELECT dealership_id, record_id FROM ingestion_searchtext WHERE dealership_id = own.id'
            ' AND job_type = $2 AND ($3 IS NULL OR record_id %1$s $3) ORDER BY record_id %2$s LIMIT $4) AS next'
            ' WHERE $6 IS NULL OR own.id = ANY ($6) ORDER BY next.record_id %2$s LIMIT $4) AS looked_at'
            ' JOIN ingestion_searchtext AS found ON found.dealership_id = looked_at.dealership_id'
            ' AND found.job_type = $2 AND found.record_id = looked_at.record_id WHERE found.text ILIKE ALL ($5)',
            CASE WHEN descending THEN '<' ELSE '>' END, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END
        ) USING own, job, beyond, most, patterns, among;
    END $body$;
    REVOKE ALL ON FUNCTION records_with_words_near FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION records_with_words_near
        TO forecourt_web, forecourt_worker, forecourt_platform, forecourt_readonly;
    GRANT CREATE ON SCHEMA public TO forecourt_search;
    ALTER FUNCTION records_with_words_near OWNER TO forecourt_search;
    REVOKE CREATE ON SCHEMA public FROM forecourt_search;
"""
DROP_NEAR = "DROP FUNCTION records_with_words_near;"
LOOKED_AT = 4
"""Texts that `near` looks at for each record wanted: so few that they cost little where a word is rare."""


def near(  # noqa: PLR0913 - a place in a list
    job_type: JobType,
    words: str,
    *,
    beyond: int | None,
    descending: bool,
    wanted: int,
    among: Collection[int] | None = None,
) -> list[int] | None:
    """The `wanted` records next to `beyond` that have each of `words`, if they are among the next texts by number.

    None if they are not, or for the platform's own work: `containing` finds them all then. A word that stands in most
    records is found so without looking at all that have it, however many dealerships are in scope. `among` are those
    of them that count: a record that is left out afterwards would take another one's place.
    """
    counting = None if among is None else sorted(among)
    arguments = [job_type.code, patterns_of(words), beyond, descending, LOOKED_AT * wanted, counting]
    with connection.cursor() as cursor:
        cursor.execute("SELECT records_with_words_near(%s, %s, %s, %s, %s, %s::bigint[])", arguments)
        found = sorted((row[0] for row in cursor.fetchall()), reverse=descending)
    return found[:wanted] if len(found) >= wanted else None


def patterns_of(words: str) -> list[str]:
    return [f"%{escaped(word)}%" for word in words.split()]


def containing(job_type: JobType, words: str) -> RawSQL:
    """The ids of the records in scope that have each of `words` in a text of theirs or of their lines."""
    return RawSQL("SELECT records_with_words(%s, %s)", [job_type.code, patterns_of(words)])


def newest(job_types: Collection[str], words: str, most: int) -> dict[str, list[int]]:
    """By job type the ids of the newest `most` records in scope that have each of `words`, asked for in one go."""
    query = (
        "SELECT job.code, array_agg(found.id) FROM unnest(%s::text[]) AS job (code) CROSS JOIN LATERAL ("
        "SELECT id FROM records_with_words(job.code, %s) AS id ORDER BY id DESC LIMIT %s) AS found GROUP BY job.code"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [sorted(job_types), patterns_of(words), most])
        return dict(cursor.fetchall())


def escaped(word: str) -> str:
    """As it stands, whatever LIKE means by it."""
    for letter in "\\%_":
        word = word.replace(letter, f"\\{letter}")
    return word


@cache
def write_statement(job_type: JobType) -> str:
    """Writes the texts of records anew, and lets those wait whose feed adopts; takes their ids."""
    quote = connection.ops.quote_name
    texts = columns_of(job_type.record, "record")
    for line in job_type.lines.values():
        words = f"string_agg(concat_ws(E'\\n', {', '.join(columns_of(line, 'line'))}), E'\\n')"
        texts.append(f"(SELECT {words} FROM {quote(line._meta.db_table)} AS line WHERE record_id = record.id)")  # noqa: S608
    return f"""
        WITH written AS (
            INSERT INTO {SearchText._meta.db_table} (dealership_id, job_type, record_id, text, indexed)
            SELECT dealership_id, '{job_type.code}', id, concat_ws(E'\\n', {", ".join(texts)}), false
            FROM {quote(job_type.record._meta.db_table)} AS record WHERE id = ANY (%s)
            ON CONFLICT (dealership_id, job_type, record_id) DO UPDATE SET text = excluded.text, indexed = false
            RETURNING dealership_id, record_id
        )
        INSERT INTO {Adoption._meta.db_table}
            (dealership_id, job_type, record_id, state, natural_key, made, problems, kept)
        SELECT written.dealership_id, '{job_type.code}', written.record_id, 'waiting', '', '[]', '[]', '[]'
        FROM written JOIN {Feed._meta.db_table} AS feed
            ON feed.dealership_id = written.dealership_id AND feed.job_type = '{job_type.code}' AND feed.adopts
        ON CONFLICT (dealership_id, job_type, record_id) DO UPDATE SET state = 'waiting'
    """  # noqa: S608 - names of our own models


def columns_of(model: type[models.Model], alias: str) -> list[str]:
    """The columns that people look for; numbers of identity papers are not told by a search."""
    return [
        f"{alias}.{connection.ops.quote_name(str(column.column))}"
        for column in fields.wire_fields(model)
        if isinstance(column, fields.Text) and not isinstance(column, fields.IdentityNumber)
    ]


def write(job_type: JobType, record_ids: Sequence[int]) -> None:
    """Write the texts of these records as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(write_statement(job_type), [list(record_ids)])


def index_some() -> int:
    """Let the index take up texts that wait for it, those of one transaction; how many."""
    with transaction.atomic():
        waiting = SearchText.objects.filter(indexed=False).select_for_update(skip_locked=True)
        return SearchText.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)[:AT_ONCE])).update(
            indexed=True
        )
