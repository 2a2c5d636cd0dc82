-- The two roles of Forecourt and what they may do in the current database. Run by a superuser, as often as one likes.
-- The passwords are psql variables: psql -v owner_password=... -v app_password=... -f roles.sql

DO $$ BEGIN CREATE ROLE forecourt_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE forecourt_app; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;

-- Owns the database and every table, migrates; no superuser.
ALTER ROLE forecourt_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'owner_password';
-- Web, worker and beat: reads and writes rows, owns nothing.
ALTER ROLE forecourt_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'app_password';

-- Nothing waits for ever. Set on the roles because a pooler in transaction mode passes on no setting of a session.
ALTER ROLE forecourt_owner SET lock_timeout = '10s';  -- a migration that cannot have its lock ends; an index may take its time
ALTER ROLE forecourt_app SET statement_timeout = '60s';
ALTER ROLE forecourt_app SET lock_timeout = '10s';
ALTER ROLE forecourt_app SET idle_in_transaction_session_timeout = '60s';

DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO forecourt_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO forecourt_app', current_database());
END $$;
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_toast_compression = lz4', current_database());
EXCEPTION WHEN invalid_parameter_value THEN
    NULL;  -- a build without lz4 keeps pglz
END $$;

ALTER SCHEMA public OWNER TO forecourt_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO forecourt_app;
ALTER DEFAULT PRIVILEGES FOR ROLE forecourt_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO forecourt_app;
ALTER DEFAULT PRIVILEGES FOR ROLE forecourt_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO forecourt_app;

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
