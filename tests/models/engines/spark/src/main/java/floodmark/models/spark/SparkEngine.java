package floodmark.models.spark;

import floodmark.models.lines.Lines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import org.apache.spark.sql.SparkSession;

/** Spark Structured Streaming itself, on a stream in memory: batch by batch. */
public final class SparkEngine {
    private SparkEngine() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("floodmark-models");
        SparkSession spark = SparkSession.builder()
                .master("local[1]")
                .config("spark.ui.enabled", false)
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.local.dir", folder.toString())
                .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.shuffle.partitions", 1)
                .config("spark.sql.streaming.numRecentProgressUpdates", 300)
                .config("spark.sql.streaming.pollingDelay", "10ms")
                .config("spark.sql.codegen.wholeStage", false)
                .getOrCreate();
        spark.sparkContext().setLogLevel("OFF");
        Queries queries = new Queries(spark, folder);
        try {
            Lines.serve(queries::answer);
        } finally {
            queries.stop();
            spark.stop();
            delete(folder);
        }
    }

    static void delete(Path folder) throws java.io.IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
