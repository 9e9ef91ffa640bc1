#!/bin/sh
# Build a film in CI, taking from a shared cache what any machine has made before, and tell which scenes changed.
#
#   VBMAKE_CACHE=s3://bucket/prefix sh build.sh [PROJECT] > summary.md
#
# The summary (Markdown) goes to standard output, what the build says to standard error. Ends as the build ends.
# What changed is told in comparison with the commit VBMAKE_BASE [HEAD^1: of a merge, what it was merged into].
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
told=.vbmake/ci
rm -rf "$told"
mkdir -p "$told"

# What would run in this clean checkout is what no machine has made yet. Planning fetches no media.
code=0
vbmake plan --json >"$told/before.json" 2>"$told/mistakes.txt" || code=$?
cat "$told/mistakes.txt" >&2
if [ "$code" -ne 0 ]; then
    printf '### The film cannot be planned\n\n```\n%s\n```\n' "$(cat "$told/mistakes.txt")"
    exit "$code"
fi

# The plan of the base, in a checkout of its own that is removed again: its keys tell what is the same there.
base=${VBMAKE_BASE:-HEAD^1}
if commit=$(git rev-parse --verify --quiet "$base^{commit}" 2>/dev/null); then
    inside=$(git rev-parse --show-prefix)
    away=$(mktemp -d)
    trap 'git worktree remove --force "$away/base" >"$away/end.txt" 2>&1 || :; rm -rf "$away"' EXIT
    git worktree add --quiet --detach "$away/base" "$commit" >&2
    if ! (cd "$away/base/$inside" && VBMAKE_CACHE_MODE=read vbmake plan --json) >"$away/base.json" 2>"$away/base.txt"; then
        echo "the film of $base cannot be planned, so only what is rendered is told: $(cat "$away/base.txt")" >&2
    else
        mv "$away/base.json" "$told/base.json"
    fi
else
    echo "the commit $base is not in this checkout, so only what is rendered is told" >&2
fi

vbmake run --continue >&2 || code=$?

vbmake plan --json >"$told/after.json" 2>>"$told/mistakes.txt" || rm -f "$told/after.json"
python3 "$here/summary.py" "$told" .vbmake/events.jsonl
exit "$code"
