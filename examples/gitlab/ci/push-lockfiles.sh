#!/usr/bin/env bash
# Commits the lockfiles that batchctl changed, and nothing else, and pushes the commit. Where somebody else has pushed
# meanwhile, the commit is made anew on top of that. The work tree, the index and the local branch stay as they are.
#
# A lockfile that cannot be pushed is no loss of what was paid for: it is copied to a folder that the CI keeps, the
# script fails, and the next apply finds at the provider, by their tags, the batches that its lockfile lacks.
#
#   BRANCH     where to push; without it the branch that GITHUB_REF names
#   MESSAGE    of the commit
#   MODE       "commit" (the default), or "artifact" to copy only
#   NAME       a part of the name of the folder for copies, in RUNNER_TEMP; without RUNNER_TEMP nothing is copied
#   REMOTE     origin
#   ATTEMPTS   6
#   PAUSE_S    2, seconds before the second attempt, and twice as long before each one after it
#
# shellcheck disable=SC2329 # functions that the trap calls
set -euo pipefail
export LC_ALL=C

remote=${REMOTE:-origin} attempts=${ATTEMPTS:-6} pause=${PAUSE_S:-2}
export GIT_AUTHOR_NAME=${GIT_AUTHOR_NAME:-batchctl}
export GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL:-batchctl@users.noreply.github.com}
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
keep=${RUNNER_TEMP:+$RUNNER_TEMP/batchctl-${NAME:-batchctl}-lockfiles}
scratch=$(mktemp -d)
state=kept reason="it stopped before it could push"
lockfiles=() rescued=()

say() {
    if [ -n "${GITHUB_ACTIONS:-}" ]; then echo "::$1 title=batchctl lockfile::$2"; else echo "$1: $2" >&2; fi
}

fail() {
    reason=$1
    exit 1
}

copy_to_keep() {
    [ -n "$keep" ] || return 0
    mkdir -p "$keep"
    local file
    for file in ${lockfiles[@]+"${lockfiles[@]}"} ${rescued[@]+"${rescued[@]}"}; do
        mkdir -p "$keep/$(dirname "$file")"
        cp -- "$file" "$keep/$file"
    done
}

# Whatever happened, the later steps learn where the lockfiles are.
finish() {
    local code=$?
    set +e
    rm -rf "$scratch"
    if [ "$code" != 0 ]; then
        say error "The lockfile was not pushed: $reason. What was sent is safe: the next apply finds it by its tags.\
${keep:+ The lockfile is kept as an artifact of this run.}"
    fi
    if [ -n "${lockfiles[*]-}${rescued[*]-}" ] && { [ "$state" = kept ] || [ -n "${rescued[*]-}" ]; }; then
        copy_to_keep || { say error "The lockfile could not be copied to $keep either"; code=1; }
    fi
    if [ -n "${GITHUB_OUTPUT:-}" ]; then
        echo "state=$state" >>"$GITHUB_OUTPUT"
        if [ -n "$keep" ] && [ -d "$keep" ]; then echo "kept=$keep" >>"$GITHUB_OUTPUT"; fi
    fi
    exit "$code"
}
trap finish EXIT

cd "$(git rev-parse --show-toplevel)"
# A lockfile says by its first key what it is. Ignored ones are found, too: they must not be lost in silence.
while IFS= read -r -d '' file; do
    if [ -f "$file" ] && [ ! -L "$file" ] && [[ $(head -c 200 -- "$file" | tr -d '\0') == *"Maintained by batchctl"* ]]; then
        lockfiles+=("$file")
    fi
done < <(git ls-files -z --cached --others -- ':(glob)**/*.lock.json')
while IFS= read -r -d '' file; do
    rescued+=("$file")
done < <(git ls-files -z --others -- ':(glob)**/*.rescue-*.json')

if [ "${MODE:-commit}" = artifact ]; then
    exit 0
fi
[ "${MODE:-commit}" = commit ] || fail 'the input lockfile is "commit", "artifact" or "leave"'
branch=${BRANCH:-}
if [ -z "$branch" ] && [[ ${GITHUB_REF:-} == refs/heads/* ]]; then
    branch=${GITHUB_REF#refs/heads/}
fi
[ -n "$branch" ] || fail "this run is of no branch, and the input branch names none"
if [ -z "${lockfiles[*]-}" ]; then
    state=unchanged
    exit 0
fi

parent=$(git rev-parse HEAD)
export GIT_INDEX_FILE=$scratch/index
git read-tree "$parent"
git add -- "${lockfiles[@]}" || fail "git does not take it; is it ignored?"
tree=$(git write-tree)
unset GIT_INDEX_FILE
if [ "$tree" = "$(git rev-parse "$parent^{tree}")" ]; then
    state=unchanged
    exit 0
fi
commit=$(git commit-tree "$tree" -p "$parent" -m "$MESSAGE")

# Puts the commit on top of what the branch has now. Text that merges may still be no JSON.
rebase() {
    local head=$1 file
    tree=$(git merge-tree --write-tree "$head" "$commit" | head -n 1) || return 1
    for file in "${lockfiles[@]}"; do
        git cat-file blob "$tree:$file" | python3 -c 'import json, sys; json.load(sys.stdin)' 2>/dev/null || return 1
    done
    commit=$(git commit-tree "$tree" -p "$head" -m "$MESSAGE") || return 1
    parent=$head
}

for ((attempt = 1; attempt <= attempts; attempt++)); do
    if git push --quiet "$remote" "${commit:?}:refs/heads/$branch"; then
        state=pushed
        echo "Pushed ${lockfiles[*]} to $branch."
        exit 0
    fi
    if git fetch --quiet "$remote" "refs/heads/$branch" && head=$(git rev-parse FETCH_HEAD) && [ "$head" != "$parent" ]
    then
        rebase "$head" || fail "it was changed on $branch at the same time; run apply again there"
        if [ "$tree" = "$(git rev-parse "$head^{tree}")" ]; then
            state=pushed
            exit 0
        fi
    fi
    if [ "$attempt" -lt "$attempts" ]; then
        sleep "$pause"
        pause=$((pause * 2))
    fi
done
fail "the push failed $attempts times"  # the remote may hold a token
