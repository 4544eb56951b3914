#!/usr/bin/env bash
# Usage: docs/ci.sh FOLDER COMMAND…: brings the lab up, runs the command on a client, leaves the reports in the folder, and
# takes the lab away. The exit code is the verdict's. LAB_STACK and LAB_NETWORKS choose as `--stack` and `--network` do.
set -euo pipefail
report=$(realpath --canonicalize-missing -- "$1")
shift
stack=${LAB_STACK:-dev}

# Of a run before.
rm -f -- "$report"/{report.txt,report.json,report.html,junit.xml}
[[ -e node_modules/.package-lock.json ]] || npm ci --no-audit --no-fund
trap 'npm run --silent destroy -- --stack "$stack"' EXIT
# Without a lab nothing can be told.
npm run --silent up -- --stack "$stack" || exit 2
options=(--stack "$stack" --report "$report" --verdict-code --timeout 600)
[[ -z ${LAB_NETWORKS:-} ]] || options+=(--network "$LAB_NETWORKS")
code=0
npm run --silent exec -- "${options[@]}" -- "$@" </dev/null || code=$?
exit "$code"
