package floodmark.pipelines.contract;

import java.io.Serializable;
import java.util.Optional;

/** How events are read, and how results are written. All else in a pipeline is the same in JSON and in Avro. */
public interface Format extends Serializable {
    static Format of(Options options) {
        Places places = Places.of(options);
        return switch (options.text("format")) {
            case "json" -> new JsonFormat(places);
            case "avro" -> new AvroFormat(places, new Registry(options.text("registry")), options.text("output"), options.text("events-output"));
            default -> throw new Options.Misuse("--format is json or avro, not '" + options.text("format") + "'");
        };
    }

    /** The parts of an event; empty if the payload cannot be read or has no event time. */
    Optional<Parts> read(byte[] payload);

    /**
     * A window's result: {@code window_start}, {@code window_end} (milliseconds since 1970, the end exclusive; of a session in Kafka Streams: the
     * last event's time), {@code key} and {@code count}. A count of null withdraws the result.
     */
    byte[] windowResult(long startMs, long endMs, String key, Long count);

    /** An event as the pipeline hands it on: the parts of {@code order}, which are {@code id}, {@code occurred_at} and {@code sent_at}, and the {@code customer}. */
    byte[] event(Parts parts, String key);
}
