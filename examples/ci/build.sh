#!/bin/sh
# Build a film in CI, taking from a shared cache what any machine has made before, and tell which scenes were rendered.
#
#   VBMAKE_CACHE=s3://bucket/prefix sh build.sh [PROJECT] > summary.md
#
# The summary (Markdown) goes to standard output, what the build says to standard error. Ends as the build ends.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
mkdir -p .vbmake

# What would run in this clean checkout is what no machine has made yet. Planning fetches no media.
code=0
vbmake plan --json >.vbmake/plan-before.json 2>.vbmake/plan-mistakes.txt || code=$?
cat .vbmake/plan-mistakes.txt >&2
if [ "$code" -ne 0 ]; then
    printf '### The film cannot be planned\n\n```\n%s\n```\n' "$(cat .vbmake/plan-mistakes.txt)"
    exit "$code"
fi

vbmake run --continue >&2 || code=$?

python3 "$here/summary.py" .vbmake/plan-before.json .vbmake/events.jsonl
exit "$code"
