package drey;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.api.dag.Pipeline;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.PipelineExecutor;

/**
 * Lets one job pass, notes its id, and refuses the next before it is submitted. Flink itself would not refuse: with a fixed id,
 * 2.3 gives a second job an id derived from the first, and would start it from the same savepoint.
 */
final class OneJob {
    private final Order order;
    private final AtomicBoolean asked = new AtomicBoolean();
    private final List<String> submitted = new CopyOnWriteArrayList<>();

    OneJob(Order order) {
        this.order = order;
    }

    /** The ids of the jobs that were submitted, in order. */
    List<String> submitted() {
        return List.copyOf(submitted);
    }

    /** {@code executor}, with this in front of it. */
    PipelineExecutor guard(PipelineExecutor executor) {
        return (pipeline, configuration, loader) -> submit(executor, pipeline, configuration, loader);
    }

    private CompletableFuture<JobClient> submit(
            PipelineExecutor executor, Pipeline pipeline, Configuration configuration, ClassLoader loader) throws Exception {
        if (!asked.compareAndSet(false, true)) {
            throw new IllegalStateException(
                    "a Drey job is one Flink job: this main() calls execute() a second time. Put both pipelines into one"
                            + " environment (in SQL: one STATEMENT SET), or make two clusters of them.");
        }
        RestoreKeys.requireUnchanged(configuration, order);
        Configuration settings = new Configuration(configuration);
        JarInPlace.use(configuration, settings);
        return executor.execute(pipeline, settings, loader).thenApply(this::note);
    }

    private JobClient note(JobClient client) {
        submitted.add(client.getJobID().toHexString());
        return client;
    }
}
