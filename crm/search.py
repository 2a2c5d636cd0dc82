"""Finds customers by how a word begins: of a name, a number, an e-mail, a plate or a frame number of a vehicle owned.

Row-level security lets an index answer only what is leakproof, which LIKE is not: the words stand in a table of their
own, in the "C" collation, where a beginning is a range. Triggers keep them, whoever writes what they come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from crm import contact_values
from crm.models import CustomerWord
from dealers.models import Dealership

LAST = chr(0x10FFFF)
"""After every letter."""
BETWEEN_WORDS = r"[\s.,;:/()\[\]\"'-]+"
LOOKS_LIKE_A_NUMBER = re.compile(r"[+\d][\d\s().\-/]{3,}")

CREATE_WORDS = r"""
    CREATE FUNCTION crm_words_written() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
    SET enable_seqscan = off  -- a plan made while there were few rows is kept when there are many
    AS $body$
    DECLARE
        of_dealership bigint;
        one bigint;
        concerned bigint[];
    BEGIN
        -- The owner of the tables sees no rows of them (FORCE): what a restore brings comes with its words.
        IF (SELECT relowner = current_user::regrole FROM pg_class WHERE oid = 'public.crm_customerword'::regclass) THEN
            RETURN NULL;
        END IF;
        IF TG_TABLE_NAME = 'crm_customer' THEN
            concerned := ARRAY[NEW.id];
        ELSIF TG_TABLE_NAME = 'inventory_vehicle' THEN
            concerned := ARRAY(SELECT customer_id FROM crm_ownership
                WHERE dealership_id = NEW.dealership_id AND vehicle_id = NEW.id);
        ELSIF TG_OP = 'INSERT' THEN
            concerned := ARRAY[NEW.customer_id];
        ELSIF TG_OP = 'DELETE' THEN
            concerned := ARRAY[OLD.customer_id];
        ELSE
            concerned := ARRAY[least(OLD.customer_id, NEW.customer_id), greatest(OLD.customer_id, NEW.customer_id)];
        END IF;
        FOREACH one IN ARRAY concerned LOOP
            -- Who writes the words of a customer waits for whoever is just writing them.
            SELECT dealership_id INTO of_dealership FROM crm_customer WHERE id = one FOR NO KEY UPDATE;
            CONTINUE WHEN NOT FOUND;
            WITH said (word) AS (
                SELECT unnest(regexp_split_to_array(lower(concat_ws(' ', name, called, contact_person)),
                    '[\s.,;:/()\[\]"''-]+')) FROM crm_customer WHERE id = one
                UNION SELECT ltrim(lower(value), '+') FROM crm_contactpoint
                    WHERE dealership_id = of_dealership AND customer_id = one
                UNION SELECT regexp_replace(lower(unnest(ARRAY[o.plate, v.plate, v.vin])), '[\s.-]+', '', 'g')
                    FROM crm_ownership o JOIN inventory_vehicle v ON v.id = o.vehicle_id
                    WHERE o.dealership_id = of_dealership AND o.customer_id = one
            ), gone AS (
                DELETE FROM crm_customerword w WHERE dealership_id = of_dealership AND customer_id = one
                    AND NOT EXISTS (SELECT FROM said WHERE said.word = w.word)
            )
            INSERT INTO crm_customerword (dealership_id, customer_id, word)
            SELECT of_dealership, one, word FROM said WHERE word <> '' ON CONFLICT DO NOTHING;
        END LOOP;
        RETURN NULL;
    END $body$;
    CREATE TRIGGER words AFTER INSERT OR UPDATE OF name, called, contact_person ON crm_customer
        FOR EACH ROW EXECUTE FUNCTION crm_words_written();
    CREATE TRIGGER words AFTER INSERT OR DELETE OR UPDATE OF customer_id, value ON crm_contactpoint
        FOR EACH ROW EXECUTE FUNCTION crm_words_written();
    CREATE TRIGGER words AFTER INSERT OR DELETE OR UPDATE OF customer_id, vehicle_id, plate ON crm_ownership
        FOR EACH ROW EXECUTE FUNCTION crm_words_written();
    CREATE TRIGGER words AFTER UPDATE OF plate, vin ON inventory_vehicle
        FOR EACH ROW EXECUTE FUNCTION crm_words_written();
"""
DROP_WORDS = """
    DROP TRIGGER words ON inventory_vehicle;
    DROP TRIGGER words ON crm_ownership;
    DROP TRIGGER words ON crm_contactpoint;
    DROP TRIGGER words ON crm_customer;
    DROP FUNCTION crm_words_written;
"""


def words_of(text: str) -> list[str]:
    return [word for word in re.split(BETWEEN_WORDS, text.lower()) if word]


def beginning(prefix: str) -> Q:
    return Q(word__gte=prefix, word__lt=prefix + LAST)


def having(found: Q) -> QuerySet[Any]:
    """The ids of customers with a word such as this."""
    return CustomerWord.objects.filter(found).order_by().values("customer_id")


def matching(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Those of `rows` with a word for each word of `text`, or one that the whole text begins: a number, a plate."""
    words = text.lower().split()
    if not words:
        return rows
    whole = {each for each in (contact_values.compact(text), *numbers(" ".join(words))) if each}
    each_word = [either(beginning(part) for part in {word.lstrip("+"), *words_of(word)[:1]}) for word in words]
    if len(words) == 1:
        return rows.filter(pk__in=having(either([*each_word, *(beginning(prefix) for prefix in sorted(whole))])))
    ids = having(each_word[0])
    for another in each_word[1:]:
        ids = ids.filter(customer_id__in=having(another))
    if whole:
        ids = ids.union(having(either(beginning(prefix) for prefix in sorted(whole))))
    return rows.filter(pk__in=ids)


def either(found: Iterable[Q]) -> Q:
    made = Q(pk__in=[])
    for each in found:
        made |= each
    return made


def numbers(text: str) -> set[str]:
    """How a telephone number that somebody began to type is kept, in the countries of the dealerships in scope."""
    if not LOOKS_LIKE_A_NUMBER.fullmatch(text):
        return set()
    countries = Dealership.objects.order_by().values_list("country", flat=True).distinct()
    return {contact_values.phone_prefix(text, country) for country in countries}


def marks(words: Iterable[str], country: str) -> tuple[str, ...]:
    """What of a customer's numbers, plates and words is marked for the words that somebody searched."""
    whole = " ".join(words)
    if LOOKS_LIKE_A_NUMBER.fullmatch(whole):
        return (contact_values.phone_prefix(whole, country),)
    return tuple(word for word in words if word)
