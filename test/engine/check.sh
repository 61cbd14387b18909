#!/usr/bin/env bash
# What ships in containers, tried once on an engine of its own with stand-ins for the images (images.sh): the Dockerfile,
# docker-compose.yml with two processors, and the local stack as containers, by the demo and integration tests. In a
# checkout after `npm ci` and a build. Where no engine can run it says why, and that is all.
set -euo pipefail
cd "$(dirname "$0")/../.."

COMPOSE=v2.40.3
directory=/tmp/tidemark-engine-$$
engine() { test/engine/engine.sh run "$directory" "$@"; }
say() { echo "docker: $*"; }
not_tried() { say "not tried: $*" && exit 0; }

[ "$(uname -s)" = Linux ] && [ "$(id -u)" -eq 0 ] || not_tried 'it takes root on Linux'
for program in dockerd debootstrap iptables; do
  command -v $program >/dev/null && continue
  command -v apt-get >/dev/null || not_tried "$program is not there, and there is no apt to install it with"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -qq --yes --no-install-recommends docker.io debootstrap iptables iproute2; } \
    >/dev/null || not_tried 'docker.io, debootstrap and iptables cannot be installed'
done
trap 'test/engine/engine.sh stop "$directory"' EXIT
test/engine/engine.sh start "$directory" || not_tried 'the engine does not start here, see above'
say 'making stand-ins for the images'
test/engine/images.sh "$directory"

say 'the image'
engine docker build --quiet --tag tidemark . >/dev/null
version=$(engine docker run --rm tidemark --version)
[ "$version" = "$(node --print "require('./package.json').version")" ]
# As OpenShift runs it: any user, nothing to be written.
engine docker run --rm --read-only --user 54321:0 --cap-drop ALL tidemark config >/dev/null

# The engine's command line of Debian has no `compose`.
compose=${XDG_CACHE_HOME:-$HOME/.cache}/tidemark/docker-compose-$COMPOSE
if [ ! -x "$compose" ] && command -v go >/dev/null; then
  say "building compose $COMPOSE"
  build=$(mktemp -d)
  (
    cd "$build"
    go mod init compose
    go get "github.com/docker/compose/v2/cmd@$COMPOSE"
    go build -trimpath -ldflags '-s -w' -o compose github.com/docker/compose/v2/cmd
  ) >"$build/log" 2>&1 || { tail -n 5 "$build/log" >&2 && exit 1; }
  mkdir -p "$(dirname "$compose")"
  mv "$build/compose" "$compose"
  chmod -R u+w "$build" && rm -r "$build"
fi
if [ -x "$compose" ]; then
  say 'docker-compose.yml, with two processors'
  engine "$compose" up --detach --wait --wait-timeout 300 --scale tidemark=2
  # From outside, by the addresses that are its defaults.
  engine node dist/cli/main.js simulate --events 500 --rate 500
  engine "$compose" exec --no-TTY tidemark tidemark status
  engine "$compose" down --volumes
else
  say 'docker-compose.yml is not tried: there is neither compose nor Go to build it with'
fi

# Its reaper is an image of its own; the engine is ended with all that runs on it.
export TESTCONTAINERS_RYUK_DISABLED=true TIDEMARK_STACK=docker
say 'the demo'
engine node dist/cli/main.js demo --seconds 8
# Those that write to each of the parts and read it back, since what differs here is how the parts are brought up and reached.
# The others take a quarter of an hour more, and say the same of parts that are processes.
say 'integration tests'
engine node scripts/test.mjs --selectProjects int --testPathPatterns \
  'kafka/(output|source)' 'postgres/(as-in-memory|fence|setup)' 'set-aside/retry' 'wire/registry.int'
