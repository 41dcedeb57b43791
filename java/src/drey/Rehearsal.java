package drey;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.dag.Pipeline;
import org.apache.flink.client.program.ProgramAbortException;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.PipelineExecutor;

/**
 * The user's {@code main()}, called for its pipeline only. It gets the environments of the real run, so that parallelism, chains
 * and ids are those of the real run; but what it submits is kept here, and {@code execute()} throws what Flink throws where it
 * only wants a plan.
 */
final class Rehearsal {
    private Pipeline pipeline;
    private Configuration configuration;
    private ClassLoader loader;

    private Rehearsal() {}

    /**
     * Describes the job graph of what {@code main()} submits first; null if it submits nothing. Throws what {@code main()}
     * throws, unless it had submitted: then it only met the end of the rehearsal, in whatever way.
     */
    static Map<String, Object> graphOf(UserProgram program, String[] args) throws Exception {
        Rehearsal rehearsal = new Rehearsal();
        rehearsal.run(program, args);
        return rehearsal.pipeline == null
                ? null
                : GraphDescription.of(rehearsal.pipeline, rehearsal.configuration, rehearsal.loader);
    }

    private void run(UserProgram program, String[] args) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        Runnable end = Environments.intercept(settings -> {}, this::keep);
        try {
            program.run(args.clone());
        } catch (Exception | Error e) {
            if (pipeline == null) {
                throw e;
            }
        } finally {
            end.run();
            thread.setContextClassLoader(before);
        }
    }

    private PipelineExecutor keep(PipelineExecutor flinks) {
        return this::keep;
    }

    private CompletableFuture<JobClient> keep(Pipeline submitted, Configuration settings, ClassLoader jobs) {
        if (pipeline == null) {
            pipeline = submitted;
            configuration = settings;
            loader = jobs;
        }
        throw new ProgramAbortException();
    }
}
