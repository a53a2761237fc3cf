package floodmark.instruments.streams;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/**
 * Copies a topic to another, and takes a known time for each event: BROKERS FROM TO CAPACITY THREADS SEED [busy|parked]. Each thread serves
 * CAPACITY/THREADS events in a second on average, with as many partitions for each. Prints "ready" once every partition is assigned, and ends on SIGTERM.
 */
public final class ServedStreams {
    private static final int PARTITIONS_PER_THREAD = 2;

    private ServedStreams() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length < 6) {
            System.err.println("usage: ServedStreams BROKERS FROM TO CAPACITY THREADS SEED [busy|parked]");
            System.exit(2);
        }
        String brokers = arguments[0];
        int threads = Integer.parseInt(arguments[4]);
        int partitions = threads * PARTITIONS_PER_THREAD;
        createTopics(brokers, List.of(arguments[1], arguments[2]), partitions);
        ServiceTimes times = new ServiceTimes(Long.parseLong(arguments[5]), 1e9 * threads / Double.parseDouble(arguments[3]));
        boolean isBusy = arguments.length > 6 && arguments[6].equals("busy");
        Topology topology = topology(arguments[1], arguments[2], times, ThreadLocal.withInitial(() -> new Server(isBusy)));
        KafkaStreams streams = new KafkaStreams(topology, configuration(brokers, arguments[1], threads));
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
        while (assigned(streams) < partitions) Thread.sleep(50);
        System.out.println("ready");
    }

    private static Topology topology(String from, String to, ServiceTimes times, ThreadLocal<Server> servers) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(from, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .processValues(() -> new Serving(times, servers))
                .to(to, Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
        return builder.build();
    }

    /** A thread is one server, whatever number of partitions it has. */
    private static final class Serving implements FixedKeyProcessor<byte[], byte[], byte[]> {
        private final ServiceTimes times;
        private final ThreadLocal<Server> servers;
        private FixedKeyProcessorContext<byte[], byte[]> context;

        Serving(ServiceTimes times, ThreadLocal<Server> servers) {
            this.times = times;
            this.servers = servers;
        }

        @Override
        public void init(FixedKeyProcessorContext<byte[], byte[]> context) {
            this.context = context;
        }

        @Override
        public void process(FixedKeyRecord<byte[], byte[]> event) {
            context.recordMetadata().ifPresent(at -> servers.get().spend(times.ofNs(at.partition(), at.offset())));
            context.forward(event);
        }
    }

    private static Properties configuration(String brokers, String from, int threads) throws Exception {
        Path state = Files.createTempDirectory("served-streams");
        state.toFile().deleteOnExit();
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, from + "-served-" + UUID.randomUUID());
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        // Its own latency stays far below the limit: what is served is sent at once, and read at once.
        properties.put(StreamsConfig.producerPrefix("linger.ms"), 5);
        properties.put(StreamsConfig.consumerPrefix("fetch.max.wait.ms"), 50);
        properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        return properties;
    }

    private static void createTopics(String brokers, List<String> names, int partitions) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers))) {
            for (String name : names) {
                try {
                    admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
                } catch (ExecutionException failed) {
                    if (!(failed.getCause() instanceof TopicExistsException)) throw failed;
                }
            }
        }
    }

    private static int assigned(KafkaStreams streams) {
        return streams.metadataForLocalThreads().stream().flatMap(thread -> thread.activeTasks().stream())
                .mapToInt(task -> task.topicPartitions().size()).sum();
    }
}
