package floodmark.pipelines.contract;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Watches a pipeline to its end: reports when it is ready, writes its metrics every second and once more at the end, and stops it on request. */
public final class Watch {
    private static final long LOOK_EVERY_MS = 100;
    private static final long WRITE_EVERY_MS = 1_000;

    private final Engine engine;
    private final Options options;
    private volatile boolean terminated;
    private long readBefore;
    private long readAtMs = now();

    private Watch(Engine engine, Options options) {
        this.engine = engine;
        this.options = options;
    }

    /** A whole program: reads the arguments, starts the pipeline, watches it to its end. Exit code 2 for wrong arguments, 1 when it failed. */
    public static void main(String name, String[] arguments, Map<String, String> defaults, Pipeline pipeline) {
        int code = 0;
        try {
            Options options = Options.parse(arguments, defaults);
            toTheEnd(pipeline.start(options), options);
        } catch (Options.Misuse misuse) {
            System.err.println(name + ": " + misuse.getMessage());
            code = 2;
        } catch (Exception failure) {
            failure.printStackTrace();
            System.err.println(name + ": it failed: " + reason(failure));
            code = 1;
        }
        System.exit(code); // the engines' threads are not all daemons
    }

    /** The innermost message: what is around it names the engine's own classes. */
    private static String reason(Throwable failure) {
        String reason = failure.toString();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null) reason = cause.getMessage();
        }
        return reason;
    }

    /** Starts a pipeline. */
    @FunctionalInterface
    public interface Pipeline {
        Engine start(Options options) throws Exception;
    }

    private static void toTheEnd(Engine engine, Options options) throws Exception {
        Watch watch = new Watch(engine, options);
        CountDownLatch done = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            watch.terminated = true;
            try {
                done.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException soonEnough) {
                Thread.currentThread().interrupt();
            }
        }));
        try {
            watch.run();
        } finally {
            done.countDown();
        }
    }

    private void run() throws Exception {
        boolean ready = false;
        long writtenAtMs = 0;
        while (!engine.hasEnded() && !isToldToStop()) {
            if (!ready && engine.isReady()) {
                ready = true;
                touch(options.file("ready-file"));
            }
            if (now() - writtenAtMs >= WRITE_EVERY_MS) {
                writtenAtMs = now();
                write(false);
            }
            Thread.sleep(LOOK_EVERY_MS);
        }
        engine.stop();
        write(true);
    }

    private boolean isToldToStop() {
        Path stopFile = options.file("stop-file");
        return terminated || stopFile != null && Files.exists(stopFile) || options.isLive() && isIdle();
    }

    private boolean isIdle() {
        long read = engine.recordsRead();
        if (read != readBefore) {
            readBefore = read;
            readAtMs = now();
        }
        long idleMs = options.number("stop-after-idle-ms");
        return idleMs > 0 && read > 0 && now() - readAtMs >= idleMs;
    }

    private void write(boolean ended) throws IOException {
        Path file = options.file("metrics");
        if (file == null) return;
        Map<String, Long> parts = engine.lateRecords();
        ObjectNode report = new ObjectMapper().createObjectNode();
        report.put("engine", engine.name()).put("version", engine.version()).put("metric", engine.lateMetric());
        if (parts.isEmpty()) {
            report.putNull("value"); // unknown is not zero
        } else {
            report.put("value", parts.values().stream().mapToLong(Long::longValue).sum());
        }
        ObjectNode byPart = report.putObject("parts");
        parts.forEach(byPart::put);
        report.put("records_read", engine.recordsRead()).put("records_unreadable", engine.recordsUnreadable());
        report.put("max_lag_ms", engine.maxLagMs()).put("ended", ended);
        Path aside = Path.of(file + ".partial");
        Files.writeString(aside, report.toPrettyString() + "\n");
        Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void touch(Path file) throws IOException {
        if (file != null) Files.writeString(file, "");
    }

    private static long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }
}
