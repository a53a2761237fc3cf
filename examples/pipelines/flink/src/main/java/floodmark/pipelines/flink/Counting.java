package floodmark.pipelines.flink;

import floodmark.pipelines.contract.Format;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Counts a window's events one by one, so that the window holds one number instead of its events. */
final class Counting implements AggregateFunction<Event, Long, Long> {
    @Override
    public Long createAccumulator() {
        return 0L;
    }

    @Override
    public Long add(Event event, Long count) {
        return count + 1;
    }

    @Override
    public Long getResult(Long count) {
        return count;
    }

    @Override
    public Long merge(Long one, Long other) {
        return one + other;
    }

    /** Adds the window and the key to the count. */
    static final class Result extends ProcessWindowFunction<Long, byte[], String, TimeWindow> {
        private final Format format;

        Result(Format format) {
            this.format = format;
        }

        @Override
        public void process(String key, Context context, Iterable<Long> count, Collector<byte[]> out) {
            out.collect(format.windowResult(context.window().getStart(), context.window().getEnd(), key, count.iterator().next()));
        }
    }
}
