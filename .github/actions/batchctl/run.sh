#!/usr/bin/env bash
# Runs `batchctl plan` or `batchctl apply`, and tells the later steps what came of it. How batchctl ended fails only the
# last step, once comment, lockfiles and artifacts are safe.
#
#   COMMAND, FILES, ARGS, PLAN_FILE, OFFLINE, NAME   the action's inputs; FILES and ARGS have one value a line
#   WITHOUT_SECRETS   "true" where the event is one that gets no secrets
set -euo pipefail

refuse() {
    echo "::error title=batchctl::$1"
    echo "exit-code=64" >>"$GITHUB_OUTPUT"
    exit 0
}

arguments=()
# Adds each line of $1 that is not empty, after the option $2 where there is one.
add_lines() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        if [ -n "${line//[[:space:]]/}" ]; then
            arguments+=(${2:+"$2"} "$line")
        fi
    done <<<"$1"
}

[[ $NAME =~ ^[A-Za-z0-9._-]+$ ]] || refuse "the input name may have letters, digits, and . _ - only"
work=$RUNNER_TEMP/batchctl-$NAME
mkdir -p "$work"
report=$work/report.md
rm -f "$report"
plan=

case $COMMAND in
plan)
    plan=$work/plan.json
    rm -f "$plan"
    add_lines "$FILES" --file
    arguments+=(--detailed-exitcode --out "$plan")
    case $OFFLINE in
    true) arguments+=(--offline) ;;
    auto) [ "$WITHOUT_SECRETS" != true ] || arguments+=(--offline) ;;
    false) ;;
    *) refuse 'the input offline is "true", "false" or "auto"' ;;
    esac
    ;;
apply)
    if [ -n "$PLAN_FILE" ]; then
        [ -z "${FILES//[[:space:]]/}" ] || refuse "a saved plan names its manifests itself: leave out the input files"
        arguments+=("$PLAN_FILE")
    else
        add_lines "$FILES" --file
        arguments+=(--auto-approve)
    fi
    ;;
*) refuse 'the input command is "plan" or "apply"' ;;
esac
arguments+=(--format markdown)
add_lines "$ARGS" ""

# A run that is cancelled tells this process alone, and kills the rest ten seconds later: batchctl is told, so that it
# can record what is under way. A signal ends the wait before batchctl has ended.
batchctl "$COMMAND" "${arguments[@]}" >"$report" &
running=$!
trap 'kill -INT "$running" 2>/dev/null' INT
trap 'kill -TERM "$running" 2>/dev/null' TERM
code=0
wait "$running" || code=$?
while kill -0 "$running" 2>/dev/null; do
    code=0
    wait "$running" || code=$?
done
trap - INT TERM
if ! [ -s "$report" ]; then
    printf '### batchctl %s\n\n**Failed with exit code %s.** The log says why.\n' "$COMMAND" "$code" >"$report"
fi

# What was printed is data: the runner must not take a line of it for a command.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '::stop-commands::%s\n' "$token"
cat "$report"
printf '\n::%s::\n' "$token"
cat "$report" >>"$GITHUB_STEP_SUMMARY"

{
    echo "exit-code=$code"
    echo "report-file=$report"
    if [ "$COMMAND" = plan ]; then
        if [ "$code" = 2 ]; then echo "changes=true"; elif [ "$code" = 0 ]; then echo "changes=false"; fi
        if [ -f "$plan" ]; then echo "plan-file=$plan"; fi
    fi
} >>"$GITHUB_OUTPUT"
