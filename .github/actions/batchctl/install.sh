#!/usr/bin/env bash
# Installs batchctl into an environment of its own, and puts that on the path of the later steps.
#
#   VERSION   empty for the batchctl that this action is part of, "installed" for none, else one of the package index
set -euo pipefail

if [ "$VERSION" = installed ]; then
    batchctl --version
    exit 0
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "::error title=batchctl::batchctl needs Python 3.11 or newer: add actions/setup-python before this step"
    exit 1
fi
if [ -n "$VERSION" ] && ! [[ $VERSION =~ ^[0-9][0-9A-Za-z.+!-]*$ ]]; then
    echo "::error title=batchctl::the input version is no version"
    exit 64
fi
environment=$RUNNER_TEMP/batchctl-venv
python3 -m venv "$environment"
# The whole repository of an action is checked out, so its path names the sources that belong to it.
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    "${VERSION:+batchctl==}${VERSION:-$GITHUB_ACTION_PATH/../../..}"
echo "$environment/bin" >>"$GITHUB_PATH"
"$environment/bin/batchctl" --version
