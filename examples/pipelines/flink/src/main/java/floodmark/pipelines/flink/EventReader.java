package floodmark.pipelines.flink;

import floodmark.pipelines.contract.Format;
import floodmark.pipelines.contract.Parts;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.atomic.LongAccumulator;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Turns Kafka's records into events, and counts those read and those without an event time. */
final class EventReader implements KafkaRecordDeserializationSchema<Event> {
    static final String READ = "eventsRead";
    static final String UNREADABLE = "eventsUnreadable";

    /** Shared by all readers: the local cluster runs in this process. */
    static final LongAccumulator MAX_LAG_MS = new LongAccumulator(Math::max, 0);

    private final Format format;
    private final boolean handsOn;
    private transient Counter read;
    private transient Counter unreadable;

    /** {@code handsOn}: events are also written to a topic of their own. */
    EventReader(Format format, boolean handsOn) {
        this.format = format;
        this.handsOn = handsOn;
    }

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        read = context.getMetricGroup().counter(READ);
        unreadable = context.getMetricGroup().counter(UNREADABLE);
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Event> out) {
        read.inc();
        MAX_LAG_MS.accumulate(System.currentTimeMillis() - record.timestamp());
        Optional<Parts> parts = format.read(record.value());
        if (parts.isEmpty()) {
            unreadable.inc();
            return;
        }
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        out.collect(new Event(key, parts.get().eventTimeMs(), handsOn ? format.event(parts.get(), key) : null));
    }

    @Override
    public TypeInformation<Event> getProducedType() {
        return TypeInformation.of(Event.class);
    }
}
