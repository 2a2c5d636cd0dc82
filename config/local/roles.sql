-- The roles of Forecourt and what they may do in the current database. Run by a superuser, as often as one likes.
-- The passwords are psql variables: psql -v owner_password=... -v web_password=... -v worker_password=...
--     -v readonly_password=... -v backup_password=... -f roles.sql
-- Which rows each role sees is said by the tables' own policies (docs/security.md; dealers/fences.py writes them).

DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['owner', 'web', 'worker', 'readonly', 'backup', 'platform', 'search', 'eraser'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOINHERIT', 'forecourt_' || name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT', 'forecourt_' || name);
    END LOOP;
END $$;

-- Owns the database and every table, migrates; no superuser.
ALTER ROLE forecourt_owner LOGIN PASSWORD :'owner_password';
-- Pages and API; tasks, beat and watchdog. They read and write rows of the scope they are in, and own nothing.
ALTER ROLE forecourt_web LOGIN PASSWORD :'web_password';
ALTER ROLE forecourt_worker LOGIN PASSWORD :'worker_password';
-- People's own queries and a replica's pages: reads rows of the scope it is in.
ALTER ROLE forecourt_readonly LOGIN PASSWORD :'readonly_password';
-- pg_dump: reads every row, writes none.
ALTER ROLE forecourt_backup LOGIN BYPASSRLS PASSWORD :'backup_password';
-- Every dealership's rows, for what works across them. Nobody signs in as it: web and worker take it on for one
-- transaction at a time (dealers/tenancy.py).
ALTER ROLE forecourt_platform NOLOGIN;
GRANT forecourt_platform TO forecourt_web, forecourt_worker;
-- Owns one function, which looks words up in one table (ingestion/search.py); migrations hand it over.
ALTER ROLE forecourt_search NOLOGIN;
GRANT forecourt_search TO forecourt_owner;
-- Owns one function, which blanks names and values in the audit of whoever was erased (crm/privacy.py).
ALTER ROLE forecourt_eraser NOLOGIN;
GRANT forecourt_eraser TO forecourt_owner;

-- Nothing waits for ever. Set on the roles because a pooler in transaction mode passes on no setting of a session.
ALTER ROLE forecourt_owner SET lock_timeout = '10s';  -- a migration that cannot have its lock ends; an index may take its time
ALTER ROLE forecourt_web SET statement_timeout = '15s';
ALTER ROLE forecourt_worker SET statement_timeout = '5min';
ALTER ROLE forecourt_readonly SET statement_timeout = '60s';
ALTER ROLE forecourt_readonly SET default_transaction_read_only = on;
ALTER ROLE forecourt_backup SET default_transaction_read_only = on;
DO $$ DECLARE name text; BEGIN
    FOREACH name IN ARRAY ARRAY['web', 'worker', 'readonly'] LOOP
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''10s''', 'forecourt_' || name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''', 'forecourt_' || name);
    END LOOP;
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO forecourt_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO forecourt_web, forecourt_worker, forecourt_readonly, forecourt_backup', current_database());
END $$;
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_toast_compression = lz4', current_database());
EXCEPTION WHEN invalid_parameter_value THEN
    NULL;  -- a build without lz4 keeps pglz
END $$;

ALTER SCHEMA public OWNER TO forecourt_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO forecourt_web, forecourt_worker, forecourt_platform, forecourt_readonly, forecourt_backup, forecourt_search, forecourt_eraser;
ALTER DEFAULT PRIVILEGES FOR ROLE forecourt_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO forecourt_web, forecourt_worker, forecourt_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE forecourt_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO forecourt_web, forecourt_worker, forecourt_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE forecourt_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO forecourt_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE forecourt_owner IN SCHEMA public
    GRANT SELECT ON SEQUENCES TO forecourt_backup;
-- What is behind a fence is shown to who reads by the migration that puts the fence up; nothing else is: sessions,
-- second factors, tokens, credentials and password hashes are no dealership's.
ALTER DEFAULT PRIVILEGES FOR ROLE forecourt_owner IN SCHEMA public REVOKE SELECT ON TABLES FROM forecourt_readonly;
DO $$ DECLARE name regclass; fenced boolean; BEGIN
    FOR name, fenced IN SELECT oid, EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND 'forecourt_readonly'::regrole = ANY (polroles)) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relowner = 'forecourt_owner'::regrole
    LOOP
        EXECUTE format(CASE WHEN fenced THEN 'GRANT SELECT ON %s TO forecourt_readonly'
                                        ELSE 'REVOKE SELECT ON %s FROM forecourt_readonly' END, name);
    END LOOP;
END $$;

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
