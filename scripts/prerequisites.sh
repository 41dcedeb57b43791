#!/bin/sh
# Says what is missing to build and test Drey, and how to get it; `prerequisites.sh install` gets it (as root, on Debian).
# Arguments: install, kube (also what the Kubernetes of the tests needs).
set -u
install= kube=
for word in "$@"; do
    case $word in
    install) install=yes ;;
    kube) kube=yes ;;
    *) echo "usage: $0 [install] [kube]" >&2; exit 2 ;;
    esac
done
PATH=$PATH:/usr/sbin:/sbin
packages= missing=
need() { # command or file, what it is, its Debian package
    command -v "$1" > /dev/null 2>&1 && return
    missing="$missing
  $2"
    packages="$packages $3"
}
java=${JAVA_HOME:+$JAVA_HOME/bin/}
need gcc "a C compiler (the race detector needs one)" gcc
need "${java}javac" "a JDK 17 (or set JAVA_HOME)" openjdk-17-jdk-headless
need python3 "Python 3, whose pip fetches Flink" python3
python3 -m pip --version > /dev/null 2>&1 || need no-pip "pip" python3-pip
need mvn "Maven, which fetches what Flink's wheel lacks" maven
set -- /usr/lib/postgresql/*/bin/initdb
need "$1" "PostgreSQL 15 or newer, which tests start" postgresql
if [ "$kube" ]; then
    need containerd "containerd" containerd
    need runc "runc" runc
    need /usr/lib/cni/bridge "CNI's plugins" containernetworking-plugins
    need iptables "iptables" iptables
    need ip "ip" iproute2
    need nsenter "nsenter" util-linux
    need /bin/busybox "a static busybox" busybox-static
    [ "$(id -u)" = 0 ] || { echo "not root: a Kubernetes of the tests is made of namespaces, mounts and cgroups" >&2; exit 1; }
fi
command -v go > /dev/null 2>&1 || { echo "missing: Go 1.26; https://go.dev/doc/install" >&2; exit 1; }
[ "$packages" ] || exit 0
if [ "$install" ]; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages
    exit
fi
echo "missing:$missing
Debian: apt-get install --no-install-recommends$packages" >&2
exit 1
