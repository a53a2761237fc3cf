package floodmark.models.beam;

import com.fasterxml.jackson.databind.JsonNode;
import floodmark.models.lines.Answer;
import floodmark.models.lines.Lines;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.coders.KvCoder;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.coders.VarIntCoder;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.testing.TestStream;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.GroupByKey;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.windowing.AfterPane;
import org.apache.beam.sdk.transforms.windowing.AfterWatermark;
import org.apache.beam.sdk.transforms.windowing.FixedWindows;
import org.apache.beam.sdk.transforms.windowing.IntervalWindow;
import org.apache.beam.sdk.transforms.windowing.Sessions;
import org.apache.beam.sdk.transforms.windowing.SlidingWindows;
import org.apache.beam.sdk.transforms.windowing.Window;
import org.apache.beam.sdk.transforms.windowing.WindowFn;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.apache.beam.sdk.values.KV;
import org.apache.beam.sdk.values.TimestampedValue;
import org.joda.time.Duration;
import org.joda.time.Instant;

/** Beam itself: KafkaIO's timestamp policies give the watermarks of a TestStream, and the DirectRunner puts its events into windows. */
public final class BeamEngine {
    /** The content of the windows, by the stream's number: a DoFn is copied, and the copies find it by that number. */
    private static final Map<Long, ConcurrentLinkedQueue<Pane>> RESULTS = new ConcurrentHashMap<>();
    private static final AtomicLong STREAMS = new AtomicLong();

    private record Pane(String key, long start, long end, List<Integer> records) {}

    private BeamEngine() {}

    public static void main(String[] arguments) throws Exception {
        Lines.serve(BeamEngine::answer);
    }

    private static Answer answer(JsonNode settings, JsonNode rows) {
        long number = STREAMS.getAndIncrement();
        RESULTS.put(number, new ConcurrentLinkedQueue<>());
        DirectOptions options = PipelineOptionsFactory.create().as(DirectOptions.class);
        options.setRunner(DirectRunner.class);
        options.setTargetParallelism(1);
        options.setEnforceImmutability(false);
        options.setEnforceEncodability(false);
        Pipeline pipeline = Pipeline.create(options);
        Duration lateness = Duration.millis(settings.get("allowed_ms").longValue());
        pipeline.apply(stream(settings, rows))
                .apply(Window.<KV<String, Integer>>into(windows(settings.get("window")))
                        .triggering(AfterWatermark.pastEndOfWindow().withLateFirings(AfterPane.elementCountAtLeast(1)))
                        .withAllowedLateness(lateness, Window.ClosingBehavior.FIRE_IF_NON_EMPTY)
                        .accumulatingFiredPanes())
                .apply(GroupByKey.create())
                .apply(ParDo.of(new Note(number)));
        PipelineResult result = pipeline.run();
        result.waitUntilFinish();
        Answer answer = new Answer();
        // Panes accumulate: a window's last one holds everything. A session's is that of its longest version.
        RESULTS.remove(number).forEach(pane -> replace(answer, pane));
        for (MetricResult<Long> counter : result.metrics().queryMetrics(MetricsFilter.builder().build()).getCounters()) {
            if (counter.getName().getName().equalsIgnoreCase("droppedDueToLateness")) {
                answer.addMetric(counter.getAttempted());
            }
        }
        return answer;
    }

    private static void replace(Answer answer, Pane pane) {
        answer.removeWithin(pane.key, pane.start, pane.end, pane.records);
        answer.put(pane.key, pane.start, pane.end, pane.records);
    }

    private static WindowFn<Object, IntervalWindow> windows(JsonNode of) {
        return switch (of.get("kind").textValue()) {
            case "session" -> Sessions.withGapDuration(ms(of, "gap_ms"));
            case "hopping" -> SlidingWindows.of(ms(of, "size_ms")).every(ms(of, "hop_ms"));
            default -> FixedWindows.of(ms(of, "size_ms"));
        };
    }

    private static Duration ms(JsonNode of, String name) {
        return Duration.millis(of.get(name).longValue());
    }

    private static TestStream<KV<String, Integer>> stream(JsonNode settings, JsonNode rows) {
        TestStream.Builder<KV<String, Integer>> stream = TestStream.create(KvCoder.of(StringUtf8Coder.of(), VarIntCoder.of()));
        Source source = new Source(Math.max(1, settings.get("partitions").intValue()), ms(settings, "bound_ms"));
        Instant watermark = BoundedWindow.TIMESTAMP_MIN_VALUE;
        for (int index = 0; index < rows.size(); index++) {
            JsonNode row = rows.get(index);
            if (row.has("time")) {
                Instant time = source.read(row.get("partition").intValue(), row.get("time").longValue());
                stream = stream.addElements(TimestampedValue.of(KV.of(row.path("key").asText(""), index), time));
            } else if (row.has("idle")) {
                source.foundAtItsEnd(row.get("idle").intValue());
            } else {
                Instant next = source.tick(row.get("tick").longValue());
                if (next.isAfter(watermark)) {
                    watermark = next;
                    stream = stream.advanceWatermarkTo(watermark);
                }
            }
        }
        return stream.advanceWatermarkToInfinity();
    }

    /** Records each pane. */
    private static final class Note extends DoFn<KV<String, Iterable<Integer>>, Void> {
        private final long number;

        Note(long number) {
            this.number = number;
        }

        @ProcessElement
        public void note(@Element KV<String, Iterable<Integer>> pane, BoundedWindow window) {
            IntervalWindow interval = (IntervalWindow) window;
            List<Integer> records = new ArrayList<>();
            pane.getValue().forEach(records::add);
            RESULTS.get(number).add(new Pane(pane.getKey(), interval.start().getMillis(), interval.end().getMillis(), records));
        }
    }
}
