#!/bin/sh
# usage: build.sh FLINK_HOME OUT.jar
#
# Builds hello.jar, the job of the first steps.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
exec sh "$here/../../java/jar.sh" "$1" "$2" Hello - "$here/Hello.java"
