package floodmark.models.flink;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** What comes next: an event of a partition, or a tick. */
public class Step {
    /** Absent: a tick. */
    public Event event;
    public int partition;
    public long tickMs;

    public Step() {}

    /** Nothing for a row that means nothing to Flink. */
    public static Optional<Step> of(int index, JsonNode row) {
        Step step = new Step();
        if (row.has("time")) {
            step.event = new Event(index, row.hasNonNull("key") ? row.get("key").textValue() : "", row.get("time").longValue());
            step.partition = row.get("partition").intValue();
        } else if (row.has("tick")) {
            step.tickMs = row.get("tick").longValue();
        } else {
            return Optional.empty();
        }
        return Optional.of(step);
    }
}
