package floodmark.pipelines.streams;

import floodmark.pipelines.contract.Format;
import org.apache.kafka.streams.kstream.Window;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Writes a window's result (of a session that has become part of another: without a count), with the current time as its timestamp. It would otherwise be the newest event's time, and brokers refuse a timestamp more
 * than an hour ahead, as one event with a wrong clock makes it.
 */
final class ResultWriter extends ContextualProcessor<Windowed<String>, Long, String, byte[]> {
    private final Format format;

    ResultWriter(Format format) {
        this.format = format;
    }

    @Override
    public void process(Record<Windowed<String>, Long> count) {
        Window window = count.key().window();
        String key = count.key().key();
        byte[] result = format.windowResult(window.start(), window.end(), key, count.value());
        context().forward(new Record<>(key, result, context().currentSystemTimeMs()));
    }
}
