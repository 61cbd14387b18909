#!/bin/sh
# Makes the database with a server that nobody else reaches, and then serves it, as the official image does.
set -e
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  secret=$(mktemp)
  printf %s "$POSTGRES_PASSWORD" >"$secret"
  initdb --username="${POSTGRES_USER:-postgres}" --pwfile="$secret" --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust
  rm "$secret"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl --wait --options="-c listen_addresses='' -c unix_socket_directories=/tmp" start
  echo "CREATE DATABASE \"${POSTGRES_DB:-postgres}\"" |
    psql --host=/tmp --username="${POSTGRES_USER:-postgres}" --dbname=postgres --set=ON_ERROR_STOP=1
  pg_ctl --wait --mode=fast stop
fi
exec "$@" -c unix_socket_directories=/tmp -c listen_addresses='*'
