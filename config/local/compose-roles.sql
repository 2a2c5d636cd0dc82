-- Run once by the postgres image when its volume is empty: the roles, with the passwords of compose.yaml's environment.
\getenv owner_password OWNER_PASSWORD
\getenv web_password WEB_PASSWORD
\getenv worker_password WORKER_PASSWORD
\getenv readonly_password READONLY_PASSWORD
\getenv backup_password BACKUP_PASSWORD
\ir /forecourt/roles.sql
