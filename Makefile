# Drey. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

FLINK   ?= 2.3.0
LINES   ?= 1.20.5 2.2.1
DATA    ?= .drey
DISTS   := $(abspath $(DATA))/distributions
FLINK_HOME := $(DISTS)/$(FLINK)
HOMES   := $(LINES:%=$(DISTS)/%/drey-distribution.json)
GATEWAY := $(FLINK_HOME)/opt/flink-sql-gateway-$(FLINK).jar
PYTHON  := $(FLINK_HOME)/python/bin/python
S3      := $(FLINK_HOME)/plugins/s3-fs-hadoop/flink-s3-fs-hadoop-$(FLINK).jar
EMBED   := internal/daemon/embedded
GOFLAGS_STATIC := -trimpath -ldflags "-s -w"

export DREY_DISTRIBUTIONS := $(DISTS)
export DREY_TEST_FLINK_HOME := $(FLINK_HOME)
export DREY_TEST_FLINK := $(FLINK)
export DREY_TEST_LINES := $(LINES)
export DREY_TEST_JARS := $(abspath build/jars)

GO_FILES := $(shell find cmd internal -name '*.go' ! -name '*_test.go') go.mod go.sum $(shell find internal -name '*.sql')
JAVA_FILES := $(shell find java -type f)
JOB_FILES := $(shell find test/flink examples -name '*.java') $(shell find test/flink examples -name '*.sh')

.PHONY: image lines python postgres kube-up kube-down test-kube e2e-kube failpoints-kube replicas sim failpoints random-kills failpoints-real bench-api soak record help build run down test unit real check lint fmt golden bench bench-update bench-recovery bench-kube clean prerequisites

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: bin/drey build/jars/hello.jar ## build bin/drey; installs Flink first where it is not there

prerequisites:
	@scripts/prerequisites.sh

# Flink first: our Java jar is compiled against it. The program that installs it is drey itself, without anything inside yet.
$(DISTS)/%/drey-distribution.json: | prerequisites
	@mkdir -p build
	CGO_ENABLED=0 go build -o build/drey-installer ./cmd/drey
	build/drey-installer distribution install $* --data $(DATA)

$(EMBED)/drey-keep: $(shell find internal/keeper cmd/drey-keep -name '*.go' ! -name '*_test.go') | prerequisites
	CGO_ENABLED=0 go build $(GOFLAGS_STATIC) -o $@ ./cmd/drey-keep

$(EMBED)/drey-flink.jar: $(FLINK_HOME)/drey-distribution.json $(JAVA_FILES)
	java/build.sh $(FLINK_HOME) $@

bin/drey: $(GO_FILES) $(EMBED)/drey-keep $(EMBED)/drey-flink.jar
	CGO_ENABLED=0 go build $(GOFLAGS_STATIC) -o $@ ./cmd/drey

IMAGE ?= drey:0.1.0
CERTIFICATES ?= /etc/ssl/certs/ca-certificates.crt

image: bin/drey $(EMBED)/drey-keep ## Drey's image as build/drey-image.tar, without a container engine (IMAGE=name); build/image is the context for deploy/image/Dockerfile
	@mkdir -p build/image
	cp bin/drey $(EMBED)/drey-keep build/image/
	cp -L $(CERTIFICATES) build/image/ca-certificates.crt
	go run ./deploy/image -name $(IMAGE) build/image build/drey-image.tar

# The same with failpoints inside: for tests that kill the server at a chosen step.
build/drey-failpoints: $(GO_FILES) $(EMBED)/drey-keep $(EMBED)/drey-flink.jar
	CGO_ENABLED=0 go build -tags failpoints -trimpath -o $@ ./cmd/drey

# What SQL scripts are run with: Flink's wheel lacks it, Maven has it.
$(GATEWAY): | bin/drey
	bin/drey distribution install $(FLINK) --with sql-gateway --data $(DATA)

# What Python jobs are run with: 490 MB, which take pip minutes, so only where they are tested.
$(PYTHON): | bin/drey
	bin/drey distribution install $(FLINK) --with python --data $(DATA)

# What s3:// URIs are read and written with, by real jobs.
$(S3): | bin/drey
	bin/drey distribution install $(FLINK) --with s3 --data $(DATA)

build/jars/hello.jar: $(FLINK_HOME)/drey-distribution.json $(JOB_FILES) java/jar.sh
	examples/hello/build.sh $(FLINK_HOME) $@

build/jars/witness.jar: $(FLINK_HOME)/drey-distribution.json $(JOB_FILES) java/jar.sh
	test/flink/build.sh $(FLINK_HOME) build/jars

build/jars/preflight.jar: $(FLINK_HOME)/drey-distribution.json $(JAVA_FILES) $(shell find test/preflight/java -type f)
	test/preflight/build.sh $(FLINK_HOME) $@

run: build ## a server with a running Flink job; Ctrl-C ends the server, the job runs on
	@DATA=$(DATA) scripts/run.sh

down: build ## end the server and every process it started
	bin/drey down --data $(DATA)

test: lint unit real test-kube ## what CI runs

unit: bin/drey ## unit tests, with the race detector
	go test -race -timeout 10m ./cmd/... ./internal/... ./deploy/... ./test/flink/... ./test/postgres/... ./test/kube/image/... ./test/evidence

real: bin/drey build/drey-failpoints build/jars/witness.jar build/jars/hello.jar build/jars/preflight.jar $(GATEWAY) $(S3) $(HOMES) ## tests on real Flink; each of LINES lives one life
	DREY_TEST_BIN=$(abspath bin/drey) DREY_TEST_FAILPOINTS=$(abspath build/drey-failpoints) go test -race -timeout 60m -v -count=1 -p 1 ./test/lines/... ./test/gate/... ./test/conformance/... ./test/e2e/... ./test/preflight/... ./test/docs/...
	$(SIMULATED)
	DREY_TEST_SWEEP=short $(ON_POSTGRES) $(SIMULATED) -run TestTheServerKilledAtEveryPoint

# They need the binary only, no Flink and no Java.
SIMULATED = DREY_TEST_FAILPOINTS=$(abspath build/drey-failpoints) go test -race -timeout 170m -parallel 8 -v -count=1 ./test/simulated

ON_POSTGRES = DREY_TEST_DATABASE=postgres
# What a run of tests leaves: the command that makes it again, and the file's name.
LEAVE = go run ./test/evidence -command "$(1)" -o docs/evidence/$(2).json
LIFE = DREY_TEST_BIN=$(abspath bin/drey) DREY_TEST_FAILPOINTS=$(abspath build/drey-failpoints) go test -race -timeout 120m -v -count=1 ./test/e2e

python: bin/drey $(PYTHON) $(HOMES) ## a Python job on real Flink, and docs/python.md; once it installs Flink's package (490 MB, minutes)
	DREY_TEST_BIN=$(abspath bin/drey) go test -race -tags python -run 'TestAPythonJob|TestPythonJobs' -timeout 60m -v -count=1 -p 1 ./test/e2e ./test/docs

postgres: bin/drey build/drey-failpoints build/jars/witness.jar build/jars/hello.jar $(GATEWAY) $(S3) $(HOMES) ## the suites on real Flink and on simulated clusters with PostgreSQL beneath (45 minutes); evidence in docs/evidence/postgres.json and postgres-e2e.json
	DREY_EVIDENCE=$(abspath docs/evidence/postgres.json) $(ON_POSTGRES) $(SIMULATED)
	$(ON_POSTGRES) $(LIFE) -json | $(call LEAVE,make postgres,postgres-e2e)

failpoints: build/drey-failpoints ## kill the server at every point of every kind, on simulated clusters (3 minutes); evidence in docs/evidence/failpoints.json
	DREY_EVIDENCE=$(abspath docs/evidence/failpoints.json) $(SIMULATED)

random-kills: build/drey-failpoints ## kill the server at random while many simulated clusters change (DURATION= seconds, SEED=)
	DURATION=$(or $(DURATION),1800) $(SIMULATED) -run TestRandomKills

replicas: build/drey-failpoints ## kill the owner of a target again and again, beside a second server on PostgreSQL (ROUNDS=50)
	ROUNDS=$(or $(ROUNDS),50) $(SIMULATED) -run TestAnotherServer

kube-up: $(FLINK_HOME)/drey-distribution.json ## a real Kubernetes on this machine, for tests (NODES=2); see test/kube
	@scripts/prerequisites.sh kube
	go run ./test/kube/cmd/kt up $(or $(NODES),2)

kube-down: ## end it
	go run ./test/kube/cmd/kt down

# The suites of test/e2e with pods instead of processes: all that fit, and what CI runs of them.
E2E_KUBE = DREY_TEST_TARGET=kubernetes DREY_TEST_BIN=$(abspath bin/drey) DREY_TEST_FAILPOINTS=$(abspath build/drey-failpoints) \
	go test -tags kubernetes -timeout 170m -v -count=1 ./test/e2e
KUBE_SUITES = TestALifeOfStops|TestALifeOnS3|TestAStartFromAnOlder|TestUpdatesOfAllKinds|TestAStatelessUpdate|TestAnUpdate|TestTheVersionBefore|TestAfterAnOwnCheckpoint|TestTheParallelismAlone|TestAnActionInTheHealthGate|TestEachProcessOfAnUpdate|TestARunningJob|TestAJobComesBack|TestACrashLoop|TestAHangingClose|TestALostNode
KUBE_CI = TestALifeOfStops|TestTheServerKilledAtEachMomentOfAnUpdate
KUBE_BUILT = bin/drey build/drey-failpoints build/jars/witness.jar build/jars/hello.jar $(S3)

test-kube: $(KUBE_BUILT) ## what Drey counts on in Kubernetes, on a real one; a life and kills of the server there
	@scripts/prerequisites.sh kube
	go test -timeout 60m -v -count=1 -p 1 -parallel 6 ./test/kube/... ./test/kuberuntime/... ./test/deploy/...
	DREY_TEST_SWEEP=gap $(E2E_KUBE) -run '$(KUBE_CI)'

e2e-kube: $(KUBE_BUILT) ## the suites of life, updates, recovery and faults with pods on a real Kubernetes (RUN=)
	@scripts/prerequisites.sh kube
	$(E2E_KUBE) -run '$(or $(RUN),$(KUBE_SUITES))'

failpoints-kube: $(KUBE_BUILT) ## kill the server at every moment of every step, and each process of an update, with pods on a real Kubernetes (50 minutes); evidence in docs/evidence/failpoints-kube.json
	@scripts/prerequisites.sh kube
	DREY_TEST_SWEEP=all $(E2E_KUBE) -run 'TestTheServerKilledAt|TestEachProcess' -json | $(call LEAVE,make failpoints-kube,failpoints-kube)

check: lint unit

lint: | prerequisites ## formatting, vet, static analysis
	@test -z "$$(gofmt -l cmd deploy internal test bench)" || { gofmt -l cmd deploy internal test bench; exit 1; }
	go vet ./...
	go vet -tags failpoints ./internal/engine/
	go vet -tags kubernetes ./test/e2e/
	go vet -tags python ./test/e2e/ ./test/docs/
	go tool -modfile=tools/go.mod staticcheck ./...

fmt: ## format everything
	gofmt -w cmd deploy internal test bench

golden: ## write the golden files anew
	go test ./internal/arm ./internal/cli -update

record: $(EMBED)/drey-keep $(EMBED)/drey-flink.jar build/jars/witness.jar ## record what real Flink answers: the traces that the fake is held to
	go test -timeout 20m -v -count=1 ./test/conformance -record

failpoints-real: bin/drey build/drey-failpoints build/jars/witness.jar build/jars/hello.jar ## kill the server at every moment of every step on real Flink, and each process of an update (40 minutes); evidence in docs/evidence/failpoints-real.json
	DREY_TEST_SWEEP=all DREY_TEST_BIN=$(abspath bin/drey) DREY_TEST_FAILPOINTS=$(abspath build/drey-failpoints) go test -timeout 120m -v -count=1 -run 'TestTheServerKilled|TestEachProcess' -json ./test/e2e | $(call LEAVE,make failpoints-real,failpoints-real)

lines: bin/drey build/drey-failpoints build/jars/witness.jar build/jars/hello.jar $(HOMES) ## the suites of life, updates and recovery on each line (LINES=, RUN=; 20 minutes each); evidence in docs/evidence/lines.json
	DREY_TEST_BIN=$(abspath bin/drey) DREY_TEST_FAILPOINTS=$(abspath build/drey-failpoints) DREY_EVIDENCE=$(abspath docs/evidence/lines.json) go test -tags deep -run 'TestEachLine$$' -timeout 170m -v -count=1 ./test/lines

sim: ## schedules with faults in virtual time (SCHEDULES=, SEED=), and every kind killed at every moment; evidence in docs/evidence/sim.json
	go test -count=1 -timeout 60m ./internal/simtest -schedules $(or $(SCHEDULES),3000) -seed $(or $(SEED),1) -evidence $(abspath docs/evidence/sim.json)

soak: bin/drey build/jars/witness.jar ## 200 changes of all kinds on real Flink (CHANGES=, SEED=); evidence in docs/evidence/soak.json
	DREY_TEST_BIN=$(abspath bin/drey) go test -tags soak -run 'TestSoak$$' -timeout 170m -v -count=1 ./test/e2e

bench: bin/drey build/jars/witness.jar build/jars/hello.jar ## measure starts and the server, and write their part of docs/benchmarks.md
	DREY_TEST_BIN=$(abspath bin/drey) go run ./bench

bench-update: bin/drey build/jars/witness.jar ## measure the gaps of updates (25 minutes), and write its part of docs/benchmarks.md
	DREY_TEST_BIN=$(abspath bin/drey) go run ./bench update

bench-recovery: bin/drey build/jars/witness.jar ## measure recovery (15 minutes), and write its part of docs/benchmarks.md
	DREY_TEST_BIN=$(abspath bin/drey) go run ./bench recovery

bench-kube: bin/drey build/jars/witness.jar ## measure updates, starts and recovery on a real Kubernetes beside plain objects (15 minutes; OPERATOR=checkout of apache/flink-kubernetes-operator where it is built: updates beside it too), and write its part of docs/benchmarks.md
	@scripts/prerequisites.sh kube
	DREY_TEST_BIN=$(abspath bin/drey) go run ./bench kube

bench-api: bin/drey ## measure the API and the watch with 10,000 simulated clusters (15 minutes), and write its part of docs/benchmarks.md
	DREY_TEST_BIN=$(abspath bin/drey) go run ./bench api

clean: ## remove what was built; the data directory stays
	rm -rf bin build $(EMBED)/drey-keep $(EMBED)/drey-flink.jar
