# shellcheck shell=bash
# Part of prove-secured. Every command through every listener and mechanism.

# shellcheck source=/dev/null
. "$SCRIPTS/secured/clients.sh"

# A run comes by both forms of client settings, the other nine commands by each in turn, and so the other way round at the next door.
prove_ways() {
    local door command form
    local turn=properties
    cat >"$WORK/night.toml" <<SUITE
cluster = "$CLUSTER"
repetitions = 1
[[profile]]
file = "door.toml"
SUITE
    for door in "${DOORS[@]}"; do
        for form in librdkafka properties; do
            client_flags "$door" "$form"
            try_way "$door" "$form" run
        done
        for command in apart watermark capture records inspect new capacity sweep nightly; do
            client_flags "$door" "$turn"
            try_way "$door" "$turn" "$command"
            turn=$([ "$turn" = properties ] && echo librdkafka || echo properties)
        done
    done
}

client_flags() { # DOOR FORM: leaves them in CLIENT
    local line
    CLIENT=()
    if [ "$2" = properties ]; then
        CLIENT=(--client-config "$CLIENT_FILES/$1.properties")
    else
        while read -r line; do CLIENT+=(-X "$line"); done <"$CLIENT_FILES/$1.librdkafka"
    fi
    case $1 in
        oauth) CLIENT+=(--token-command "$(token_command)") ;;
        oauth-tls-signed) CLIENT+=(--token-command "$(token_command --key "$SECURITY/tokens.key")") ;;
    esac
}

try_way() { # DOOR FORM COMMAND
    local form=-X
    [ "$2" = librdkafka ] || form=--client-config
    "way_$3" "$WORK/$1-$2-$3"
    local words
    words=$(printf '%-20s %-16s %-10s exit %s' "$1" "$form" "$3" "$CODE")
    if came_about; then row ok "$words"; else row WRONG "$words"; fi
}

way_run() { said run door.toml "${CLIENT[@]}" --out "$1"; }

# produce and consume each in a process, and what merge makes of their parts.
way_apart() {
    local id=apart-$RUNS reader
    (cd "$WORK" && FLOODMARK_CONFIG=none timeout 60 "$FLOODMARK" consume door.toml "${CLIENT[@]}" --run-id "$id" --out "$1-c") >"$WORK/said/$id" 2>&1 </dev/null &
    reader=$!
    until grep -q '^Ready' "$WORK/said/$id" || ! kill -0 "$reader" 2>/dev/null; do sleep 0.1; done
    said produce door.toml "${CLIENT[@]}" --run-id "$id" --out "$1-p"
    came_about || return 0
    wait "$reader" || true
    said merge "$1-c" "$1-p" --out "$1"
}

way_watermark() { said watermark -t floodmark-door --engine flink --bound 5s "${CLIENT[@]}"; }
way_capture() { said capture -t floodmark-door --from '10m ago' --step 1s --sample 100 --out "$1.csv" "${CLIENT[@]}"; }
way_records() { said capture -t floodmark-door --from '1h ago' --records "$1.csv" --records-limit 50 "${CLIENT[@]}"; }
way_inspect() { said inspect -t floodmark-door "${CLIENT[@]}"; }
way_new() { said new "$1.toml" --from-topic floodmark-door "${CLIENT[@]}"; }

way_capacity() {
    said capacity door.toml --set stream.orders.slo.end_to_end_p99=60s --trial 8s --confirm 8s --no-recovery --no-recheck --most-trials 1 "${CLIENT[@]}" --out "$1"
}

way_sweep() { said sweep door.toml --vary linger.ms=0,5 --repeat 1 --duration 2s "${CLIENT[@]}" --out "$1"; }
way_nightly() { said nightly night.toml --results "$1" "${CLIENT[@]}"; }
