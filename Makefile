# make demo   installs what is missing, builds, and shows a word count by python3 and by RunSurge side by side
# make test   installs what is missing, builds, and runs every test
# make test-monitoring   lets a parser and a subscriber from PyPI look at a cluster
# make test-facade   holds the REST routes to their OpenAPI document with schemathesis (SEED=N and EXAMPLES=N as
#                    wished), makes the original web client's calls, and opens the documentation in a browser
# make simulate   runs the state machines in a virtual, faulty world: SEEDS=20000 from FROM=1, or one SEED=N with its trace
# make mutants    plants faults in and around the state machines, and looks in which seed the simulator finds each
# make campaign   kills, stalls, cuts and fills what can be, for about two hours, and checks every result; as root.
#                 CAMPAIGN=--short takes minutes, CAMPAIGN='--seed N' repeats one, --help lists the other options

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: demo test test-monitoring test-facade campaign simulate mutants build release dependencies format lint

PACKAGES := libzmq3-dev libpq-dev postgresql python3 bubblewrap iproute2 pkg-config
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# "error" makes every warning in this package's own code an error.
WARNINGS ?= show
SWIFT_FLAGS := $(if $(filter error,$(WARNINGS)),-Xswiftc -warnings-as-errors,)

dependencies:
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	    command -v apt-get >/dev/null || { echo "Install these with your system's package manager, then run make again:" $$missing >&2; exit 1; }; \
	    [ -z "$(SUDO)" ] || command -v sudo >/dev/null || { echo "Run this as root, or install sudo; missing packages:" $$missing >&2; exit 1; }; \
	    echo "installing" $$missing; \
	    $(SUDO) apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq $$missing; \
	fi
	@command -v swift >/dev/null || { echo "Swift 6.1 or later is needed: https://www.swift.org/install" >&2; exit 1; }

build: dependencies
	swift build $(SWIFT_FLAGS)

release: dependencies
	swift build -c release --product runsurge

test: dependencies
	swift build --build-tests $(SWIFT_FLAGS)
	swift test --skip-build --no-parallel
	cd Tests/HarnessTests && python3 -m unittest -q

test-monitoring: build
	@command -v protoc >/dev/null || { $(SUDO) apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq protobuf-compiler; }
	python3 -m venv .build/monitoring
	.build/monitoring/bin/pip install --quiet prometheus_client pyzmq protobuf
	cd Tests/MonitoringTests && ../../.build/monitoring/bin/python -m unittest -q

test-facade: build
	@command -v chromedriver >/dev/null || { $(SUDO) apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq chromium chromium-driver; }
	python3 -m venv .build/facade
	.build/facade/bin/pip install --quiet --requirement Tests/FacadeTests/requirements.txt
	cd Tests/FacadeTests && ../../.build/facade/bin/python -m unittest -q

campaign: release
	Tests/Campaign/run.sh "$$(swift build -c release --show-bin-path)/runsurge" $(CAMPAIGN)

demo: release
	Examples/wordcount/demo.sh "$$(swift build -c release --show-bin-path)/runsurge"

SEEDS ?= 20000
FROM ?= 1
simulate:
	swift build -c release --product simulate
	"$$(swift build -c release --show-bin-path)/simulate" $(if $(SEED),seed $(SEED),$(SEEDS) $(FROM))

mutants:
	Tests/SimulationTests/mutants.sh

format:
	swift format --in-place Package.swift $$(git ls-files '*.swift' | grep -v '/Generated/')

lint:
	swift format lint --strict Package.swift $$(git ls-files '*.swift' | grep -v '/Generated/')
