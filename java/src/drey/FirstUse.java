package drey;

import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The first use of a remote file system takes its time: a plugin's classes, threads, a connection. Here it passes while the gate is
 * shut, instead of between the order and the job's first record.
 */
final class FirstUse {
    private FirstUse() {}

    /** Looks at the checkpoint directory. Nobody waits for it, and what fails will fail in the job, which says so better. */
    static void ofCheckpointStorage() {
        ReadableConfig given = StreamExecutionEnvironment.getExecutionEnvironment().getConfiguration();
        String directory = given.get(CheckpointingOptions.CHECKPOINTS_DIRECTORY);
        if (directory == null) {
            return;
        }
        Thread thread = new Thread(() -> look(new Path(directory)), "drey-first-use");
        thread.setDaemon(true);
        thread.start();
    }

    private static void look(Path directory) {
        try {
            directory.getFileSystem().exists(directory);
        } catch (Exception | LinkageError e) {
            return;
        }
    }
}
