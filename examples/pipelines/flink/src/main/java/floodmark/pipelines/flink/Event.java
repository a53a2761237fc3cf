package floodmark.pipelines.flink;

/** What the job needs of an event. Public fields and an empty constructor: Flink's own serializer takes it. */
public class Event {
    public String key;
    public long eventTimeMs;
    /** The event as it is handed on; empty unless events have a topic of their own. */
    public byte[] handedOn;

    public Event() {}

    Event(String key, long eventTimeMs, byte[] handedOn) {
        this.key = key;
        this.eventTimeMs = eventTimeMs;
        this.handedOn = handedOn;
    }
}
