#!/bin/sh
# Plants one fault after another in a copy of the state machines, or around them, and says which seed shows it. Fails
# when one is not found within 1,000 seeds.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${MUTANTS_FOLDER:-$(mktemp -d)}
[ -n "${MUTANTS_FOLDER:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work/Sources"
for folder in Sources/RunSurgeCore Sources/RunSurgeScheduling Tests/Simulation Tests/Simulate; do
    rm -rf "$work/Sources/$(basename "$folder")"
    cp -R "$root/$folder" "$work/Sources/"
done
sed 's,/Tests/Simulate/,/Sources/Simulate/,' "$root/Tests/SimulationTests/Mutants/machines.patch" |
    patch -s -p1 -d "$work"
cat > "$work/Package.swift" <<'PACKAGE'
// swift-tools-version: 6.1
import PackageDescription
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
]
let package = Package(
    name: "mutants",
    dependencies: [.package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0")],
    targets: [
        .target(
            name: "RunSurgeCore", dependencies: [.product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: settings),
        .target(name: "RunSurgeScheduling", dependencies: ["RunSurgeCore"], swiftSettings: settings),
        .target(name: "Simulation", dependencies: ["RunSurgeCore", "RunSurgeScheduling"], swiftSettings: settings),
        .executableTarget(
            name: "simulate", dependencies: ["RunSurgeScheduling", "Simulation"], path: "Sources/Simulate",
            swiftSettings: settings),
    ])
PACKAGE
swift build -c release --package-path "$work" --product simulate -j "${JOBS:-2}" >&2
simulate="$work/.build/release/simulate"
missed=0
look() { # look NAME COMMAND…: prints the seed and what was seen
    name=$1
    shift
    if found=$("$@" 2>&1); then
        echo "$name: NOT FOUND in 1,000 seeds"
        missed=$((missed + 1))
    else
        echo "$name: $(echo "$found" | grep -m 1 '^seed' || echo "$found" | tail -1)"
    fi
}
for name in $("$simulate" mutants); do look "$name" "$simulate" 1000 1 "$name"; done
for name in $(sed -n 's/^+ *"\([a-zA-Z", ]*\),$/\1/p' "$root/Tests/SimulationTests/Mutants/machines.patch" | tr -d '",'); do
    look "$name" env PLANTED="$name" "$simulate" 1000 1
done
exit "$missed"
