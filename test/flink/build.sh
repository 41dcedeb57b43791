#!/bin/sh
# usage: build.sh FLINK_HOME OUT_DIR
#
# Builds the jobs of the tests on real Flink: witness.jar, jobs.jar (misbehaves as its first argument says) and nomain.jar
# (like jobs.jar, but its manifest names no class).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
flink=$1 out=$2
jar() { sh "$here/../../java/jar.sh" "$flink" "$@"; }

jar "$out/witness.jar" witness.WitnessJob - "$here"/witness/*.java
jar "$out/jobs.jar" jobs.Misbehave - "$here"/jobs/*.java
jar "$out/nomain.jar" - - "$here"/jobs/*.java
