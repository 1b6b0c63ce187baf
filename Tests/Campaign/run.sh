#!/usr/bin/env bash
# Runs the fault campaign with what it needs: pyzmq in an environment of its own, libfaketime for clocks that jump.
# usage: run.sh EXECUTABLE [OPTION…]   (run.sh EXECUTABLE --help lists the options)
set -euo pipefail
executable=$(realpath "$1")
shift
cd "$(dirname "$0")"

if ! compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq faketime
fi
environment=../../.build/campaign
if ! "$environment/bin/python" -c 'import zmq' 2>/dev/null; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --requirement requirements.txt
fi
python=$(realpath --no-symlinks "$environment/bin/python")
"$python" -m unittest -q test_campaign
exec "$python" campaign.py --executable "$executable" "$@"
