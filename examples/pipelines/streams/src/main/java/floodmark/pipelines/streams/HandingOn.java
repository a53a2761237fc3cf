package floodmark.pipelines.streams;

import floodmark.pipelines.contract.Format;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** Writes each event in the application's own type, with the current time as its timestamp, for the reason that {@link ResultWriter} has. */
final class HandingOn extends ContextualProcessor<String, byte[], String, byte[]> {
    private final Format format;

    HandingOn(Format format) {
        this.format = format;
    }

    @Override
    public void process(Record<String, byte[]> event) {
        format.read(event.value()).ifPresent(parts ->
                context().forward(event.withValue(format.event(parts, event.key())).withTimestamp(context().currentSystemTimeMs())));
    }
}
