package floodmark.models.streams;

import com.fasterxml.jackson.databind.JsonNode;
import floodmark.models.lines.Answer;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Initializer;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Window;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** A topology that records which records are in each window. A record's value is its number and its event time. */
final class Windows {
    static final String TOPIC = "records";
    private static final String STORE = "windows";

    private Windows() {}

    static Topology topology(JsonNode settings, Answer answer) {
        StreamsBuilder builder = new StreamsBuilder();
        KGroupedStream<String, String> records = builder
                .stream(TOPIC, Consumed.with(Serdes.String(), Serdes.String()).withTimestampExtractor((record, before) -> timeMs(record.value())))
                .groupByKey(Grouped.with(Serdes.String(), Serdes.String()));
        String kind = settings.at("/window/kind").textValue();
        long endsAfterMs = kind.equals("session") || kind.equals("sliding") ? 1 : 0; // Kafka Streams' ends are inclusive there.
        gathered(records, settings).toStream().process(() -> new Notes(answer, endsAfterMs));
        return builder.build();
    }

    private static long timeMs(Object value) {
        return Long.parseLong(((String) value).split(" ")[1]);
    }

    private static KTable<Windowed<String>, String> gathered(KGroupedStream<String, String> records, JsonNode settings) {
        JsonNode window = settings.get("window");
        Duration grace = ms(settings, "allowed_ms");
        Initializer<String> nothing = () -> "";
        return switch (window.get("kind").textValue()) {
            case "session" -> records.windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(window, "gap_ms"), grace))
                    .aggregate(nothing, Windows::with, (key, own, other) -> own + other, sessionStore(window, settings));
            case "sliding" -> records.windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ms(window, "size_ms"), grace))
                    .aggregate(nothing, Windows::with, windowStore(window, settings, grace.plus(ms(window, "size_ms").multipliedBy(2))));
            default -> records.windowedBy(TimeWindows.ofSizeAndGrace(ms(window, "size_ms"), grace).advanceBy(ms(window, "hop_ms")))
                    .aggregate(nothing, Windows::with, windowStore(window, settings, grace.plus(ms(window, "size_ms"))));
        };
    }

    private static Duration ms(JsonNode of, String name) {
        return Duration.ofMillis(of.get(name).longValue());
    }

    private static String with(String key, String record, String others) {
        return others + record.split(" ")[0] + " ";
    }

    private static Materialized<String, String, SessionStore<Bytes, byte[]>> sessionStore(JsonNode window, JsonNode settings) {
        Duration retention = ms(window, "gap_ms").plus(ms(settings, "allowed_ms"));
        return configured(isInMemory(settings) ? Materialized.as(Stores.inMemorySessionStore(STORE, retention)) : Materialized.as(STORE), settings);
    }

    private static Materialized<String, String, WindowStore<Bytes, byte[]>> windowStore(JsonNode window, JsonNode settings, Duration retention) {
        return configured(isInMemory(settings)
                ? Materialized.as(Stores.inMemoryWindowStore(STORE, retention, ms(window, "size_ms"), false))
                : Materialized.as(STORE), settings);
    }

    private static boolean isInMemory(JsonNode settings) {
        return settings.path("in_memory").asBoolean();
    }

    private static <S extends StateStore> Materialized<String, String, S> configured(Materialized<String, String, S> store, JsonNode settings) {
        Materialized<String, String, S> plain = store.withKeySerde(Serdes.String()).withValueSerde(Serdes.String()).withLoggingDisabled();
        return settings.path("record_cache").asBoolean() ? plain.withCachingEnabled() : plain.withCachingDisabled();
    }

    /** Records each result. */
    private static final class Notes extends ContextualProcessor<Windowed<String>, String, Void, Void> {
        private final Answer answer;
        private final long endsAfterMs;

        Notes(Answer answer, long endsAfterMs) {
            this.answer = answer;
            this.endsAfterMs = endsAfterMs;
        }

        @Override
        public void process(Record<Windowed<String>, String> result) {
            Window window = result.key().window();
            String key = result.key().key();
            if (result.value() == null) {
                answer.remove(key, window.start(), window.end() + endsAfterMs);
            } else {
                List<Integer> numbers = Stream.of(result.value().trim().split(" ")).map(Integer::valueOf).toList();
                answer.put(key, window.start(), window.end() + endsAfterMs, numbers);
            }
        }
    }
}
