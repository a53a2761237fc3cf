package floodmark.pipelines.flink;

/** What the windows need of an event. Public fields and an empty constructor: Flink's own serializer takes it. */
public class Event {
    public String key;
    public long eventTimeMs;

    public Event() {}

    Event(String key, long eventTimeMs) {
        this.key = key;
        this.eventTimeMs = eventTimeMs;
    }
}
