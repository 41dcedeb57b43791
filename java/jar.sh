#!/bin/sh
# usage: jar.sh FLINK_HOME OUT.jar MAIN_CLASS|- SERVICES_DIR|- SOURCE.java...
#
# Compiles the sources against a Flink distribution and packs them into one jar: javac and jar (JDK 17 or later), nothing else.
# The same sources, Flink and JDK give the same bytes. Prints nothing but errors.
set -eu

flink=$1 out=$2 main=$3 services=$4
here=$(cd "$(dirname "$0")" && pwd)
shift 4
bin=${JAVA_HOME:+$JAVA_HOME/bin/}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

classpath=$(find "$flink/lib" -name '*.jar' | LC_ALL=C sort | paste -s -d: -)
[ -n "$classpath" ] || { echo "jar.sh: no jars in $flink/lib" >&2; exit 1; }

# Only warnings about our own code count, named one by one: every JDK adds others to "all". What only some lines of Flink have is
# compiled against a stub of ours.
"${bin}javac" -proc:none -Xlint:cast,empty,fallthrough,finally,overrides,rawtypes,static,unchecked -Werror --release 11 \
    -sourcepath "$here/stubs" -implicit:none -Xprefer:source -classpath "$classpath" -d "$work/classes" "$@"

if [ "$services" != - ]; then
    mkdir -p "$work/classes/META-INF/services"
    cp "$services"/* "$work/classes/META-INF/services/"
fi
echo 'Created-By: Drey' > "$work/manifest"
[ "$main" = - ] || echo "Main-Class: $main" >> "$work/manifest"

# A fixed time and a sorted list: jar alone would take the file system's order.
(cd "$work/classes" && find . -type f | sed 's|^\./||' | LC_ALL=C sort > "$work/list")
(cd "$work/classes" && "${bin}jar" --create --file "$work/out.jar" --manifest "$work/manifest" \
    --date 2020-01-01T00:00:00Z "@$work/list")

mkdir -p "$(dirname "$out")"
cp "$work/out.jar" "$out.tmp"
mv "$out.tmp" "$out"
