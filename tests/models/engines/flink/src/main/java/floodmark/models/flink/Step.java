package floodmark.models.flink;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** The next step: an event of a partition, or a tick. */
public class Step {
    /** Absent: a tick. */
    public Event event;
    public int partition;
    public long tickMs;

    public Step() {}

    /** All rows that concern Flink, in order. */
    public static List<Step> of(JsonNode rows) {
        List<Step> steps = new ArrayList<>();
        for (int index = 0; index < rows.size(); index++) {
            JsonNode row = rows.get(index);
            Step step = new Step();
            if (row.has("time")) {
                step.event = new Event(index, row.hasNonNull("key") ? row.get("key").textValue() : "", row.get("time").longValue());
                step.partition = row.get("partition").intValue();
                steps.add(step);
            } else if (row.has("tick")) {
                step.tickMs = row.get("tick").longValue();
                steps.add(step);
            }
        }
        return steps;
    }
}
