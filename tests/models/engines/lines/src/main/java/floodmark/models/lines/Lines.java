package floodmark.models.lines;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Reads a stream from each line of standard input and answers with a line: see tests/models/README.md. Ends with its input. */
public final class Lines {
    public static final ObjectMapper JSON = new ObjectMapper();

    private Lines() {}

    /** An engine's result for one stream. */
    public interface Engine {
        /** {@code rows} are the events and what happens between them, in order. */
        Answer answer(JsonNode settings, JsonNode rows) throws Exception;
    }

    public static void serve(Engine engine) throws Exception {
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        System.setOut(System.err); // An engine's messages to people must not mix with the answers.
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(JSON.writeValueAsString(answer(engine, JSON.readTree(line))));
            answers.flush();
        }
    }

    private static ObjectNode answer(Engine engine, JsonNode stream) {
        try {
            return engine.answer(stream.path("settings"), stream.path("records")).asJson();
        } catch (Exception failure) {
            failure.printStackTrace();
            return JSON.createObjectNode().put("error", failure.toString());
        }
    }
}
