package drey;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;

/** Flink's own JobManager and TaskManager in this JVM. */
final class RealFlink implements AutoCloseable {
    private static final int SLOTS = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final MiniCluster cluster;
    private final String folder;

    RealFlink(String folder) throws Exception {
        this.folder = folder;
        Configuration configuration = new Configuration();
        configuration.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(32));
        configuration.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(32));
        configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(16));
        cluster =
                new MiniCluster(
                        new MiniClusterConfiguration.Builder()
                                .setConfiguration(configuration)
                                .setNumTaskManagers(1)
                                .setNumSlotsPerTaskManager(SLOTS)
                                .build());
        cluster.start();
    }

    /** Runs a version from nothing until all its state is written, and stops it with a native savepoint. */
    String savepointOf(Variant variant) throws Exception {
        JobGraph graph = variant.graph();
        String failure = runs(graph, variant);
        if (failure != null) {
            throw new IllegalStateException("the first version does not run: " + failure);
        }
        return cluster.stopWithSavepoint(graph.getJobID(), folder, false, SavepointFormatType.NATIVE).get();
    }

    /** Starts a version from a savepoint. Returns why Flink refused, or null if all of it ran and read its state. */
    String start(Variant variant, SavepointRestoreSettings from) throws Exception {
        JobGraph graph = variant.graph();
        graph.setSavepointRestoreSettings(from);
        String refusal = runs(graph, variant);
        if (refusal == null) {
            cluster.cancelJob(graph.getJobID()).get();
            cluster.requestJobResult(graph.getJobID()).get();
        }
        return refusal;
    }

    /** Submits the job and waits until it runs and every stateful role met a record. Returns why it failed, null if it runs. */
    private String runs(JobGraph graph, Variant variant) throws Exception {
        cluster.submitJob(graph).get();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!failed(graph.getJobID())) {
            if (Marks.of(variant.run()).keySet().containsAll(variant.roles()) && settled(graph.getJobID(), variant.ends())) {
                return null;
            }
            if (System.nanoTime() > deadline) {
                throw new TimeoutException("neither running nor failed: " + graph.getName());
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        JobResult result = cluster.requestJobResult(graph.getJobID()).get();
        return result.getSerializedThrowable()
                .map(t -> deepest(t.deserializeError(getClass().getClassLoader())))
                .orElse("no reason given");
    }

    private static String deepest(Throwable failure) {
        return failure.getCause() == null ? String.valueOf(failure.getMessage()) : deepest(failure.getCause());
    }

    private boolean failed(JobID job) throws ExecutionException, InterruptedException {
        return cluster.getJobStatus(job).get() == JobStatus.FAILED;
    }

    /** Whether every task runs or has come to its end, and at least {@code ends} have. */
    private boolean settled(JobID job, int ends) throws ExecutionException, InterruptedException {
        int ended = 0;
        AccessExecutionGraph graph = cluster.getExecutionGraph(job).get();
        for (AccessExecutionVertex task : graph.getAllExecutionVertices()) {
            if (task.getExecutionState() == ExecutionState.FINISHED) {
                ended++;
            } else if (task.getExecutionState() != ExecutionState.RUNNING) {
                return false;
            }
        }
        return ended >= ends;
    }

    @Override
    public void close() throws Exception {
        cluster.close();
    }
}
