package drey;

import java.util.Locale;
import java.util.Map;

/** What the job starts from and under which id: the one message from Drey to the gate. Fields it does not know are ignored. */
final class Order {
    /** Savepoint or checkpoint to start from; "" = start empty. */
    final String restorePath;
    /** Flink's id for the job: 32 lower-case hex digits. */
    final String jobId;
    /** Whether state that no operator claims may be left behind. */
    final boolean allowNonRestoredState;

    Order(String restorePath, String jobId, boolean allowNonRestoredState) {
        this.restorePath = restorePath;
        this.jobId = jobId;
        this.allowNonRestoredState = allowNonRestoredState;
    }

    static Order parse(String json) {
        Map<String, Object> fields = Json.readObject(json);
        String path = field(fields, "restorePath", String.class, "").trim();
        String id = field(fields, "jobId", String.class, "").trim().toLowerCase(Locale.ROOT);
        if (!id.matches("[0-9a-f]{32}")) {
            throw new IllegalArgumentException("the order's jobId is not 32 hex digits: \"" + id + "\"");
        }
        return new Order(path, id, field(fields, "allowNonRestoredState", Boolean.class, false));
    }

    private static <T> T field(Map<String, Object> fields, String name, Class<T> type, T absent) {
        Object value = fields.get(name);
        if (value == null) {
            return absent;
        }
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException("the order's " + name + " is not a " + type.getSimpleName() + ": " + value);
        }
        return type.cast(value);
    }
}
