#!/bin/sh
# Says what is missing to build Drey, and how to get it.
set -u
missing=0
need() { # command, what it is, how to get it
    command -v "$1" > /dev/null 2>&1 && return
    echo "missing: $2; $3" >&2
    missing=1
}
java=${JAVA_HOME:+$JAVA_HOME/bin/}
need go "Go 1.26" "https://go.dev/doc/install"
need gcc "a C compiler (the race detector needs one)" "Debian: apt-get install gcc"
need "${java}javac" "a JDK 17" "Debian: apt-get install openjdk-17-jdk-headless, or set JAVA_HOME"
need "${java}java" "a JDK 17" "Debian: apt-get install openjdk-17-jdk-headless, or set JAVA_HOME"
need python3 "Python 3 with pip, which fetches Flink" "Debian: apt-get install python3 python3-pip"
set -- /usr/lib/postgresql/*/bin/initdb
[ -x "$1" ] || need initdb "PostgreSQL 15 or newer, which tests start" "Debian: apt-get install postgresql"
[ "$missing" = 0 ] || exit 1
python3 -m pip --version > /dev/null 2>&1 || { echo "missing: pip; Debian: apt-get install python3-pip" >&2; exit 1; }
