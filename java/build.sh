#!/bin/sh
# usage: build.sh FLINK_HOME OUT.jar
#
# Builds drey-flink.jar: the gate and the folder file system.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
flink=$1 out=$2

# The one class that needs Flink 2.x is left out where it cannot be compiled; the jar then copies where it could link.
dist=$(find "$flink/lib" -name 'flink-dist*.jar')
leave=none
if ! "${JAVA_HOME:+$JAVA_HOME/bin/}javap" -classpath "$dist" org.apache.flink.core.fs.PathsCopyingFileSystem > /dev/null 2>&1; then
    leave=LinkingFolderFileSystem.java
fi

# shellcheck disable=SC2046 # no blanks in our own file names
exec sh "$here/jar.sh" "$flink" "$out" - "$here/services" $(find "$here/src" -name '*.java' ! -name "$leave" | LC_ALL=C sort)
