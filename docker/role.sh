#!/bin/sh
# Run once by the image, when it makes the database: the service's role, which owns its database and nothing else.
set -eu
psql --username postgres --set ON_ERROR_STOP=1 --set password="$PIPELINE_PASSWORD" <<'SQL'
CREATE ROLE pipeline LOGIN PASSWORD :'password';
ALTER ROLE pipeline SET search_path = public;
CREATE DATABASE pipeline OWNER pipeline;
SQL
