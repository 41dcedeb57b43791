package drey;

import java.lang.reflect.Field;
import java.util.Collection;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.flink.api.common.JobID;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.PipelineExecutor;
import org.apache.flink.core.execution.PipelineExecutorServiceLoader;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironmentFactory;

/**
 * Puts us between the user's {@code main()} and Flink: into every environment that it gets. Flink offers no public way: the
 * factory is set by a protected method (reached by extending the class) and read, like the environment's executors, from private
 * fields whose names are the same from 1.20 to 2.3.
 */
final class Environments extends StreamExecutionEnvironment {
    private Environments() {}

    /** Fails, before anything waits for us, on a Flink that is built otherwise than those we know. */
    static void requireKnownFlink() {
        current();
        executors();
    }

    /**
     * From now on environments have {@code settings} in their configuration and submit through {@code executor}.
     *
     * @return ends this: environments are as they were before
     */
    static Runnable intercept(Consumer<Configuration> settings, UnaryOperator<PipelineExecutor> executor) {
        StreamExecutionEnvironmentFactory flinks = current();
        initializeContextEnvironment(
                asked -> {
                    Configuration configuration = new Configuration(asked);
                    settings.accept(configuration);
                    StreamExecutionEnvironment environment = flinks.createExecutionEnvironment(configuration);
                    submitThrough(executor, environment);
                    return environment;
                });
        return () -> initializeContextEnvironment(flinks);
    }

    /**
     * Takes a job out of the lists that Flink keeps of what the application submitted. Flink watches the jobs there, and cancels
     * all of them if one does not finish.
     */
    static void disown(StreamExecutionEnvironment environment, JobID job) {
        Object loader = get(executors(), environment);
        for (Field field : loader.getClass().getDeclaredFields()) {
            field.setAccessible(true);
            if (get(field, loader) instanceof Collection) {
                ((Collection<?>) get(field, loader)).remove(job);
            }
        }
    }

    /** The factory that Flink installed for the application that runs in this thread. */
    private static StreamExecutionEnvironmentFactory current() {
        Object factory = ((ThreadLocal<?>) get(field("threadLocalContextEnvironmentFactory"), null)).get();
        if (factory == null) {
            factory = get(field("contextEnvironmentFactory"), null);
        }
        if (factory == null) {
            throw new IllegalStateException("the gate must be the main class of an application cluster: there is no environment");
        }
        return (StreamExecutionEnvironmentFactory) factory;
    }

    private static void submitThrough(UnaryOperator<PipelineExecutor> executor, StreamExecutionEnvironment environment) {
        Field executors = executors();
        try {
            PipelineExecutorServiceLoader inner = (PipelineExecutorServiceLoader) get(executors, environment);
            executors.set(environment, new ExecutorsBehind(inner, executor));
        } catch (IllegalAccessException e) {
            throw unknownFlink(executors.getName(), e);
        }
    }

    private static Field executors() {
        return field("executorServiceLoader");
    }

    private static Field field(String name) {
        try {
            Field field = StreamExecutionEnvironment.class.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw unknownFlink(name, e);
        }
    }

    private static Object get(Field field, Object from) {
        try {
            return field.get(from);
        } catch (IllegalAccessException e) {
            throw unknownFlink(field.getName(), e);
        }
    }

    private static IllegalStateException unknownFlink(String what, Exception cause) {
        return new IllegalStateException("this Flink is none that Drey's gate knows: StreamExecutionEnvironment." + what, cause);
    }
}
