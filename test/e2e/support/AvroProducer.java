import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.Map;
import java.util.Properties;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes track events with Apache Avro and Kafka's own client, in the Confluent wire format, as programs in Java do.
 * Arguments: brokers, registry, topic, number of sessions; three events each. And where these want more, a file of
 * settings of the producer, a PEM file with the registry's authority, and its user and password with a colon between.
 */
public class AvroProducer {
  public static void main(String[] arguments) throws Exception {
    String topic = arguments[2];
    var latest = HttpRequest.newBuilder(URI.create(arguments[1] + "/subjects/" + topic + "-value/versions/latest"));
    var registry = HttpClient.newBuilder();
    if (arguments.length > 4) {
      registry.sslContext(trusting(arguments[5]));
      var login = Base64.getEncoder().encodeToString(arguments[6].getBytes("UTF-8"));
      latest.header("Authorization", "Basic " + login);
    }
    var answer = registry.build().send(latest.build(), HttpResponse.BodyHandlers.ofString());
    var found = new ObjectMapper().readTree(answer.body());
    var schema = new Schema.Parser().parse(found.get("schema").asText());
    int id = found.get("id").asInt();

    var settings = new Properties();
    if (arguments.length > 4) settings.load(new FileInputStream(arguments[4]));
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("compression.type", "lz4");
    settings.put("linger.ms", "20");
    // Of the events' own, so that a busy machine does not make pauses between them.
    long begun = System.currentTimeMillis();
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
      for (int session = 0; session < Integer.parseInt(arguments[3]); session++) {
        String key = "java-session-" + session;
        for (int i = 0; i < 3; i++) {
          var event = eventOf(schema, key, i, begun + 100 * i);
          producer.send(new ProducerRecord<>(topic, key, framed(id, schema, event))).get();
        }
      }
    }
  }

  static SSLContext trusting(String file) throws Exception {
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    var authority = CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream(file));
    store.setCertificateEntry("authority", authority);
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static GenericRecord eventOf(Schema schema, String session, int number, long at) {
    var event = new GenericData.Record(schema);
    // Every field has to be set: defaults are for readers.
    for (var field : schema.getFields()) {
      if (field.hasDefaultValue()) event.put(field.pos(), GenericData.get().getDefaultValue(field));
    }
    event.put("event_id", session + "-" + number);
    event.put("session_id", session);
    event.put("profile_id", "java-profile");
    event.put("type", "page-view");
    event.put("occurred_at", at);
    event.put("properties", Map.of("number", (double) number));
    event.put("traits", Map.of("language", "Java ☕"));
    return event;
  }

  static byte[] framed(int id, Schema schema, GenericRecord event) throws Exception {
    var bytes = new ByteArrayOutputStream();
    var header = new DataOutputStream(bytes);
    header.writeByte(0);
    header.writeInt(id);
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(schema).write(event, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }
}
