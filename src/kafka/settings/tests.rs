use super::*;

fn gather(file: &str, pairs: &[&str]) -> Result<ClientSettings, SettingsError> {
    gather_with_tokens(file, pairs, None)
}

fn gather_with_tokens(file: &str, pairs: &[&str], command: Option<&str>) -> Result<ClientSettings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.properties");
    std::fs::write(&path, file).unwrap();
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    ClientSettings::gather_with_tokens(Some("here:9092"), Some(&path), &pairs, command)
}

#[test]
fn the_command_line_wins_over_the_file_and_the_file_over_our_own() {
    let settings = gather("linger.ms=7\nacks=1\nbootstrap.servers=there:9092\n", &["linger.ms=9"]).unwrap();
    let producer = settings.producer(Delivery::AtLeastOnce, 10, None);
    assert_eq!((producer["linger.ms"].as_str(), producer["acks"].as_str()), ("9", "1"));
    assert_eq!(settings.brokers(), Some("here:9092"));
}

#[test]
fn another_name_of_a_property_takes_the_place_of_floodmarks_own() {
    for (alias, name) in ALIASES {
        let mut settings = ClientSettings::default();
        settings.set(alias, "7");
        let clients =
            [settings.producer(Delivery::AtLeastOnce, 10, None), settings.consumer("g", Isolation::ReadCommitted)];
        for client in clients {
            assert_eq!((client.get(name).map(String::as_str), client.get(alias)), (Some("7"), None), "{alias}");
        }
    }
    assert_eq!(gather("", &["metadata.broker.list=there:9092"]).unwrap().brokers(), Some("there:9092"));
}

#[test]
fn what_the_measurement_rests_on_cannot_be_taken_away_however_it_is_written() {
    for given in [
        "acks=0",
        "acks=00",
        "acks= 0",
        "acks=0x0",
        "acks=-0",
        "request.required.acks=0",
        "delivery.report.only.error=true",
        "delivery.report.only.error=1",
        "delivery.report.only.error=T",
        "enable.partition.eof=false",
        "enable.partition.eof=0",
        "enable.partition.eof=F",
        "auto.offset.reset=earliest",
        "auto.offset.reset=end",
        "transactional.id=mine",
    ] {
        let error = gather("", &[given]).unwrap_err().to_string();
        assert!(error.contains("leave nothing to measure"), "{given}: {error}");
    }
    let error = gather("acks=0\n", &[]).unwrap_err().to_string();
    assert!(error.contains("acks=0") && error.contains("acks=1 or acks=all"), "{error}");
    for given in ["acks=1", "acks=all", "acks=-1", "enable.partition.eof=1", "delivery.report.only.error=false"] {
        assert!(gather("acks=0\n", &[given, "acks=1"]).is_ok(), "{given}: the command line wins over the file");
    }
}

#[test]
fn a_queue_that_no_memory_holds_is_refused() {
    for value in ["99999999999", "0", "20000001", "2147483647", "-1"] {
        let error = gather("", &[&format!("queue.buffering.max.messages={value}")]).unwrap_err().to_string();
        assert!(error.contains("queue.buffering.max.messages"), "{value}: {error}");
    }
    assert_eq!(gather("", &["queue.buffering.max.messages=0x10"]).unwrap().queue_capacity(), 16);
    assert_eq!(gather("", &[]).unwrap().queue_capacity(), QUEUED);
}

#[test]
fn a_jaas_line_becomes_user_and_password_in_every_quote() {
    for quote in ["\"", "'", ""] {
        for module in ["plain.PlainLoginModule", "scram.ScramLoginModule"] {
            let line = format!(
                "sasl.jaas.config=org.apache.kafka.common.security.{module} required username={quote}u{quote} \\\n  password={quote}p{quote};\nsasl.mechanism=PLAIN\n"
            );
            let producer = gather(&line, &[]).unwrap().producer(Delivery::BestEffort, 10, None);
            assert_eq!((producer["sasl.username"].as_str(), producer["sasl.password"].as_str()), ("u", "p"));
            assert!(!producer.contains_key("sasl.jaas.config"));
        }
    }
}

#[test]
fn the_file_that_a_cloud_hands_out_is_read() {
    let file = "bootstrap.servers=127.0.0.1:9092\nsecurity.protocol=SASL_SSL\n\
        sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' password='SECRET';\n\
        sasl.mechanism=PLAIN\nclient.dns.lookup=use_all_dns_ips\nsession.timeout.ms=45000\nacks=all\n";
    let settings = gather(file, &[]).unwrap();
    let producer = settings.producer(Delivery::AtLeastOnce, 10, None);
    for (key, value) in
        [("sasl.username", "KEY"), ("sasl.password", "SECRET"), ("client.dns.lookup", "use_all_dns_ips")]
    {
        assert_eq!(producer[key], value);
    }
    let remarks = settings.remarks();
    assert!(
        remarks.len() == 1 && remarks[0].contains("session.timeout.ms") && remarks[0].contains("no group"),
        "{remarks:?}"
    );
    assert!(!format!("{settings:?}").contains("SECRET"), "{settings:?}");
}

#[test]
fn a_token_command_stands_in_for_javas_way_to_tokens() {
    let file = "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://there\n\
        sasl.login.callback.handler.class=a.b.Handler\n\
        sasl.jaas.config=a.b.OAuthBearerLoginModule required clientId=\"me\" clientSecret=\"hush\";\n";
    let error = gather(file, &[]).unwrap_err().to_string();
    assert!(error.contains("--token-command") && !error.contains("hush"), "{error}");
    let settings = gather_with_tokens(file, &[], Some("mint hush")).unwrap();
    let remarks = settings.remarks();
    assert!(
        remarks.len() == 1 && remarks[0].ends_with("without effect: tokens come from --token-command"),
        "{remarks:?}"
    );
    assert!(!format!("{settings:?} {remarks:?}").contains("hush"));
    let client = settings.consumer("g", Isolation::ReadCommitted);
    assert_eq!(client[tokens::COMMAND_KEY], "mint hush");
    assert_eq!(redact(tokens::COMMAND_KEY, "mint hush"), crate::redact::REMOVED, "in a manifest");
    assert!(native(&client).create_native_config().is_ok(), "librdkafka is not told");
}

#[test]
fn a_login_with_tokens_needs_some_and_no_other_login_does() {
    let tokens = ["security.protocol=sasl_ssl", "sasl.mechanism=OAUTHBEARER"];
    assert!(matches!(gather("", &tokens), Err(SettingsError::NoToken)));
    let unsecured = [&tokens[..], &["enable.sasl.oauthbearer.unsecure.jwt=true"]].concat();
    assert!(gather("", &unsecured).is_ok());
    let given = |pairs: &[&str]| gather_with_tokens("", pairs, Some("mint"));
    assert!(given(&tokens).is_ok() && given(&tokens[..1]).is_ok(), "the mechanism goes without saying");
    for pairs in [&[][..], &["security.protocol=ssl"], &["security.protocol=sasl_ssl", "sasl.mechanism=PLAIN"]] {
        assert!(matches!(given(pairs), Err(SettingsError::TokenUnused { .. })), "{pairs:?}");
    }
}

#[test]
fn javas_sizes_have_librdkafkas_names_and_units() {
    let file = "max.request.size=2097152\nbuffer.memory=33554432\nreceive.buffer.bytes=-1\nsend.buffer.bytes=131072\n\
        fetch.max.wait.ms=20\ncompression.type=zstd\ncompression.zstd.level=3\ncompression.gzip.level=9\n";
    let settings = gather(file, &[]).unwrap();
    let producer = settings.producer(Delivery::AtLeastOnce, 10, None);
    for (key, value) in [
        ("message.max.bytes", "2097152"),
        ("queue.buffering.max.kbytes", "32768"),
        ("socket.receive.buffer.bytes", "0"),
        ("socket.send.buffer.bytes", "131072"),
        ("fetch.wait.max.ms", "20"),
        ("compression.codec", "zstd"),
        ("compression.level", "3"),
    ] {
        assert_eq!(producer.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert!(settings.remarks().iter().any(|remark| remark.contains("compression.gzip.level")));
}

#[test]
fn a_consumers_requests_are_never_larger_than_its_answers() {
    for (file, request) in [
        ("max.request.size=200000000\n", Some("52428800")),
        ("max.request.size=2097152\n", Some("2097152")),
        ("fetch.max.bytes=500000\n", Some("500000")),
        ("fetch.max.bytes=10\n", Some("1000")),
        ("", None),
    ] {
        let consumer = gather(file, &[]).unwrap().consumer("g", Isolation::ReadCommitted);
        assert_eq!(consumer.get("message.max.bytes").map(String::as_str), request, "{file}");
        if !file.ends_with("=10\n") {
            use rdkafka::config::FromClientConfig;
            rdkafka::consumer::BaseConsumer::from_config(&native(&consumer)).unwrap();
        }
    }
}

/// The table agrees with the client itself, so that a new release of it cannot make the table wrong unnoticed.
#[test]
fn every_key_of_javas_clients_means_what_the_table_says() {
    let mut before = "";
    for (key, meaning) in java::TABLE {
        assert!(before < key, "{key} is out of order");
        before = key;
        match meaning {
            java::Meaning::Same => assert!(parsed::is_known(key), "{key}"),
            java::Meaning::Named(name) | java::Meaning::Bytes(name, _) => {
                assert!(parsed::is_known(name), "{name}");
                assert!(key == name || !parsed::is_known(key), "{key}");
            }
            java::Meaning::NoEffect(_) => {
                let settings = gather(&format!("{key}=1\n"), &[]).unwrap();
                assert!(settings.remarks()[0].contains(key) && settings.get(key).is_none(), "{key}");
            }
            java::Meaning::Refused(way_out) => {
                let error = gather(&format!("{key}=hush-1\n"), &[]).unwrap_err().to_string();
                assert!(error.contains(key) && error.contains(way_out), "{key}: {error}");
            }
            java::Meaning::Special => {}
        }
        if !parsed::is_known(key) {
            let error = gather("", &[&format!("{key}=1")]).unwrap_err().to_string();
            assert!(error.contains("Java's name") && error.contains(key), "{error}");
        }
    }
}

#[test]
fn a_partitioner_of_javas_has_no_effect_and_that_is_said() {
    let settings = gather("partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner\n", &[]).unwrap();
    let remarks = settings.remarks().join("\n");
    assert!(
        remarks.contains("partitioner.class without effect: floodmark chooses each event's partition"),
        "{remarks}"
    );
    assert!(!settings.producer(Delivery::AtLeastOnce, 10, None).contains_key("partitioner"));
}

#[test]
fn what_neither_client_knows_is_passed_over_and_said_as_kafkas_tools_do() {
    let settings = gather("sasl.pasword=hush\nsocket.nagle.disable=false\n", &[]).unwrap();
    let remarks = settings.remarks().join("\n");
    assert!(remarks.contains("sasl.pasword") && !remarks.contains("hush"), "{remarks}");
    assert_eq!(settings.admin()["socket.nagle.disable"], "false", "librdkafka's own names are taken from a file, too");
}

#[test]
fn values_have_blanks_cut_off_and_the_file_may_begin_with_a_mark() {
    let settings = gather("\u{feff}linger.ms =  7  \nsecurity.protocol = PLAINTEXT\t\n", &[]).unwrap();
    assert_eq!(settings.admin()["linger.ms"], "7");
    assert_eq!(settings.admin()["security.protocol"], "PLAINTEXT");
}

#[test]
fn a_file_that_is_only_part_of_a_mark_or_in_utf_16_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.properties");
    let gathered = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        ClientSettings::gather(None, Some(&path), &[]).map_err(|error| error.to_string())
    };
    for bytes in [&b"\xEF"[..], b"\xEF\xBB", b"\xFE", b"\xFF", b"\xEF\xBB\xBF\xEF"] {
        assert!(gathered(bytes).is_ok(), "{bytes:?}");
    }
    for bytes in [&b"\xFF\xFEa"[..], b"\xFE\xFF\0a\0", b"\xEF\xBB\xBF\xFF\xFEa"] {
        assert!(gathered(bytes).unwrap_err().contains("it is UTF-16 text; save it as UTF-8"), "{bytes:?}");
    }
}

#[test]
fn a_store_is_known_by_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let store = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let jks = store("a.pem", &[0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2]);
    let pkcs12 = store("b.jks", &[0x30, 0x82, 0x0A, 0x5E, 2, 1, 3]);
    let pem = store("c.jks", b"subject=/CN=x\n-----BEGIN CERTIFICATE-----\n");
    for (key, path, said) in [
        ("ssl.truststore.location", &jks, "it is JKS"),
        ("ssl.truststore.location", &pkcs12, "it is PKCS12"),
        ("ssl.keystore.location", &jks, "it is JKS"),
        ("ssl.truststore.location", &"/no/such/file".to_owned(), "No such file"),
    ] {
        let error = gather(&format!("{key}={path}\nssl.truststore.password=hush\n"), &[]).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(path.as_str()) && !error.contains("hush"), "{error}");
    }
    let file = format!(
        "ssl.truststore.location={pem}\nssl.keystore.location={pkcs12}\nssl.keystore.type=PKCS12\nssl.keystore.password=p\n"
    );
    let settings = gather(&file, &[]).unwrap().admin();
    assert_eq!(
        (settings["ssl.ca.location"].as_str(), settings["ssl.keystore.location"].as_str()),
        (pem.as_str(), pkcs12.as_str())
    );
    assert_eq!(settings["ssl.keystore.password"], "p");
    let settings = gather(&format!("ssl.keystore.location={pem}\n"), &[]).unwrap().admin();
    assert_eq!(
        (settings["ssl.certificate.location"].as_str(), settings["ssl.key.location"].as_str()),
        (pem.as_str(), pem.as_str())
    );
}

#[test]
fn what_cannot_be_used_is_named_with_the_way_out_and_without_secrets() {
    for (file, pairs, said) in [
        ("ssl.truststore.type=JKS\n", vec![], "PEM"),
        ("sasl.jaas.config=SomeLogin token=hush\n", vec![], "sasl.username"),
        ("sasl.jaas.config=a.Own required password='hush';\n", vec![], "sasl.username"),
        (
            "sasl.jaas.config=x.ScramLoginModule required username='hush' password='hush' tokenauth='true';\n",
            vec![],
            "tokenauth",
        ),
        ("ssl.key.password=${file:/etc/hush:key}\n", vec![], "config provider"),
        ("ssl.cipher.suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n", vec![], "OpenSSL's"),
        ("security.protocol=SASL_SSL\n", vec![], "SCRAM-SHA-256"),
        ("security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM\n", vec![], "AWS_MSK_IAM"),
        ("bootstrap.servers=sasl_ssl://me:hush@there:9092\n", vec![], "sasl.password"),
        ("", vec!["metadata.broker.list=me:hush@there:9092"], "HOST:PORT"),
        ("", vec!["hush"], "key=value"),
        ("", vec!["sasl.password:hush"], "key=value"),
        ("", vec!["sasl.pasword=hush"], "sasl.pasword"),
        ("", vec!["my.own.thing=hush"], "my.own.thing"),
        ("", vec!["sasl.jaas.config=hush"], "sasl.username"),
        ("", vec!["linger.ms=hush", "sasl.password=hush"], "linger.ms"),
        ("a=\\uhush\n", vec![], "line 1"),
    ] {
        let error = gather(file, &pairs).unwrap_err().to_string();
        assert!(error.contains(said), "{file}{pairs:?}: {error}");
        assert!(!error.contains("hush") || pairs.first() == Some(&"linger.ms=hush"), "{file}{pairs:?}: {error}");
    }
    let with_login =
        ClientSettings::gather(Some("sasl_plain://me:hush@there:9092"), None, &[]).unwrap_err().to_string();
    assert!(with_login.contains("-b contains") && !with_login.contains("hush"), "{with_login}");
}

#[test]
fn exactly_once_is_idempotent_and_transactional() {
    let producer = ClientSettings::default().producer(Delivery::ExactlyOnce, 10, Some("t"));
    assert_eq!((producer["enable.idempotence"].as_str(), producer["transactional.id"].as_str()), ("true", "t"));
}

#[test]
fn batches_are_kept_within_what_a_topic_takes() {
    let batch_size = |given: &[&str], limit| {
        let settings = gather("", given).unwrap();
        let mut producer = settings.producer(Delivery::AtLeastOnce, 10, None);
        settings.fit_batches(&mut producer, limit);
        producer["batch.size"].clone()
    };
    let limit = |bytes| Some(BatchLimit { bytes, of_topic: true });
    assert_eq!(batch_size(&[], limit(20_000)), "20000");
    assert_eq!(batch_size(&[], limit(1_048_588)), "1000000");
    assert_eq!(batch_size(&[], None), "1000000");
    assert_eq!(batch_size(&["batch.size=50000"], limit(20_000)), "50000", "the user's word holds");
}

#[test]
fn the_largest_message_is_the_clients_own_reading() {
    let largest = |file: &str, pairs: &[&str]| gather(file, pairs).unwrap().largest_message_bytes();
    assert_eq!(largest("", &[]), DEFAULT_REQUEST_BYTES);
    assert_eq!(largest("max.request.size=2097152\n", &[]), 2_097_152);
    assert_eq!(largest("max.request.size=2097152\n", &["message.max.bytes=0x10000"]), 65_536);
}

#[test]
fn the_users_compression_wins_over_the_profiles() {
    let stream = |text: &str| -> Stream {
        let text = format!("name = \"s\"\nrate = \"1/s\"\n{text}");
        toml::from_str(&text).unwrap()
    };
    let (plain, zstd) = (stream(""), stream("compression = \"zstd\"\ncompression_level = 7"));
    let asked = |pairs: &[&str], stream: &Stream| {
        let settings = gather("", pairs).unwrap();
        let mut producer = settings.producer(Delivery::AtLeastOnce, 10, None);
        settings.compress(&mut producer, stream);
        (
            settings.compression(stream).map(str::to_owned),
            producer["compression.codec"].clone(),
            producer.get("compression.level").cloned(),
        )
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(asked(&[], &plain), (None, "none".to_owned(), None));
    assert_eq!(asked(&[], &zstd), (some("zstd"), "zstd".to_owned(), some("7")));
    assert_eq!(asked(&["compression.level=3"], &zstd), (some("zstd"), "zstd".to_owned(), some("3")));
    assert_eq!(asked(&["compression.type=lz4"], &zstd), (some("lz4"), "lz4".to_owned(), None), "7 is a level of zstd");
    assert_eq!(asked(&["compression.type=NONE"], &zstd), (None, "NONE".to_owned(), None));
}
