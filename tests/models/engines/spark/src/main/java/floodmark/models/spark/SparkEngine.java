package floodmark.models.spark;

import floodmark.models.lines.Folder;
import floodmark.models.lines.Lines;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager;

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
                .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
                .config("spark.hadoop.fs.file.impl", PlainFiles.class.getName())
                .config("spark.sql.streaming.checkpointFileManagerClass", FileSystemBasedCheckpointFileManager.class.getName())
                .config("spark.sql.streaming.checkpoint.fileChecksum.enabled", false)
                .getOrCreate();
        Queries queries = new Queries(spark, folder);
        try {
            Lines.serve(queries::answer);
        } finally {
            queries.stop();
            spark.stop();
            Folder.delete(folder);
        }
    }
}
