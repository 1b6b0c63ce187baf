#!/bin/sh
# Regenerates Sources/RunSurgeProtocol/Generated from the .proto files beside this script.
# Needs protoc (apt-get install protobuf-compiler); protoc-gen-swift is built from the swift-protobuf
# checkout that `swift build` has already resolved, so both always have the same version.
set -eu
cd "$(dirname "$0")/.."
checkout=.build/checkouts/swift-protobuf
[ -d "$checkout" ] || swift package resolve
swift build --package-path "$checkout" --scratch-path .build/protoc-gen-swift -c release --product protoc-gen-swift
plugin=$(swift build --package-path "$checkout" --scratch-path .build/protoc-gen-swift -c release --show-bin-path)/protoc-gen-swift
mkdir -p Sources/RunSurgeProtocol/Generated
protoc --proto_path=Protos --plugin=protoc-gen-swift="$plugin" \
    --swift_opt=Visibility=Public --swift_opt=UseAccessLevelOnImports=true \
    --swift_out=Sources/RunSurgeProtocol/Generated Protos/*.proto
