# shellcheck shell=bash
# Part of prove-schedules. The units, in a systemd of their own.

boot() {
    local tree
    tree=$(tree systemd)
    mkdir -p "$tree/opt/units/floodmark-nightly.service.d" "$tree/usr/bin"
    cp "$FOLDER"/systemd/* "$tree/opt/units"
    # Fifteen minutes, for a test.
    printf '[Service]\nRestartSec=100ms\n' > "$tree/opt/units/floodmark-nightly.service.d/soon.conf"
    printf '[Unit]\nRequires=basic.target systemd-journald.service\nAfter=basic.target\n' > "$tree/opt/units/trial.target"
    # shellcheck disable=SC2016  # the mail's words, not this script's
    printf '#!/bin/sh\n{ echo "$@"; cat; } > /tmp/mail && mv /tmp/mail /tmp/mailed\n' > "$tree/usr/bin/mail"
    chmod +x "$tree/usr/bin/mail"
    # Of this machine's units only what a boot needs.
    cat > "$tree/opt/boot" <<'BOOT'
mkdir -p /run/kept /run/log/journal
cd /lib/systemd/system
cp basic.target sysinit.target sockets.target timers.target paths.target slices.target shutdown.target umount.target network-online.target \
    time-sync.target systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket /run/kept
cd /
mount --bind /run/kept /lib/systemd/system
mount -t tmpfs tmpfs /etc/systemd/system
cp -r /opt/units/* /etc/systemd/system
systemd-tmpfiles --create --prefix=/run/log/journal
exec /lib/systemd/systemd --system --unit=trial.target --log-target=journal --show-status=0
BOOT
    machine "$tree" bash /opt/boot && until_so inside systemctl is-active trial.target
}

property() { inside systemctl show --property "$2" --value "$1"; } # UNIT NAME

is_over() { case $(property floodmark-nightly.service ActiveState) in failed | inactive) true ;; *) false ;; esac; }

has_measured() { [ "$(inside cat /var/lib/floodmark/measured 2> /dev/null | wc -l)" = "$1" ]; }

fresh_night() { # CODE
    inside bash -c "echo $1 > /usr/local/bin/code; rm -rf /tmp/mailed /var/lib/floodmark/* /usr/local/bin/hold"
    inside systemctl reset-failed
}

unit_ends_with() { # CODE RESULT STARTS SUBJECT
    fresh_night "$1"
    inside systemctl start floodmark-nightly.service || true
    until_so is_over || return 1
    [ "$(property floodmark-nightly.service Result)" = "$2" ] || { echo "result $(property floodmark-nightly.service Result)"; return 1; }
    [ "$(property floodmark-nightly.service ExecMainStatus)" = "$1" ] || { echo "another code"; return 1; }
    has_measured "$3" || { inside journalctl --no-pager -o cat -n 30; return 1; }
    if [ -z "$4" ]; then
        if inside test -e /tmp/mailed; then return 1; fi
        return
    fi
    until_so inside test -e /tmp/mailed && inside cat /tmp/mailed | tee "$WORK/mail"
    [ "$(inside systemctl is-active floodmark-nightly-alarm.service)" != failed ] || { inside journalctl --no-pager -o cat -n 20; return 1; }
    grep -q "floodmark nightly: $4" "$WORK/mail" && grep -q "measuring" "$WORK/mail"
}

unit_does_not_overlap() {
    fresh_night 0
    inside touch /usr/local/bin/hold
    inside systemctl start --no-block floodmark-nightly.service
    until_so has_measured 1 || return 1
    inside systemctl start --no-block floodmark-nightly.service
    inside rm /usr/local/bin/hold
    until_so is_over && has_measured 1
}

unit_goes_on_after_a_kill() {
    fresh_night 0
    inside touch /usr/local/bin/hold
    inside systemctl start --no-block floodmark-nightly.service
    until_so has_measured 1 || return 1
    inside systemctl kill --signal=KILL floodmark-nightly.service
    inside rm /usr/local/bin/hold
    until_so has_measured 2 && until_so is_over && [ "$(property floodmark-nightly.service Result)" = success ]
}

timer_makes_up_for_a_missed_night() {
    fresh_night 0
    inside bash -c 'mkdir -p /var/lib/systemd/timers; touch -d "3 days ago" /var/lib/systemd/timers/stamp-floodmark-nightly.timer'
    inside systemctl start floodmark-nightly.timer
    until_so has_measured 1
}

try_systemd() {
    if ! can_have_machines || [ ! -x /lib/systemd/systemd ]; then
        left systemd "not started by a systemd: that needs root, unshare and systemd"
        try_exec_start
        return
    fi
    if ! boot > "$WORK/said" 2>&1; then
        left systemd "not started by a systemd: none boots here ($(tail -n 1 "$WORK/machine.log" "$WORK/said" | tr '\n' ' '))"
        end_machine
        try_exec_start
        return
    fi
    check systemd "started by systemd $(systemd-analyze --version | sed -n '1s/systemd \([0-9]*\).*/\1/p'), code 0: success, no mail" unit_ends_with 0 success 1 ""
    check systemd "code 1: failed, started once, mailed as worse" unit_ends_with 1 exit-code 1 "worse than before"
    check systemd "code 2: failed, started once, mailed as not measured" unit_ends_with 2 exit-code 1 "not measured"
    check systemd "code 3: failed, started once, mailed as no answer" unit_ends_with 3 exit-code 1 "no answer"
    check systemd "code 4: started three times, then mailed as not measured" unit_ends_with 4 exit-code 3 "not measured"
    check systemd "a second start during a night does nothing" unit_does_not_overlap
    check systemd "killed: started again" unit_goes_on_after_a_kill
    check systemd "the timer makes up for a night that was missed" timer_makes_up_for_a_missed_night
    end_machine
}

# The command of a unit or of a cron line, with a folder in place of the system's.
here() { sed "s|/usr/local/bin/floodmark|floodmark|g; s|/etc/floodmark|$1/etc/floodmark|g; s|/var/lib/floodmark|$1/lib|g; s|%S/floodmark|$1/lib|g"; } # TREE

command_of() { # KIND
    case $1 in
        systemd) sed -n 's/^ExecStart=//p' "$FOLDER/systemd/floodmark-nightly.service" ;;
        cron) cron_line | sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* [^ ]*  *floodmark  *//' ;;
    esac
}

command_ends_with() { # KIND CODE
    local tree command code=0
    tree=$(tree "$1-$2")
    mkdir "$tree/lib"
    echo "$2" > "$tree/usr/local/bin/code"
    command=$(command_of "$1")
    PATH=$tree/usr/local/bin:$PATH sh -c "$(here "$tree" <<< "$command")" || code=$?
    [ $code = "$2" ] && [ "$(wc -l < "$tree/lib/measured")" = 1 ]
}

try_exec_start() {
    local code
    for code in 0 1 2 3 4; do check systemd "the command of ExecStart= ends with $code" command_ends_with systemd $code; done
}
