#!/bin/sh
# usage: build.sh FLINK_HOME OUT.jar
#
# Builds the harness of the preflight corpus, with the gate's own classes in it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
exec sh "$here/../../java/jar.sh" "$1" "$2" drey.PreflightCorpus - "$here"/java/*.java "$here"/../../java/src/drey/*.java
