package floodmark.pipelines.contract;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A pipeline's arguments, each written {@code --name value}. A name without a default must be given. */
public final class Options {
    /** The default of an argument that must be given. */
    public static final String REQUIRED = "(required)";
    /** The default of an argument that may be left out: a file that is not written, say. */
    public static final String NONE = "";

    private final Map<String, String> values;

    private Options(Map<String, String> values) {
        this.values = values;
    }

    /** The arguments of every pipeline; each adds its own. */
    public static Map<String, String> defaults() {
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("brokers", "127.0.0.1:9092");
        defaults.put("topic", REQUIRED);
        defaults.put("output", REQUIRED);
        defaults.put("events-output", NONE);
        defaults.put("format", "json");
        defaults.put("registry", NONE);
        defaults.put("id", "/id");
        defaults.put("event-time", "/event_time");
        defaults.put("sent", "/sent");
        defaults.put("mode", "backlog");
        defaults.put("window-ms", "10000");
        defaults.put("parallelism", "1");
        defaults.put("metrics", NONE);
        defaults.put("ready-file", NONE);
        defaults.put("stop-file", NONE);
        defaults.put("stop-after-idle-ms", "0");
        return defaults;
    }

    /**
     * Reads the command line.
     *
     * @throws Misuse with a sentence that says what is wrong and what is valid
     */
    public static Options parse(String[] arguments, Map<String, String> defaults) {
        Map<String, String> values = new LinkedHashMap<>(defaults);
        for (int i = 0; i < arguments.length; i += 2) {
            String name = arguments[i].startsWith("--") ? arguments[i].substring(2) : "";
            if (!defaults.containsKey(name)) {
                throw new Misuse("there is no argument '" + arguments[i] + "'; there are --" + String.join(", --", defaults.keySet()));
            }
            if (i + 1 == arguments.length) {
                throw new Misuse("'--" + name + "' needs a value");
            }
            values.put(name, arguments[i + 1]);
        }
        values.forEach((name, value) -> {
            if (value.equals(REQUIRED)) throw new Misuse("'--" + name + "' is missing");
        });
        Options options = new Options(values);
        options.check();
        return options;
    }

    private void check() {
        if (!text("mode").equals("backlog") && !text("mode").equals("live")) {
            throw new Misuse("--mode is backlog or live, not '" + text("mode") + "'");
        }
        if (text("format").equals("avro") && text("registry").isEmpty()) throw new Misuse("--format avro needs --registry, the registry's address");
        if (number("window-ms") == 0) throw new Misuse("--window-ms must be above 0");
        if (number("parallelism") == 0) throw new Misuse("--parallelism must be above 0");
    }

    public String text(String name) {
        return values.get(name);
    }

    /** A whole number, 0 or more. */
    public long number(String name) {
        String value = values.get(name);
        try {
            long number = Long.parseLong(value);
            if (number >= 0) return number;
        } catch (NumberFormatException notANumber) {
            // Reported below.
        }
        throw new Misuse("--" + name + " is a whole number of 0 or more, not '" + value + "'");
    }

    /** A place in an event, as {@code /meta/id}. */
    String pointer(String name) {
        if (text(name).startsWith("/")) return text(name);
        throw new Misuse("--" + name + " is a JSON pointer such as /meta/id, not '" + text(name) + "'");
    }

    /** The path, or null when the argument was left out. */
    public Path file(String name) {
        return text(name).isEmpty() ? null : Path.of(text(name));
    }

    /** Whether the pipeline runs until it is stopped, not just to the ends of the partitions at its start. */
    public boolean isLive() {
        return text("mode").equals("live");
    }

    /** The command line is wrong; the message explains it. */
    public static final class Misuse extends RuntimeException {
        Misuse(String message) {
            super(message);
        }
    }
}
