# shellcheck shell=bash
# Part of prove-schedules. Machines to start schedules on; `machine` beside this file is one.

can_have_machines() { [ "$(id -u)" = 0 ] && has unshare && has nsenter && has setpriv; }

tree() { # NAME: the files of a machine
    local tree=$WORK/$1
    mkdir -p "$tree/usr/local/bin" "$tree/etc/floodmark"
    cp "${PROGRAM:-$SCRIPTS/stub}" "$tree/usr/local/bin/floodmark"
    cp "${SUITE:-$FOLDER/nightly.toml}" "$tree/etc/floodmark/nightly.toml"
    cp profiles/average.toml "$tree/etc/floodmark/"
    echo "$CLIENT_PROPERTIES" > "$tree/etc/floodmark/client.properties"
    echo 0 > "$tree/usr/local/bin/code"
    echo "$tree"
}

# Puts this process into control groups of its own, so that a systemd in them leaves the others alone.
enter_groups() {
    local controllers path base groups
    # Read at once: moving changes the file.
    mapfile -t groups < /proc/self/cgroup
    while IFS=: read -r _ controllers path; do
        for base in "/sys/fs/cgroup/${controllers#name=}" /sys/fs/cgroup/unified /sys/fs/cgroup; do
            [ -w "$base$path/cgroup.procs" ] || continue
            mkdir -p "$base$path/floodmark-schedules"
            if [ "$controllers" = cpuset ]; then
                cat "$base$path/cpuset.cpus" > "$base$path/floodmark-schedules/cpuset.cpus"
                cat "$base$path/cpuset.mems" > "$base$path/floodmark-schedules/cpuset.mems"
            fi
            echo "$base$path/floodmark-schedules" >> "$WORK/groups"
            echo "$BASHPID" > "$base$path/floodmark-schedules/cgroup.procs"
            break
        done
    done < <(printf '%s\n' "${groups[@]}")
}

machine() { # TREE COMMAND...: starts it; NODE is its first process, and OUTER that one's parent
    (enter_groups; exec "$SCRIPTS/machine" "$@") > "$WORK/machine.log" 2>&1 < /dev/null &
    OUTER=$!
    until_so has_node || { cat "$WORK/machine.log"; return 1; }
}

has_node() { [ "$(cat "/proc/$OUTER/comm")" = unshare ] && NODE=$(pgrep -P "$OUTER"); }

inside() { nsenter --target "$NODE" --mount --pid --net --uts --ipc --cgroup --root --wd -- env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

end_machine() {
    local group
    [ -n "$OUTER" ] || return 0
    kill -KILL "$OUTER" 2> /dev/null || true
    wait "$OUTER" 2> /dev/null || true
    OUTER=
    while read -r group; do
        until_so emptied "$group" || true
    done < <(sort -u "$WORK/groups")
    rm -f "$WORK/groups"
}

emptied() { find "$1" -depth -type d -exec rmdir {} + 2> /dev/null; [ ! -e "$1" ]; }
