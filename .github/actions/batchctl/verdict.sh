#!/usr/bin/env bash
# Ends the job as batchctl ended: with its exit code, or with 0 where that is one of the success codes.
#
#   COMMAND, SUCCESS_CODES   the action's inputs
#   EXIT_CODE                of batchctl; empty where it was not run
set -euo pipefail

if [ -z "$EXIT_CODE" ]; then
    echo "::error title=batchctl::batchctl was not run: an earlier step failed"
    exit 1
fi
for code in $SUCCESS_CODES; do
    if [ "$code" = "$EXIT_CODE" ]; then
        if [ "$code" = 3 ]; then
            echo "::warning title=batchctl::finished, but some requests failed for good or are held"
        fi
        exit 0
    fi
done
echo "::error title=batchctl::batchctl $COMMAND ended with exit code $EXIT_CODE"
exit "$EXIT_CODE"
