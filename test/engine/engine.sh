#!/usr/bin/env bash
# A container engine for one test run, on a machine that has none: in a network namespace of its own, with a socket of
# its own, so that it meets no other engine. Root on Linux, with Debian's docker.io installed.
#
#   engine.sh start DIRECTORY    an empty one, which is made; returns when the engine answers
#   engine.sh run DIRECTORY COMMAND…    where its containers' ports are reached, with DOCKER_HOST set
#   engine.sh stop DIRECTORY     ends it with all its containers, and removes the directory
set -euo pipefail

directory=$2
namespace=tidemark-$(basename "$directory")

inside() {
  # Not by `ip netns exec`, which hides the control groups.
  DOCKER_HOST=unix://$directory/docker.sock nsenter --net="/run/netns/$namespace" "$@"
}

start() {
  mkdir -p "$directory"
  ip netns add "$namespace"
  ip -n "$namespace" link set lo up
  # `exec`, so that the process id is the engine's.
  (exec nsenter --net="/run/netns/$namespace" dockerd --host "unix://$directory/docker.sock" \
    --data-root "$directory/data" --exec-root "$directory/exec" --pidfile "$directory/pid") \
    >"$directory/log" 2>&1 </dev/null &
  local engine=$!
  until inside docker version >/dev/null 2>&1; do
    if ! kill -0 "$engine" 2>/dev/null; then
      tail -n 3 "$directory/log" >&2
      stop
      return 1
    fi
    sleep 0.2
  done
}

stop() {
  if [ -s "$directory/pid" ]; then
    local engine
    engine=$(cat "$directory/pid")
    inside docker ps --all --quiet | xargs --no-run-if-empty nsenter --net="/run/netns/$namespace" \
      docker --host "unix://$directory/docker.sock" rm --force --volumes >/dev/null
    kill "$engine"
    while kill -0 "$engine" 2>/dev/null; do sleep 0.1; done
  fi
  ip netns delete "$namespace" 2>/dev/null || true
  umount --recursive "$directory/exec/netns" 2>/dev/null || true
  rm -rf "$directory"
}

case $1 in
  start) start ;;
  stop) stop ;;
  run) shift 2 && inside "$@" ;;
esac
