import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.utils.SecurityUtils;

/** Part of scripts/kafka: grants rights, all in one request. Each argument after the client's properties file is PRINCIPALS OPERATIONS TYPE PREFIX. */
public class Grants {
    public static void main(String[] arguments) throws Exception {
        Properties client = new Properties();
        try (FileInputStream file = new FileInputStream(arguments[0])) {
            client.load(file);
        }
        List<AclBinding> grants = new ArrayList<>();
        for (int at = 1; at < arguments.length; at++) {
            String[] words = arguments[at].split(" ");
            ResourcePattern resource =
                new ResourcePattern(ResourceType.fromString(words[2].replace('-', '_')), words[3], PatternType.PREFIXED);
            for (String principal : words[0].split(",")) {
                for (String operation : words[1].split(",")) {
                    AclOperation allowed = SecurityUtils.operation(operation);
                    grants.add(new AclBinding(
                        resource, new AccessControlEntry("User:" + principal, "*", allowed, AclPermissionType.ALLOW)));
                }
            }
        }
        try (Admin admin = Admin.create(client)) {
            admin.createAcls(grants).all().get();
        }
        System.out.println(grants.size() + " rights granted");
    }
}
