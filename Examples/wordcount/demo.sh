#!/usr/bin/env bash
# Runs a word count over at least 120 MB of text by plain python3 and by RunSurge with two workers, and compares.
# usage: demo.sh RUNSURGE [MEGABYTES]
set -euo pipefail
runsurge=$(realpath "$1")
megabytes=${2:-120}
here=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

mkdir "$place/python" "$place/runsurge"
echo "making $megabytes MB of text ..."
python3 "$here/make_text.py" "$place/text.txt" "$megabytes"
for folder in python runsurge; do
    cp "$here/wordcount.py" "$place/$folder/"
    ln "$place/text.txt" "$place/$folder/text.txt"
done

timed() { # LABEL COMMAND...: runs the command, its output to output.txt, and tells how long it took
    local label=$1 start end
    shift
    start=$(date +%s%N)
    "$@" >output.txt
    end=$(date +%s%N)
    printf '%-34s %6.2f s\n' "$label" "$(((end - start) / 10000000))e-2"
}

cd "$place/python"
PYTHONHASHSEED=0 timed "python3 wordcount.py text.txt" python3 wordcount.py text.txt
cd "$place/runsurge"
timed "runsurge run --workers 2 (the same)" "$runsurge" run --workers 2 --report "$place/report.json" wordcount.py text.txt

echo
echo "the report's regions:"
python3 - "$place/report.json" <<'PYTHON'
import json
import sys

report = json.load(open(sys.argv[1]))
for region in report["regions"]:
    how = f"split into {region['chunks']} chunks" if region["parallel"] else f"in place: {region['reason']}"
    print(f"  line {region['line']}: {region['source']}, {region['records']} records, {how}; {region['merge']}")
print(f"  attempts {report['attempts']['total']}, predicted peak {report['predicted_peak_bytes'] / 2**20:.0f} MiB,"
      f" measured {report['measured_peak_bytes'] / 2**20:.0f} MiB")
PYTHON

echo
head -4 output.txt
diff -r "$place/python" "$place/runsurge"
echo "standard output and counts.tsv ($(wc -l <counts.tsv) lines) are identical"
