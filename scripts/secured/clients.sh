# shellcheck shell=bash
# Part of scripts/kafka: who may log in, and ready-made client files for each way in.

# floodmark may do all that floodmark's commands need, sender what `produce` needs, reader what reading needs, and nobody nothing.
PRINCIPALS=(floodmark sender reader nobody)

# The ways in: listener, and mechanism where there is a login.
DOORS=(plain tls mutual-tls sasl-plain sasl-scram-256 sasl-scram-512 sasl-tls-plain sasl-tls-scram-256 sasl-tls-scram-512 oauth oauth-tls-signed)

password_of() { cat "$SECURITY/$1.password"; }

make_passwords() {
    local principal
    for principal in "${PRINCIPALS[@]}"; do
        (umask 077 && openssl rand -hex 12 >"$SECURITY/$principal.password")
    done
}

# Everything that the brokers need before they are formatted, and their clients after.
secure() { # BROKERS
    mkdir -p "$SECURITY"
    make_certificates
    make_passwords
    write_client_files "$1"
}

scram_arguments() {
    local principal mechanism
    for principal in "${PRINCIPALS[@]}"; do
        for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
            printf '%s\n' --add-scram "$mechanism=[name=$principal,password=$(password_of "$principal")]"
        done
    done
}

listener_of() { # DOOR
    case $1 in
        plain) echo CLIENT ;;
        tls) echo TLS ;;
        mutual-tls) echo MUTUAL ;;
        sasl-tls-*) echo SASLTLS ;;
        sasl-*) echo SASL ;;
        oauth) echo OAUTH ;;
        oauth-tls-signed) echo SIGNED ;;
    esac
}

mechanism_of() { # DOOR; nothing without a login
    case $1 in
        *-scram-256) echo SCRAM-SHA-256 ;;
        *-scram-512) echo SCRAM-SHA-512 ;;
        sasl-*) echo PLAIN ;;
        oauth*) echo OAUTHBEARER ;;
    esac
}

door_addresses() { # DOOR BROKERS
    local listener
    listener=$(listener_of "$1")
    if [ "$listener" = CLIENT ]; then addresses "$2"; else listener_addresses "$listener" "$2"; fi
}

# DOOR.properties for Java's clients and --client-config, DOOR.librdkafka with a line for each -X. Those for Kafka's own tools are admin's:
# the brokers' certificate may do everything.
write_client_files() { # BROKERS
    local door
    (
        umask 077
        for door in "${DOORS[@]}"; do
            java_client "$door" "$1" >"$SECURITY/clients/$door.properties"
            librdkafka_client "$door" "$1" >"$SECURITY/clients/$door.librdkafka"
        done
        {
            echo "bootstrap.servers=$(listener_addresses BROKER "$1")"
            echo security.protocol=SSL
            java_stores broker
        } >"$SECURITY/admin.properties"
    )
}

java_client() { # DOOR BROKERS
    local listener mechanism module
    listener=$(listener_of "$1") mechanism=$(mechanism_of "$1")
    echo "bootstrap.servers=$(door_addresses "$1" "$2")"
    [ "$listener" = CLIENT ] || echo "security.protocol=$(protocol_of "$listener")"
    if [ -n "$mechanism" ]; then echo "sasl.mechanism=$mechanism"; fi
    case $mechanism in
        PLAIN) module=plain.PlainLoginModule ;;
        SCRAM-*) module=scram.ScramLoginModule ;;
        *) module= ;;
    esac
    [ -z "$module" ] || echo "sasl.jaas.config=org.apache.kafka.common.security.$module required username=\"floodmark\" password=\"$(password_of floodmark)\";"
    case $1 in
        mutual-tls) java_stores floodmark ;;
        *tls*) java_stores ;;
    esac
}

java_stores() { # [OWN_CERTIFICATE]
    printf '%s\n' ssl.truststore.type=PEM "ssl.truststore.location=$SECURITY/ca.pem"
    [ -z "${1:-}" ] || printf '%s\n' ssl.keystore.type=PEM "ssl.keystore.location=$SECURITY/$1.pem"
}

librdkafka_client() { # DOOR BROKERS
    local listener mechanism
    listener=$(listener_of "$1") mechanism=$(mechanism_of "$1")
    echo "bootstrap.servers=$(door_addresses "$1" "$2")"
    [ "$listener" = CLIENT ] || protocol_of "$listener" | sed 's/.*/security.protocol=\L&/'
    case $mechanism in
        '') ;;
        OAUTHBEARER) echo sasl.mechanism=OAUTHBEARER ;;
        *) printf '%s\n' "sasl.mechanism=$mechanism" sasl.username=floodmark "sasl.password=$(password_of floodmark)" ;;
    esac
    case $1 in
        *tls*) echo "ssl.ca.location=$SECURITY/ca.pem" ;;
    esac
    if [ "$1" = mutual-tls ]; then printf '%s\n' "ssl.certificate.location=$SECURITY/floodmark.pem" "ssl.key.location=$SECURITY/floodmark.pem"; fi
}
