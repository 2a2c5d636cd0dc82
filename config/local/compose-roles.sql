-- Run once by the postgres image when its volume is empty: the roles, with the passwords of compose.yaml's environment.
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
\ir /forecourt/roles.sql
