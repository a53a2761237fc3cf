# shellcheck shell=bash
# Part of prove-schedules. The line, by its command and in Debian's cron.

cron_line() { grep -E '^[0-9*]' "$FOLDER/cron/floodmark-nightly"; }

fetch_cron() {
    # /lib is a link on this machine, and only holds cron's unit.
    has apt-get && (cd "$WORK" && apt-get download -qq cron && dpkg-deb -x cron_*.deb "$1" && rm -r "${1:?}/lib") > "$WORK/said" 2>&1
}

cron_accepts_the_line() {
    cron_line | sed 's/^\([^ ]* [^ ]* [^ ]* [^ ]* [^ ]*\)  *floodmark  */\1 /' > "$1/opt/line"
    "$SCRIPTS/machine" "$1" bash -c 'groupadd --system crontab; crontab -n /opt/line'
}

cron_runs_a_red_night() {
    sed 's/^0 2 \* \* \*/* * * * */' "$FOLDER/cron/floodmark-nightly" > "$1/etc/cron.d/floodmark-nightly"
    grep -q '^\* \* \* \* \*  floodmark' "$1/etc/cron.d/floodmark-nightly" || return 1
    echo 1 > "$1/usr/local/bin/code"
    machine "$1" bash -c 'mkdir -p /var/spool/cron/crontabs; install -d -o floodmark /var/lib/floodmark; chown root: /etc/cron.d/*; exec cron -f' || return 1
    echo "waiting for cron's next minute" >&3
    PATIENCE=90 until_so inside test -e /tmp/mailed || return 1
    inside cat /tmp/mailed | tee "$WORK/mail"
    inside cat /var/lib/floodmark/nightly.log | tee "$WORK/log"
    grep -q 'exit code 1' "$WORK/mail" && grep -q '^NIGHT' "$WORK/mail" && grep -q '^To: root' "$WORK/mail" && grep -q '^NIGHT' "$WORK/log"
}

cron_says_nothing_on_green() {
    command_ends_with cron 0 > "$WORK/spoken" 2>&1 && [ ! -s "$WORK/spoken" ] && grep -q '^NIGHT' "$WORK/cron-0/lib/nightly.log"
}

try_cron() {
    local tree code
    check cron "a green night prints nothing, and is in the log" cron_says_nothing_on_green
    for code in 1 2 3 4; do check cron "a night that ends with $code: the command does" command_ends_with cron $code; done
    tree=$(tree cron)
    mkdir -p "$tree/usr/sbin" "$tree/etc/cron.d" "$tree/opt"
    if ! can_have_machines || ! fetch_cron "$tree"; then
        left cron "not started by cron, its times not parsed: that needs root, unshare and apt-get"
        return
    fi
    printf '#!/bin/sh\ncat > /tmp/mail && mv /tmp/mail /tmp/mailed\n' > "$tree/usr/sbin/sendmail"
    chmod +x "$tree/usr/sbin/sendmail"
    check cron "crontab -n accepts the line" cron_accepts_the_line "$tree"
    check cron "Debian's cron runs the file (every minute): a red night is in the log, and is mailed" cron_runs_a_red_night "$tree"
    end_machine
}
