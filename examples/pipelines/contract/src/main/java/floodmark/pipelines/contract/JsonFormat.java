package floodmark.pipelines.contract;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Optional;

/** Events and results as JSON objects. Times are whole numbers: the event time in milliseconds, the time of sending in microseconds since 1970. */
final class JsonFormat implements Format {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonPointer id;
    private final JsonPointer eventTime;
    private final JsonPointer sent;

    JsonFormat(Places places) {
        this.id = JsonPointer.compile(places.id());
        this.eventTime = JsonPointer.compile(places.eventTime());
        this.sent = JsonPointer.compile(places.sent());
    }

    @Override
    public Optional<Parts> read(byte[] payload) {
        if (payload == null) return Optional.empty();
        try {
            JsonNode event = JSON.readTree(payload);
            Long eventTimeMs = wholeNumber(event.at(eventTime));
            if (eventTimeMs == null) return Optional.empty();
            return Optional.of(new Parts(event.at(id).textValue(), eventTimeMs, wholeNumber(event.at(sent))));
        } catch (IOException notJson) {
            return Optional.empty();
        }
    }

    private static Long wholeNumber(JsonNode node) {
        return node.canConvertToLong() && node.isIntegralNumber() ? node.longValue() : null;
    }

    @Override
    public byte[] windowResult(long startMs, long endMs, String key, Long count) {
        return bytes(JSON.createObjectNode().put("window_start", startMs).put("window_end", endMs).put("key", key).put("count", count));
    }

    @Override
    public byte[] event(Parts parts, String key) {
        ObjectNode event = JSON.createObjectNode();
        event.putObject("order").put("id", parts.id()).put("occurred_at", parts.eventTimeMs()).put("sent_at", parts.sentUs());
        return bytes(event.put("customer", key));
    }

    private static byte[] bytes(ObjectNode object) {
        try {
            return JSON.writeValueAsBytes(object);
        } catch (IOException impossible) {
            throw new IllegalStateException("a result could not be written as JSON", impossible);
        }
    }
}
