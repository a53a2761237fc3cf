package floodmark.pipelines.streams;

import floodmark.pipelines.contract.Format;
import floodmark.pipelines.contract.Parts;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.processor.TimestampExtractor;

/**
 * Takes the event time from the payload, and counts the records read. Kafka Streams drops a record without one (or before 1970), and counts it
 * among its dropped records: hence the count of those here.
 */
final class EventTime implements TimestampExtractor {
    static final AtomicLong READ = new AtomicLong();
    static final AtomicLong UNREADABLE = new AtomicLong();
    static final LongAccumulator MAX_LAG_MS = new LongAccumulator(Math::max, 0);

    private final Format format;

    EventTime(Format format) {
        this.format = format;
    }

    @Override
    public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
        READ.incrementAndGet();
        MAX_LAG_MS.accumulate(System.currentTimeMillis() - record.timestamp());
        long eventTimeMs = format.read((byte[]) record.value()).map(Parts::eventTimeMs).orElse(-1L);
        if (eventTimeMs < 0) UNREADABLE.incrementAndGet();
        return eventTimeMs;
    }
}
