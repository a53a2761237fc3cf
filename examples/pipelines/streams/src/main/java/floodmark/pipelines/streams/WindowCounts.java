package floodmark.pipelines.streams;

import floodmark.pipelines.contract.Format;
import floodmark.pipelines.contract.Options;
import floodmark.pipelines.contract.Watch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.WindowStore;

/** Counts events by key in tumbling windows of event time, in sliding ones, or in sessions. Kafka Streams drops and counts events that are behind stream time minus grace. */
public final class WindowCounts {
    private WindowCounts() {}

    public static void main(String[] arguments) {
        Map<String, String> defaults = Options.defaults();
        defaults.put("grace-ms", "5000");
        defaults.put("session-gap-ms", "0");
        defaults.put("sliding-ms", "0");
        defaults.put("cache-bytes", "10485760");
        Watch.main("streams", arguments, defaults, options -> {
            Path state = Files.createTempDirectory("streams-state");
            return new StreamsRun(new KafkaStreams(topology(options), configuration(options, state)), state, options);
        });
    }

    private static Topology topology(Options options) {
        StreamsBuilder builder = new StreamsBuilder();
        Format format = Format.of(options);
        KStream<String, byte[]> events =
                builder.stream(options.text("topic"), Consumed.with(Serdes.String(), Serdes.ByteArray()).withTimestampExtractor(new EventTime(format)));
        Produced<String, byte[]> written = Produced.with(Serdes.String(), Serdes.ByteArray());
        if (!options.text("events-output").equals(Options.NONE)) {
            events.process(() -> new HandingOn(format)).to(options.text("events-output"), written);
        }
        // By the record's existing key: nothing is repartitioned, and each partition is a task with its own stream time.
        KGroupedStream<String, byte[]> byKey = events.groupByKey(Grouped.with(Serdes.String(), Serdes.ByteArray()));
        counts(byKey, options).toStream().process(() -> new ResultWriter(format)).to(options.text("output"), written);
        return builder.build();
    }

    /** No changelog: a restart begins with empty windows. Leave withLoggingDisabled out to keep them across restarts. */
    private static KTable<Windowed<String>, Long> counts(KGroupedStream<String, byte[]> events, Options options) {
        Duration grace = Duration.ofMillis(options.number("grace-ms"));
        long gapMs = options.number("session-gap-ms");
        if (gapMs > 0) {
            return events.windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofMillis(gapMs), grace))
                    .count(Materialized.<String, Long, SessionStore<Bytes, byte[]>>as("counts").withKeySerde(Serdes.String()).withLoggingDisabled());
        }
        long differenceMs = options.number("sliding-ms");
        if (differenceMs > 0) {
            return events.windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(differenceMs), grace))
                    .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("counts").withKeySerde(Serdes.String()).withLoggingDisabled());
        }
        return events.windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(options.number("window-ms")), grace))
                .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("counts").withKeySerde(Serdes.String()).withLoggingDisabled());
    }

    private static Properties configuration(Options options, Path state) {
        Properties properties = new Properties();
        // A new id each time: it begins at the topic's beginning.
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, options.text("topic") + "-counts-" + UUID.randomUUID());
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.text("brokers"));
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, (int) options.number("parallelism"));
        properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, options.number("cache-bytes"));
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        return properties;
    }
}
