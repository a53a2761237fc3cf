package floodmark.models.flink;

import com.fasterxml.jackson.databind.JsonNode;
import floodmark.models.lines.Answer;
import floodmark.models.lines.Lines;

/** Flink itself, without a cluster: its source's watermarks, split by split and task by task, the valve before the windows, and the window operator. */
public final class FlinkEngine {
    private FlinkEngine() {}

    public static void main(String[] arguments) throws Exception {
        Lines.serve(FlinkEngine::answer);
    }

    private static Answer answer(JsonNode settings, JsonNode rows) throws Exception {
        try (Windows windows = new Windows(settings)) {
            Sources sources = new Sources(settings, rows, windows);
            Step.of(rows).forEach(sources::take);
            return windows.answer();
        }
    }
}
