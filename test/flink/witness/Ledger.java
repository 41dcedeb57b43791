package witness;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.flink.api.common.TaskInfo;

/**
 * What one subtask did, one line for each event, in {@code DIR/<incarnation>-<subtask>.ledger}: appended, never changed, written
 * by one system call, so that a killed process leaves whole lines. A line has ten words:
 *
 * <pre>
 * EVENT A B C SUBTASK ATTEMPT INCARNATION MONOTONIC_NANOS EPOCH_MILLIS PID
 *
 * open      parallelism           0            0      the subtask begins
 * restored  checkpoint id         0            0      with the state of this checkpoint or savepoint
 * record    number                key          count  about to be counted
 * snapshot  checkpoint id         last number  0      its state was taken (which does not make the checkpoint complete)
 * close     0                     0            0      the subtask ended in an orderly way
 * double    0                     0            0      another process (or task) has this subtask's lock
 * </pre>
 *
 * <p>The lock {@code DIR/subtask-<n>.lock} is held from open to close. The kernel frees it when the process dies.
 */
final class Ledger implements AutoCloseable {
    private final FileOutputStream file; // no channel: that would be closed for good when Flink interrupts the task
    private final FileChannel lockFile;
    private final String tail; // the words that are the same in all lines, but for the times

    private Ledger(FileOutputStream file, FileChannel lockFile, String tail) {
        this.file = file;
        this.lockFile = lockFile;
        this.tail = tail;
    }

    /** Begins or continues the ledger of a subtask; {@code restoredCheckpoint} 0 = it started empty. */
    static Ledger open(String folder, TaskInfo task, long restoredCheckpoint) throws IOException {
        int subtask = task.getIndexOfThisSubtask();
        Path dir = Files.createDirectories(Path.of(folder));
        FileOutputStream file = new FileOutputStream(dir.resolve(incarnation() + "-" + subtask + ".ledger").toFile(), true);
        FileChannel lockFile =
                FileChannel.open(dir.resolve("subtask-" + subtask + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        Ledger ledger = new Ledger(file, lockFile, subtask + " " + task.getAttemptNumber() + " " + incarnation());
        if (!ledger.lock()) {
            ledger.line("double", 0, 0, 0);
        }
        ledger.line("open", task.getNumberOfParallelSubtasks(), 0, 0);
        if (restoredCheckpoint > 0) {
            ledger.line("restored", restoredCheckpoint, 0, 0);
        }
        return ledger;
    }

    /** The incarnation this process belongs to: the marker that Drey puts into its environment, up to the slash. */
    static String incarnation() {
        String marker = System.getenv("DREY_INCARNATION");
        return marker == null || marker.isEmpty() ? "none" : marker.split("/", 2)[0];
    }

    void record(long number, long key, long count) throws IOException {
        line("record", number, key, count);
    }

    void snapshot(long checkpoint, long last) throws IOException {
        line("snapshot", checkpoint, last, 0);
    }

    @Override
    public void close() throws IOException {
        try (FileOutputStream closing = file; FileChannel unlocking = lockFile) {
            line("close", 0, 0, 0);
        }
    }

    private boolean lock() throws IOException {
        try {
            FileLock lock = lockFile.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // another task of this JVM has it
        }
    }

    private void line(String event, long a, long b, long c) throws IOException {
        String line =
                event + " " + a + " " + b + " " + c + " " + tail + " " + System.nanoTime() + " " + System.currentTimeMillis() + " "
                        + ProcessHandle.current().pid() + "\n";
        file.write(line.getBytes(StandardCharsets.US_ASCII));
    }
}
