package floodmark.pipelines.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.apache.avro.Schema;

/** A schema registry with Confluent's API: Confluent's own, or Apicurio's at {@code /apis/ccompat/v7}. */
final class Registry implements Serializable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int NOT_FOUND = 404;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();

    private final String url;

    Registry(String url) {
        this.url = url.replaceAll("/+$", "");
    }

    /** The schema with that id; empty if the registry has none. */
    Optional<Schema> schema(int id) {
        HttpResponse<byte[]> answer = ask(request("/schemas/ids/" + id).GET());
        if (answer.statusCode() == NOT_FOUND) return Optional.empty();
        return Optional.of(new Schema.Parser().parse(field(answer, "schema").textValue()));
    }

    /** The id of a schema under a subject, where it is registered unless it is there already. */
    int register(String subject, Schema schema) {
        String body = JSON.createObjectNode().put("schema", schema.toString()).toString();
        String path = "/subjects/" + URLEncoder.encode(subject, StandardCharsets.UTF_8) + "/versions";
        HttpRequest.Builder request = request(path).header("Content-Type", "application/vnd.schemaregistry.v1+json").POST(BodyPublishers.ofString(body));
        return field(ask(request), "id").intValue();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(url + path)).timeout(PATIENCE);
    }

    private HttpResponse<byte[]> ask(HttpRequest.Builder request) {
        try {
            return HTTP.send(request.build(), BodyHandlers.ofByteArray());
        } catch (IOException failure) {
            throw new IllegalStateException("the registry at " + url + " does not answer", failure);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the registry at " + url + " was not asked to the end", stopped);
        }
    }

    private JsonNode field(HttpResponse<byte[]> answer, String name) {
        String text = new String(answer.body(), StandardCharsets.UTF_8);
        try {
            JsonNode field = answer.statusCode() == 200 ? JSON.readTree(text).get(name) : null;
            if (field != null) return field;
        } catch (IOException notJson) {
            // Reported below.
        }
        throw new IllegalStateException("the registry at " + url + " answered " + answer.statusCode() + " to " + answer.request().uri().getPath() + ": " + text);
    }
}
