package floodmark.pipelines.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.OptionalLong;

/** The parts of an event's payload that are read, and the form of a window's result. */
public final class Payload {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Payload() {}

    /** The event time in milliseconds since 1970: the whole number {@code event_time} of a JSON object. Empty if there is none. */
    public static OptionalLong eventTimeMs(byte[] payload) {
        if (payload == null) return OptionalLong.empty();
        try {
            JsonNode time = JSON.readTree(payload).path("event_time");
            return time.canConvertToLong() && time.isIntegralNumber() ? OptionalLong.of(time.longValue()) : OptionalLong.empty();
        } catch (IOException notJson) {
            return OptionalLong.empty();
        }
    }

    /**
     * {@code {"window_start":ms,"window_end":ms,"key":…,"count":n}}; the end is exclusive (of a session in Kafka Streams: the last event's time). A
     * count of null withdraws the result.
     */
    public static byte[] windowResult(long startMs, long endMs, String key, Long count) {
        ObjectNode result = JSON.createObjectNode();
        result.put("window_start", startMs).put("window_end", endMs).put("key", key).put("count", count);
        try {
            return JSON.writeValueAsBytes(result);
        } catch (IOException impossible) {
            throw new IllegalStateException("a window's result could not be written as JSON", impossible);
        }
    }
}
