package floodmark.models.lines;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The records in each window at the end, and the engine's metric. */
public final class Answer {
    /** Start inclusive, end exclusive. */
    private record Window(String key, long start, long end) implements Comparable<Window> {
        @Override
        public int compareTo(Window other) {
            int byStart = Long.compare(start, other.start);
            int byEnd = byStart != 0 ? byStart : Long.compare(end, other.end);
            return byEnd != 0 ? byEnd : key.compareTo(other.key);
        }
    }

    private final Map<Window, List<Integer>> windows = new TreeMap<>();
    private final List<Integer> dropped = new ArrayList<>();
    private boolean hasWindows = true;
    private final Set<Integer> kept = new TreeSet<>();
    private long metric;

    /** A window's result replaces its previous one. */
    public void put(String key, long start, long end, List<Integer> records) {
        windows.put(new Window(key, start, end), List.copyOf(records));
        kept.addAll(records);
    }

    /** A window's result is withdrawn. */
    public void remove(String key, long start, long end) {
        windows.remove(new Window(key, start, end));
    }

    /** A window's result replaces those within it and holds their records: sessions that have merged. */
    public void removeWithin(String key, long start, long end, List<Integer> records) {
        windows.entrySet().removeIf(other -> other.getKey().key.equals(key) && start <= other.getKey().start && other.getKey().end <= end
                && records.containsAll(other.getValue()));
    }

    /** There are no windows: dropped records are listed one by one. */
    public void withoutWindows() {
        hasWindows = false;
    }

    /** In a stream without windows: a record that was dropped. */
    public void drop(int record) {
        dropped.add(record);
    }

    public void addMetric(long more) {
        metric += more;
    }

    /** Adds another task's result for its part; a window of both holds the records of both. */
    public void addAll(Answer other) {
        metric += other.metric;
        dropped.addAll(other.dropped);
        hasWindows &= other.hasWindows;
        kept.addAll(other.kept);
        other.windows.forEach((window, records) -> windows.merge(window, records, (own, more) -> {
            List<Integer> all = new ArrayList<>(own);
            all.addAll(more);
            return all;
        }));
    }

    ObjectNode asJson() {
        ObjectNode answer = Lines.JSON.createObjectNode().put("metric", metric);
        if (!hasWindows) {
            dropped.forEach(answer.putArray("dropped")::add);
            return answer;
        }
        ArrayNode kept = answer.putArray("kept");
        this.kept.forEach(kept::add);
        ArrayNode list = answer.putArray("windows");
        windows.forEach((window, records) -> {
            ArrayNode numbers = list.addObject().put("key", window.key).put("start", window.start).put("end", window.end).putArray("records");
            records.stream().sorted().forEach(numbers::add);
        });
        return answer;
    }
}
