// Fills a topic quickly: every message is one of a stock, with an identity and a time of its own.
//
//   java -cp 'JARS/*' Fill.java ADDRESS TOPIC PARTITIONS COUNT RATE FROM_US STEP_US COMPRESSION STOCK
//
// RATE: messages a second, 0 = as fast as it goes. STEP_US: microseconds from one `ts` to the next, which begin at
// FROM_US; 0 = `ts` is the present instant. Prints how many messages the broker has acknowledged.

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Fill {
    static final int PARTS = 9;
    static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss").withZone(ZoneOffset.UTC);

    public static void main(String[] words) throws Exception {
        String topic = words[1];
        int partitions = Integer.parseInt(words[2]);
        long count = Long.parseLong(words[3]);
        double rate = Double.parseDouble(words[4]);
        long from = Long.parseLong(words[5]);
        long step = Long.parseLong(words[6]);
        List<String> lines = Files.readAllLines(Path.of(words[8]));
        int size = lines.size();
        byte[][] stock = new byte[size][];
        int[] ts = new int[size], id = new int[size], call = new int[size];
        for (int i = 0; i < size; i++) {
            stock[i] = lines.get(i).getBytes(StandardCharsets.UTF_8);
            ts[i] = lines.get(i).indexOf("\"ts\": \"") + 7;
            id[i] = lines.get(i).indexOf("\"event_id\": \"") + 13;
            call[i] = lines.get(i).indexOf("\"interaction_id\": \"call-") + 24;
        }
        Map<String, Object> options = Map.of(
            "bootstrap.servers", words[0], "acks", "1", "linger.ms", rate > 0 ? "5" : "50", "batch.size", 1 << 18,
            "buffer.memory", 64L << 20, "compression.type", words[7]);
        AtomicReference<Exception> failed = new AtomicReference<>();
        try (var producer = new KafkaProducer<>(options, new ByteArraySerializer(), new ByteArraySerializer())) {
            long began = System.nanoTime();
            long second = Long.MIN_VALUE;
            byte[] shown = null;
            for (long i = 0; i < count && failed.get() == null; i++) {
                if (rate > 0) {
                    long due = began + (long) (i / rate * 1e9);
                    while (System.nanoTime() < due) LockSupport.parkNanos(Math.min(due - System.nanoTime(), 1_000_000));
                }
                byte[] value = stock[(int) (i % size)].clone();
                int place = (int) (i % size);
                long us = from + i * step;
                if (step == 0) {
                    Instant now = Instant.now();
                    us = now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
                }
                if (us / 1_000_000 != second) {
                    second = us / 1_000_000;
                    shown = SECOND.format(Instant.ofEpochSecond(second)).getBytes(StandardCharsets.US_ASCII);
                }
                System.arraycopy(shown, 0, value, ts[place], 19);
                digits(value, ts[place] + 20, 6, us % 1_000_000);
                digits(value, call[place], 12, i / PARTS);
                long rest = i;
                for (int at = 31; at >= 0; at--, rest >>>= 4) value[id[place] + at] = HEX[(int) (rest & 15)];
                producer.send(new ProducerRecord<>(topic, (int) (i / PARTS % partitions), null, value),
                    (told, error) -> { if (error != null) failed.compareAndSet(null, error); });
            }
            producer.flush();
        }
        if (failed.get() != null) throw failed.get();
        System.out.println(count);
    }

    static void digits(byte[] into, int at, int width, long number) {
        for (int place = at + width - 1; place >= at; place--, number /= 10) into[place] = (byte) ('0' + number % 10);
    }
}
