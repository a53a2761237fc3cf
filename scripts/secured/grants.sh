# shellcheck shell=bash
# Part of scripts/kafka: the rights of the principals, and no more than they need. docs/clusters.md says which command needs which.

# Who comes without a login or certificate of its own, at the plain and the TLS listener, is ANONYMOUS: it may do what floodmark may.
grant_rights() {
    grant 'floodmark ANONYMOUS sender' '--topic floodmark --operation Write --operation Create'
    grant 'floodmark ANONYMOUS sender' '--transactional-id floodmark --operation Write'
    grant 'floodmark ANONYMOUS reader' '--topic floodmark --operation Read'
    grant 'floodmark ANONYMOUS sender reader' '--topic floodmark --operation DescribeConfigs'
    grant 'floodmark ANONYMOUS reader' '--group floodmark --operation Describe'
}

grant() { # PRINCIPALS RESOURCES_AND_OPERATIONS
    local principal
    local -a whom=()
    for principal in $1; do whom+=(--allow-principal "User:$principal"); done
    # shellcheck disable=SC2086  # the words of the resources
    acls --add "${whom[@]}" --resource-pattern-type prefixed $2 >"$SECURITY/grants.log" 2>&1 ||
        fail "cannot grant rights (log: $SECURITY/grants.log)"
}

acls() { # ARGS...: Kafka's own tool, with the brokers' certificate
    run_java 256m "$RUN/tool-log4j2.properties" org.apache.kafka.tools.AclCommand \
        --bootstrap-server "$(listener_addresses BROKER "$(configured)")" --command-config "$SECURITY/admin.properties" "$@"
}
