package drey;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The folder through which the gate and the keeper talk. The gate writes {@code report} if it was to prepare anything, {@code
 * ready}, {@code opened} and then {@code done} or {@code failed}; the keeper writes {@code order}, once. Every file appears whole:
 * written under another name, then renamed. It is not forced to disk: after a power cut the JVM it speaks of is gone as well, and a
 * forced write would lie in the gap of an update.
 */
final class GateFolder {
    /** Most bytes of {@code failed}. */
    static final int MAX_FAILED_BYTES = 64 << 10;

    /** Most bytes of {@code report}. */
    static final int MAX_REPORT_BYTES = 1 << 20;

    private static final int MAX_CLASS_BYTES = 1 << 10;
    private static final int MAX_MESSAGE_BYTES = 8 << 10;
    private static final int FRAME_BYTES = 128; // names of the fields, the time, and the braces around them
    private static final long POLL_MILLIS = 3;

    private final Path folder;

    GateFolder(Path folder) {
        this.folder = folder;
    }

    void writeReady() throws IOException {
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("pid", ProcessHandle.current().pid());
        write("ready", content);
    }

    void writeOpened() throws IOException {
        write("opened", new LinkedHashMap<>());
    }

    /** Says that {@code main()} returned; {@code jobs} are the ids it submitted, in order. */
    void writeDone(List<String> jobs) throws IOException {
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("jobs", jobs);
        write("done", content);
    }

    /** Says what {@code main()} threw, or why it could not be called. */
    void writeFailed(Throwable failure) throws IOException {
        write("failed", describe(failure));
    }

    /** Says what was prepared. One that would be too long says only that it is. */
    void writeReport(Map<String, Object> report) throws IOException {
        int size = Json.write(report).getBytes(StandardCharsets.UTF_8).length + FRAME_BYTES;
        if (size > MAX_REPORT_BYTES) {
            report.remove("graph");
            String why = "the job graph is too large: its description has " + size + " bytes";
            report.put("failure", describe(new IllegalStateException(why)));
        }
        write("report", report);
    }

    /** A failure in at most {@link #MAX_FAILED_BYTES}. Long texts lose their middle, so that causes stay. */
    static Map<String, Object> describe(Throwable failure) {
        String type = Json.cut(failure.getClass().getName(), MAX_CLASS_BYTES);
        String message = Json.cut(String.valueOf(failure.getMessage()), MAX_MESSAGE_BYTES);
        int left = MAX_FAILED_BYTES - FRAME_BYTES - Json.size(type) - Json.size(message);
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("class", type);
        content.put("message", failure.getMessage() == null ? "" : message);
        content.put("stack", Json.cut(stackOf(failure), left));
        return content;
    }

    /** Waits for the order, as long as it takes. The keeper links it into place, so it is never seen in part. */
    Order awaitOrder() throws IOException, InterruptedException {
        Path order = folder.resolve("order");
        while (!Files.exists(order)) {
            Thread.sleep(POLL_MILLIS);
        }
        return Order.parse(Files.readString(order));
    }

    private void write(String name, Map<String, Object> content) throws IOException {
        content.put("at", System.currentTimeMillis());
        Path temporary = folder.resolve("." + name + ".tmp");
        Files.write(temporary, Json.write(content).getBytes(StandardCharsets.UTF_8));
        Files.move(temporary, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String stackOf(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text, true));
        return text.toString();
    }
}
