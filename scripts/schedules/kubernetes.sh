# shellcheck shell=bash
# Part of prove-schedules. The container's command, as the pod runs it.

pod_tree() { # NAME
    local tree
    tree=$(tree "$1")
    mkdir -p "$tree/etc/floodmark/suite" "$tree/etc/floodmark/client" "$tree/results"
    python3 "$SCRIPTS/jobs.py" kubernetes "$FOLDER/kubernetes/floodmark-nightly.yaml" "$tree/etc/floodmark/suite" > "$WORK/command"
    [ -z "${SUITE:-}" ] || cp "$SUITE" "$tree/etc/floodmark/suite/nightly.toml"
    mv "$tree/etc/floodmark/client.properties" "$tree/etc/floodmark/client/"
    chown 0:10001 "$tree/etc/floodmark/client/client.properties"
    chmod 0440 "$tree/etc/floodmark/client/client.properties"
    echo "$tree"
}

# As the pod does: its user, no capabilities, and a root that is read only beside the volumes.
pod_ends_with() { # CODE
    local tree code=0
    tree=$(pod_tree "pod-$1")
    echo "$1" > "$tree/usr/local/bin/code"
    mapfile -t command < "$WORK/command"
    # shellcheck disable=SC2016  # the pod's words, not this script's
    "$SCRIPTS/machine" "$tree" bash -c '
        mount -t tmpfs -o uid=10001,gid=10001 tmpfs /results
        mount -o remount,ro /
        ! touch /etc/floodmark/x 2> /dev/null || exit 99
        code=0
        setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@" || code=$?
        [ ! -e /results/measured ] || [ "$(wc -l < /results/measured)" = 1 ] || exit 98
        ls /results
        exit $code' pod "${command[@]}" || code=$?
    [ $code = "$1" ] || { echo "the pod ended with $code"; return 1; }
}

try_kubernetes() {
    local code
    can_have_machines || { left kubernetes "its command is not started: that needs root and unshare"; return; }
    for code in 0 1 2 3 4; do check kubernetes "the container's command, as its user on a read-only root, ends with $code" pod_ends_with $code; done
    left kubernetes "not applied to a cluster"
}
