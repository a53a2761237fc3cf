package floodmark.pipelines.contract;

import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.generic.IndexedRecord;

/** Events in the Avro schema that each of them names, and results in the pipeline's own, in the wire format of Confluent's registry. */
final class AvroFormat implements Format {
    private final AvroReader reader;
    private final Places places;
    private final AvroWriter results;
    private final AvroWriter events;

    AvroFormat(Places places, Registry registry, String output, String eventsOutput) {
        this.reader = new AvroReader(registry);
        this.places = places;
        this.results = new AvroWriter(registry, output, "window_count.avsc");
        this.events = new AvroWriter(registry, eventsOutput, "checked_order.avsc");
    }

    @Override
    public Optional<Parts> read(byte[] payload) {
        IndexedRecord event = reader.read(payload).orElse(null);
        Long eventTimeUs = AvroField.at(event, places.eventTime()).map(time -> time.us(1_000)).orElse(null);
        if (eventTimeUs == null) return Optional.empty();
        String id = AvroField.at(event, places.id()).map(AvroField::text).orElse(null);
        Long sentUs = AvroField.at(event, places.sent()).map(time -> time.us(1)).orElse(null);
        return Optional.of(new Parts(id, Math.floorDiv(eventTimeUs, 1_000), sentUs));
    }

    @Override
    public byte[] windowResult(long startMs, long endMs, String key, Long count) {
        GenericRecordBuilder result = new GenericRecordBuilder(results.schema());
        return results.write(result.set("window_start", startMs).set("window_end", endMs).set("key", key).set("count", count).build());
    }

    @Override
    public byte[] event(Parts parts, String key) {
        Schema order = events.schema().getField("order").schema();
        GenericRecordBuilder facts = new GenericRecordBuilder(order);
        facts.set("id", parts.id()).set("occurred_at", parts.eventTimeMs()).set("sent_at", parts.sentUs());
        return events.write(new GenericRecordBuilder(events.schema()).set("order", facts.build()).set("customer", key).build());
    }
}
