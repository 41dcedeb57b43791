#!/bin/sh
# usage: build.sh FLINK_HOME OUT.jar
#
# Builds drey-flink.jar: the gate and the folder file system. One jar for all lines of Flink: compiled against any of them it has
# the same bytes (test/lines compares).
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# shellcheck disable=SC2046 # no blanks in our own file names
exec sh "$here/jar.sh" "$1" "$2" - "$here/services" $(find "$here/src" -name '*.java' | LC_ALL=C sort)
