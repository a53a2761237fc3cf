package floodmark.models.flink;

/** A record: its place among the rows, its key and its event time. Public fields and an empty constructor: Flink's own serializer takes it. */
public class Event {
    public int row;
    public String key;
    public long timeMs;

    public Event() {}

    Event(int row, String key, long timeMs) {
        this.row = row;
        this.key = key;
        this.timeMs = timeMs;
    }
}
