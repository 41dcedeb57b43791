#!/bin/sh
# Says what is missing to run the Kubernetes of the tests (test/kube), and how to get it.
set -u
missing=
need() { # file or command, its Debian package
    command -v "$1" > /dev/null 2>&1 || missing="$missing $2"
}
PATH=$PATH:/usr/sbin:/sbin
need containerd containerd
need runc runc
need /usr/lib/cni/bridge containernetworking-plugins
need iptables iptables
need ip iproute2
need nsenter util-linux
need /bin/busybox busybox-static
[ -z "$missing" ] || { echo "missing; Debian: apt-get install --no-install-recommends$missing" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "not root: a cluster is made of namespaces, mounts and cgroups" >&2; exit 1; }
