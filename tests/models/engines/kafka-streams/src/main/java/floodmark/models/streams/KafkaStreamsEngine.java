package floodmark.models.streams;

import com.fasterxml.jackson.databind.JsonNode;
import floodmark.models.lines.Answer;
import floodmark.models.lines.Folder;
import floodmark.models.lines.Lines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;

/** Kafka Streams itself. Each partition is a task with its own stream time, and so has its own driver here. */
public final class KafkaStreamsEngine {
    private static final String LATE = "dropped-records-total";

    private final Path states;

    private KafkaStreamsEngine(Path states) {
        this.states = states;
    }

    public static void main(String[] arguments) throws Exception {
        Path states = Files.createTempDirectory("floodmark-models");
        Lines.serve(new KafkaStreamsEngine(states)::answer);
        Files.delete(states);
    }

    private Answer answer(JsonNode settings, JsonNode rows) throws IOException {
        Answer whole = new Answer();
        Map<Integer, Task> tasks = new TreeMap<>();
        try {
            for (int index = 0; index < rows.size(); index++) {
                JsonNode row = rows.get(index);
                if (row.has("time")) {
                    tasks.computeIfAbsent(row.get("partition").intValue(), partition -> new Task(settings, states)).read(index, row);
                }
            }
        } finally {
            for (Task task : tasks.values()) {
                whole.addAll(task.close());
            }
        }
        return whole;
    }

    /** One partition's task. */
    private static final class Task {
        private final Answer answer = new Answer();
        private final Path state;
        private final TopologyTestDriver driver;
        private final TestInputTopic<String, String> input;

        Task(JsonNode settings, Path states) {
            try {
                state = Files.createTempDirectory(states, "task");
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
            driver = new TopologyTestDriver(Windows.topology(settings, answer), configuration(settings, state));
            input = driver.createInputTopic(Windows.TOPIC, new StringSerializer(), new StringSerializer());
        }

        private static Properties configuration(JsonNode settings, Path state) {
            Properties properties = new Properties();
            properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "floodmark-models");
            properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:1"); // never reached
            properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
            properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
            properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
            return properties;
        }

        void read(int index, JsonNode row) {
            String key = row.hasNonNull("key") ? row.get("key").textValue() : null;
            input.pipeInput(key, index + " " + row.get("time").longValue());
        }

        Answer close() throws IOException {
            driver.metrics().forEach((name, metric) -> {
                if (name.name().equals(LATE) && name.group().equals("stream-task-metrics")) {
                    answer.addMetric(((Number) metric.metricValue()).longValue());
                }
            });
            driver.close();
            Folder.delete(state);
            return answer;
        }
    }
}
