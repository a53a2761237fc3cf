# shellcheck shell=bash
# Part of prove-secured. Which rights a command needs: it works with these alone, and not without one of them. Each try has a principal of its
# own, at the listener that takes tokens without a signature.

# COMMAND RIGHTS: what docs/clusters.md says. `new-topic` is a run whose topic is not there, and `transactions` one with exactly-once.
RIGHTS=(
    'run Write/topic,Read/topic'
    'new-topic Write/topic,Read/topic,Create/topic'
    'transactions Write/topic,Read/topic,Write/transactional-id'
    'produce Write/topic'
    'consume Read/topic'
    'capacity Write/topic,Read/topic'
    'sweep Write/topic,Read/topic'
    'nightly Write/topic,Read/topic'
    'watermark Read/topic'
    'capture Describe/topic'
    'sample Read/topic'
    'records Read/topic'
    'inspect Read/topic'
    'new Read/topic'
)

prove_rights() {
    local entry command rights missing
    [ -e "$WORK/night.toml" ] || printf 'cluster = "%s"\nrepetitions = 1\n[[profile]]\nfile = "door.toml"\n' "$CLUSTER" >"$WORK/night.toml"
    client_flags plain librdkafka
    way_run "$WORK/fill" # so that the topic is there, with something in it
    grant_all
    for entry in "${RIGHTS[@]}"; do
        read -r command rights <<<"$entry"
        as "$command"
        "right_$command" "$WORK/right-$command"
        if came_about; then row ok "$(printf '%-14s with %s alone: exit %s' "$command" "$rights" "$CODE")"; else row WRONG "$command with $rights"; fi
        for missing in ${rights//,/ }; do
            as "$command-without-${missing/\//-}"
            "right_$command" "$WORK/right-$command-without-${missing/\//-}"
            denied "$command" "$missing"
        done
    done
}

# One request for all: a row for each right, with the principals that have it.
grant_all() {
    local entry command rights right other
    local -A whom=()
    for entry in "${RIGHTS[@]}"; do
        read -r command rights <<<"$entry"
        for right in ${rights//,/ }; do
            whom[$right]+=,$command
            for other in ${rights//,/ }; do
                [ "$other" = "$right" ] || whom[$right]+=,$command-without-${other/\//-}
            done
        done
    done
    local -a rows=()
    for right in "${!whom[@]}"; do rows+=("${whom[$right]#,} ${right%/*} ${right#*/} floodmark"); done
    java -Xmx256m -cp "$(scripts/kafka libs)/*" scripts/secured/Grants.java "$SECURITY/admin.properties" "${rows[@]}" 2>/dev/null
}

as() { # PRINCIPAL
    CLIENT=(-b "127.0.0.1:$((PORT + 50))" -X security.protocol=sasl_plaintext -X sasl.mechanism=OAUTHBEARER
        -X enable.sasl.oauthbearer.unsecure.jwt=true -X "sasl.oauthbearer.config=principal=$1")
}

denied() { # COMMAND RIGHT
    local operation=${2%/*} resource=${2#*/} words
    words=$(printf '%-14s without %s: exit %s: %s' "$1" "$2" "$CODE" "$(first_error | sed 's/; an administrator.*//')")
    if [ "$CODE" = 4 ] && grep -q "lacks the right $operation on ${resource/-/ }" "$SAID"; then
        row ok "$words"
    else
        row WRONG "$words"
    fi
}

right_run() { way_run "$@"; }
right_capacity() { way_capacity "$@"; }
right_sweep() { way_sweep "$@"; }
right_nightly() { way_nightly "$@"; }
right_watermark() { way_watermark "$@"; }
right_records() { way_records "$@"; }
right_inspect() { way_inspect "$@"; }
right_new() { way_new "$@"; }
right_sample() { way_capture "$@"; }
right_capture() { said capture -t floodmark-door --from '10m ago' --step 1s --out "$1.csv" "${CLIENT[@]}"; }
right_new-topic() { said run door.toml --set "stream.orders.topic=floodmark-$(basename "$1")" "${CLIENT[@]}" --out "$1"; }
right_transactions() { said run door.toml --set stream.orders.delivery=exactly-once "${CLIENT[@]}" --out "$1"; }
right_produce() { said produce door.toml "${CLIENT[@]}" --out "$1"; }
right_consume() { said consume door.toml "${CLIENT[@]}" --run-id "rights-$RUNS" --duration 1s --out "$1"; }
