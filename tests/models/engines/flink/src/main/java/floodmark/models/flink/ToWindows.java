package floodmark.models.flink;

import org.apache.flink.runtime.event.WatermarkEvent;
import org.apache.flink.streaming.runtime.io.PushingAsyncDataInput.DataOutput;
import org.apache.flink.streaming.runtime.streamrecord.LatencyMarker;
import org.apache.flink.streaming.runtime.streamrecord.RecordAttributes;

/** The way to the windows: records, watermarks and their status go on, the rest is left out. */
public abstract class ToWindows implements DataOutput<Event> {
    @Override
    public final void emitLatencyMarker(LatencyMarker marker) {}

    @Override
    public final void emitRecordAttributes(RecordAttributes attributes) {}

    @Override
    public final void emitWatermark(WatermarkEvent watermark) {}
}
