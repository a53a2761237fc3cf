import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

/**
 * Gives each partition of a topic another leader, again and again, until it is ended: another broker that is in sync becomes the first of its replicas,
 * and so the preferred one, which is elected. Prints a line for each time: when, and how many partitions have another leader than the time before.
 */
public final class MoveLeaders {
    public static void main(String[] args) throws InterruptedException {
        if (args.length != 4) {
            System.err.println("usage: java -cp 'libs/*' MoveLeaders.java BOOTSTRAP TOPIC PERIOD_MS SEED");
            System.exit(2);
        }
        Random random = new Random(Long.parseLong(args[3]));
        Map<String, Object> settings =
                Map.of("bootstrap.servers", args[0], "request.timeout.ms", "2000", "default.api.timeout.ms", "2000");
        Map<Integer, Integer> leaders = new HashMap<>();
        try (Admin admin = Admin.create(settings)) {
            while (true) {
                long begun = System.nanoTime();
                String said;
                try {
                    said = move(admin, args[1], random, leaders);
                } catch (ExecutionException error) { // a broker is gone, or the topic not there yet: the next time
                    said = error.getCause().toString();
                }
                System.out.println(LocalTime.now() + " " + said);
                Thread.sleep(Math.max(0, Long.parseLong(args[2]) - (System.nanoTime() - begun) / 1_000_000));
            }
        }
    }

    private static String move(Admin admin, String topic, Random random, Map<Integer, Integer> leaders)
            throws ExecutionException, InterruptedException {
        List<TopicPartitionInfo> partitions =
                admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
        long moved = partitions.stream().filter(partition -> isNew(partition, leaders)).count();
        Map<TopicPartition, Optional<NewPartitionReassignment>> wanted = new HashMap<>();
        for (TopicPartitionInfo partition : partitions) {
            List<Node> others = new ArrayList<>(partition.isr());
            others.remove(partition.leader());
            if (!others.isEmpty()) {
                int first = others.get(random.nextInt(others.size())).id();
                List<Integer> replicas = new ArrayList<>(partition.replicas().stream().map(Node::id).toList());
                Collections.swap(replicas, 0, replicas.indexOf(first));
                wanted.put(new TopicPartition(topic, partition.partition()), Optional.of(new NewPartitionReassignment(replicas)));
            }
        }
        admin.alterPartitionReassignments(wanted).all().get();
        Set<TopicPartition> elected = wanted.keySet();
        long refused = admin.electLeaders(ElectionType.PREFERRED, elected).partitions().get().values().stream()
                .filter(Optional::isPresent)
                .count();
        return "since the time before " + moved + " of " + partitions.size() + " have another leader; asked for "
                + (elected.size() - refused) + " more";
    }

    private static boolean isNew(TopicPartitionInfo partition, Map<Integer, Integer> leaders) {
        Integer now = partition.leader() == null ? null : partition.leader().id();
        Integer before = now == null ? null : leaders.put(partition.partition(), now);
        return before != null && !before.equals(now);
    }
}
