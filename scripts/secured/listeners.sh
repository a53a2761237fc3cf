# shellcheck shell=bash
# Part of scripts/kafka: what `start --secure` adds. Here are the listeners: their ports, their protocols, and the brokers' properties.

SECURITY=$RUN/security

# Behind the plain listener, each has ports of its own, ten above the one before.
SECURED_LISTENERS=(TLS MUTUAL SASL SASLTLS OAUTH SIGNED EXPIRED ELSEWHERE BROKER)

is_secured() { [ -d "$SECURITY" ]; }

protocol_of() { # LISTENER
    case $1 in
        TLS | MUTUAL | EXPIRED | ELSEWHERE | BROKER) echo SSL ;;
        SASL | OAUTH) echo SASL_PLAINTEXT ;;
        SASLTLS | SIGNED) echo SASL_SSL ;;
    esac
}

listener_port() { # LISTENER BROKER
    local place
    for place in "${!SECURED_LISTENERS[@]}"; do
        if [ "${SECURED_LISTENERS[place]}" = "$1" ]; then echo $((PORT + 10 * (place + 1) + 2 * ($2 - 1))); fi
    done
}

secured_ports() { # BROKER
    local listener
    for listener in "${SECURED_LISTENERS[@]}"; do listener_port "$listener" "$1"; done
}

# A listener of one broker, or of all, for a client.
listener_addresses() { # LISTENER BROKERS
    local broker list=
    for ((broker = 1; broker <= $2; broker++)); do list+=${list:+,}127.0.0.1:$(listener_port "$1" "$broker"); done
    echo "$list"
}

# The later line of a name counts: these come after the properties of a broker that anybody may use.
secured_properties() { # BROKER
    local listener clients='' protocols=''
    for listener in "${SECURED_LISTENERS[@]}"; do
        clients+=,$listener://127.0.0.1:$(listener_port "$listener" "$1")
        protocols+=,$listener:$(protocol_of "$listener")
    done
    cat <<PROPERTIES

# Secured: nothing is allowed but to the brokers themselves, and what is granted.
listeners=CLIENT://127.0.0.1:$(client_port "$1")$clients,CONTROLLER://127.0.0.1:$(controller_port "$1")
advertised.listeners=CLIENT://127.0.0.1:$(client_port "$1")$clients
listener.security.protocol.map=CLIENT:PLAINTEXT$protocols,CONTROLLER:SSL
inter.broker.listener.name=BROKER
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:broker
ssl.keystore.type=PEM
ssl.keystore.location=$SECURITY/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$SECURITY/ca.pem
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*\$/\$1/
listener.name.mutual.ssl.client.auth=required
listener.name.broker.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
listener.name.expired.ssl.keystore.type=PEM
listener.name.expired.ssl.keystore.location=$SECURITY/expired.pem
listener.name.elsewhere.ssl.keystore.type=PEM
listener.name.elsewhere.ssl.keystore.location=$SECURITY/elsewhere.pem
$(login_properties sasl)
$(login_properties sasltls)
$(token_properties oauth unsecured.OAuthBearerUnsecuredValidatorCallbackHandler)
$(token_properties signed OAuthBearerValidatorCallbackHandler)
listener.name.signed.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file://$SECURITY/keys.json
listener.name.signed.oauthbearer.sasl.oauthbearer.expected.audience=floodmark
listener.name.signed.oauthbearer.sasl.oauthbearer.expected.issuer=scripts/kafka
PROPERTIES
}

login_properties() { # LISTENER, in lower case
    local name=$1 users='' principal
    for principal in "${PRINCIPALS[@]}"; do users+=" user_$principal=\"$(password_of "$principal")\""; done
    cat <<PROPERTIES
listener.name.$name.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.$name.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required$users;
listener.name.$name.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.$name.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
PROPERTIES
}

# A connection ends with its token: a client that has no newer one by then is cut off.
token_properties() { # LISTENER VALIDATOR
    cat <<PROPERTIES
listener.name.$1.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.$1.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
listener.name.$1.oauthbearer.sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredLoginCallbackHandler
listener.name.$1.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.${2/unsecured./internals.unsecured.}
listener.name.$1.oauthbearer.connections.max.reauth.ms=3600000
PROPERTIES
}

# The broker reads keys for tokens only from addresses that its JVM allows.
secured_jvm_flags() {
    printf '%s\n' "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://$SECURITY/keys.json" \
        "-Dorg.apache.kafka.sasl.oauthbearer.allowed.files=$SECURITY/keys.json"
}
