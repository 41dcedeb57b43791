package drey;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.api.java.functions.NullByteKeySelector;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * A small bounded job of ours, so that the real one finds classes loaded and code compiled on both sides: submit, slots, the job's
 * jar and class loader, network, the configured state backend, a checkpoint on the configured storage. It is made of Flink's own
 * classes only, since none of ours is on a TaskManager's class path.
 */
final class WarmUp {
    private static final String NAME = "drey warm-up";
    // below the checkpoint directory, which has one folder for each job, and may be shared by jobs
    private static final String FOLDER = "drey-warm-up-";

    private static final ConfigOption<String> INCARNATION = ConfigOptions.key("cluster.id").stringType().defaultValue("");
    private static final long RECORDS = 20_000;
    private static final long JOB_SECONDS = 60;
    private static final long CANCEL_SECONDS = 5;
    private static final int MAX_FAILURE_BYTES = 8 << 10;

    private WarmUp() {}

    /** Runs the job in {@code parallelism} slots (0: as many as are configured) to its end, and until they are free again. */
    static void run(int parallelism) throws Exception {
        ReadableConfig given = StreamExecutionEnvironment.getExecutionEnvironment().getConfiguration();
        Path folder =
                new Path(given.get(CheckpointingOptions.CHECKPOINTS_DIRECTORY), FOLDER + given.get(INCARNATION));
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.getExecutionEnvironment(settings(given, folder));
        environment.clearJobListeners(); // they are the user's, and this job is not
        if (parallelism > 0) {
            environment.setParallelism(parallelism);
        }
        environment.fromSequence(1, RECORDS).keyBy(new NullByteKeySelector<>()).sum(0).sinkTo(new DiscardingSink<>());
        try {
            JobClient job = environment.executeAsync(NAME); // execute() would be detached here: it does not wait for the end
            Environments.disown(environment, job.getJobID());
            await(job);
        } finally {
            FreeSlots.await(environment.getConfiguration());
            folder.getFileSystem().delete(folder, true);
        }
    }

    /** What to say of a failure: Flink says in the last cause why. */
    static String why(Throwable failure) {
        Throwable last = failure;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return Json.cut(last == failure ? failure.toString() : failure + ": " + last, MAX_FAILURE_BYTES);
    }

    /** What differs from the real job's configuration. */
    private static Configuration settings(ReadableConfig given, Path checkpoints) {
        Configuration settings = new Configuration();
        JarInPlace.use(given, settings);
        settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toString());
        settings.setString("execution.runtime-mode", "STREAMING");
        settings.setString("execution.checkpointing.interval", "1 s");
        // a job that ends takes a last checkpoint then, at once, and waits for it
        settings.setString("execution.checkpointing.checkpoints-after-tasks-finish", "true");
        settings.setString("pipeline.auto-generate-uids", "true");
        settings.setString("restart-strategy.type", "none");
        return settings;
    }

    private static void await(JobClient job) throws Exception {
        try {
            job.getJobExecutionResult().get(JOB_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            job.cancel().get(CANCEL_SECONDS, TimeUnit.SECONDS); // or it would take the slots when the real job wants them
            throw new TimeoutException("the warm-up job did not end within " + JOB_SECONDS + " s");
        }
    }
}
