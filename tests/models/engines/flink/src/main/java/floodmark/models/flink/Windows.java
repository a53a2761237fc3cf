package floodmark.models.flink;

import com.fasterxml.jackson.databind.JsonNode;
import floodmark.models.lines.Answer;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.api.windowing.assigners.EventTimeSessionWindows;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.assigners.WindowAssigner;
import org.apache.flink.streaming.api.windowing.triggers.EventTimeTrigger;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.streaming.runtime.operators.windowing.WindowOperator;
import org.apache.flink.streaming.runtime.operators.windowing.WindowOperatorBuilder;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.util.Collector;

/** Flink's window operator in its harness. Each firing lists the records in the window. */
final class Windows extends ToWindows implements AutoCloseable {
    /** What a window held when it fired. */
    public static class Firing {
        public String key;
        public long start;
        public long end;
        public List<Integer> rows;

        public Firing() {}
    }

    private final OneInputStreamOperator<Event, Firing> operator;
    private final KeyedOneInputStreamOperatorTestHarness<String, Event, Firing> harness;
    private final boolean merges;

    Windows(JsonNode settings) throws Exception {
        TypeInformation<Event> type = Types.POJO(Event.class);
        JsonNode window = settings.get("window");
        merges = window.get("kind").textValue().equals("session");
        WindowOperatorBuilder<Event, String, TimeWindow> builder = new WindowOperatorBuilder<>(
                assigner(window), EventTimeTrigger.create(), new ExecutionConfig(), type, event -> event.key, Types.STRING);
        builder.allowedLateness(Duration.ofMillis(settings.get("allowed_ms").longValue()));
        operator = builder.process(new Rows());
        harness = new KeyedOneInputStreamOperatorTestHarness<>(operator, event -> event.key, Types.STRING);
        harness.open();
    }

    private static WindowAssigner<Object, TimeWindow> assigner(JsonNode window) {
        return switch (window.get("kind").textValue()) {
            case "tumbling" -> TumblingEventTimeWindows.of(ms(window, "size_ms"));
            case "hopping" -> SlidingEventTimeWindows.of(ms(window, "size_ms"), ms(window, "hop_ms"));
            case "session" -> EventTimeSessionWindows.withGap(ms(window, "gap_ms"));
            default -> throw new IllegalArgumentException("no such windows: " + window);
        };
    }

    private static Duration ms(JsonNode of, String name) {
        return Duration.ofMillis(of.get(name).longValue());
    }

    /** Ends event time, so that every window fires, and returns each one's last content. */
    Answer answer() throws Exception {
        long late = late();
        harness.processWatermark(Long.MAX_VALUE);
        Map<String, Map<List<Long>, List<Integer>>> last = new HashMap<>();
        for (Firing firing : harness.extractOutputValues()) {
            Map<List<Long>, List<Integer>> ofKey = last.computeIfAbsent(firing.key, key -> new HashMap<>());
            if (merges) { // A session that has grown or merged replaces the ones within it.
                ofKey.values().removeIf(firing.rows::containsAll);
            }
            ofKey.put(List.of(firing.start, firing.end), firing.rows);
        }
        Answer answer = new Answer();
        last.forEach((key, windows) -> windows.forEach((span, rows) -> answer.put(key, span.get(0), span.get(1), rows)));
        answer.addMetric(late);
        return answer;
    }

    private long late() throws ReflectiveOperationException {
        Field counter = WindowOperator.class.getDeclaredField("numLateRecordsDropped");
        counter.setAccessible(true);
        return ((Counter) counter.get(operator)).getCount();
    }

    @Override
    public void close() throws Exception {
        harness.close();
    }

    @Override
    public void emitRecord(StreamRecord<Event> record) throws Exception {
        harness.processElement(new StreamRecord<>(record.getValue(), record.getTimestamp()));
    }

    @Override
    public void emitWatermark(Watermark watermark) throws Exception {
        harness.processWatermark(watermark);
    }

    @Override
    public void emitWatermarkStatus(WatermarkStatus status) throws Exception {
        harness.processWatermarkStatus(status);
    }

    private static final class Rows extends ProcessWindowFunction<Event, Firing, String, TimeWindow> {
        @Override
        public void process(String key, Context context, Iterable<Event> events, Collector<Firing> firings) {
            Firing firing = new Firing();
            firing.key = key;
            firing.start = context.window().getStart();
            firing.end = context.window().getEnd();
            firing.rows = new ArrayList<>();
            events.forEach(event -> firing.rows.add(event.row));
            firings.collect(firing);
        }
    }
}
