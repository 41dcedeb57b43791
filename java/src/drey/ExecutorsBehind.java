package drey;

import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.PipelineExecutor;
import org.apache.flink.core.execution.PipelineExecutorFactory;
import org.apache.flink.core.execution.PipelineExecutorServiceLoader;

/** Flink's own executors, each behind one of ours. */
final class ExecutorsBehind implements PipelineExecutorServiceLoader {
    private final PipelineExecutorServiceLoader flinks;
    private final UnaryOperator<PipelineExecutor> ours;

    ExecutorsBehind(PipelineExecutorServiceLoader flinks, UnaryOperator<PipelineExecutor> ours) {
        this.flinks = flinks;
        this.ours = ours;
    }

    @Override
    public PipelineExecutorFactory getExecutorFactory(Configuration configuration) throws Exception {
        PipelineExecutorFactory factory = flinks.getExecutorFactory(configuration);
        return new PipelineExecutorFactory() {
            @Override
            public String getName() {
                return factory.getName();
            }

            @Override
            public boolean isCompatibleWith(Configuration configuration) {
                return factory.isCompatibleWith(configuration);
            }

            @Override
            public PipelineExecutor getExecutor(Configuration configuration) {
                return ours.apply(factory.getExecutor(configuration));
            }
        };
    }

    @Override
    public Stream<String> getExecutorNames() {
        return flinks.getExecutorNames();
    }
}
