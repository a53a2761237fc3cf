package floodmark.models.flinksql;

import com.fasterxml.jackson.core.JsonProcessingException;
import floodmark.models.flink.Event;
import floodmark.models.flink.Sources;
import floodmark.models.flink.Step;
import floodmark.models.flink.ToWindows;
import floodmark.models.lines.Lines;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;

/** The source's splits and tasks in one operator: the records, and the ticks between them. */
public final class Player extends AbstractStreamOperator<Event> implements OneInputStreamOperator<Step, Event> {
    private static final long serialVersionUID = 1L;

    private final String settings;
    private final String rows;
    private transient Sources sources;

    Player(String settings, String rows) {
        this.settings = settings;
        this.rows = rows;
    }

    @Override
    public void open() throws Exception {
        super.open();
        try {
            sources = new Sources(Lines.JSON.readTree(settings), Lines.JSON.readTree(rows), new Windows());
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("it was JSON before", impossible);
        }
    }

    @Override
    public void processElement(StreamRecord<Step> step) {
        sources.take(step.getValue());
    }

    /** Of its input, only the end of time is passed on. */
    @Override
    public void processWatermark(Watermark watermark) throws Exception {
        if (watermark.getTimestamp() == Long.MAX_VALUE) {
            super.processWatermark(watermark);
        }
    }

    private final class Windows extends ToWindows {
        @Override
        public void emitRecord(StreamRecord<Event> record) {
            output.collect(new StreamRecord<>(record.getValue(), record.getTimestamp()));
        }

        @Override
        public void emitWatermark(Watermark watermark) {
            output.emitWatermark(watermark);
        }

        @Override
        public void emitWatermarkStatus(WatermarkStatus status) {}
    }
}
