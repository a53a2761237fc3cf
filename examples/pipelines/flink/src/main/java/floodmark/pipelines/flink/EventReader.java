package floodmark.pipelines.flink;

import floodmark.pipelines.contract.Payload;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
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

    private transient Counter read;
    private transient Counter unreadable;

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        read = context.getMetricGroup().counter(READ);
        unreadable = context.getMetricGroup().counter(UNREADABLE);
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Event> out) {
        read.inc();
        MAX_LAG_MS.accumulate(System.currentTimeMillis() - record.timestamp());
        OptionalLong eventTimeMs = Payload.eventTimeMs(record.value());
        if (eventTimeMs.isEmpty()) {
            unreadable.inc();
            return;
        }
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        out.collect(new Event(key, eventTimeMs.getAsLong()));
    }

    @Override
    public TypeInformation<Event> getProducedType() {
        return TypeInformation.of(Event.class);
    }
}
