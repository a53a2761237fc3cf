package floodmark.models.flink;

import org.apache.flink.runtime.event.WatermarkEvent;
import org.apache.flink.streaming.runtime.io.PushingAsyncDataInput.DataOutput;
import org.apache.flink.streaming.runtime.streamrecord.LatencyMarker;
import org.apache.flink.streaming.runtime.streamrecord.RecordAttributes;

/** The path to the windows: passes on records, watermarks and their status, and drops the rest. */
public abstract class ToWindows implements DataOutput<Event> {
    @Override
    public final void emitLatencyMarker(LatencyMarker marker) {}

    @Override
    public final void emitRecordAttributes(RecordAttributes attributes) {}

    @Override
    public final void emitWatermark(WatermarkEvent watermark) {}
}
