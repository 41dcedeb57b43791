package drey;

import java.lang.reflect.Field;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.PipelineExecutorServiceLoader;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironmentFactory;

/**
 * Makes every environment that the user's {@code main()} gets obey the order. Flink offers no public way: the factory is set by a
 * protected method (reached by extending the class) and read, like the environment's executors, from private fields whose names
 * are the same from 1.20 to 2.3.
 */
final class Environments extends StreamExecutionEnvironment {
    private Environments() {}

    /** Fails, before anything waits for us, on a Flink that is built otherwise than those we know. */
    static void requireKnownFlink() {
        current();
        executors();
    }

    /** From now on environments carry the order's job id and restore path, and submit through {@code job}. */
    static void obey(Order order, OneJob job) {
        StreamExecutionEnvironmentFactory flinks = current();
        initializeContextEnvironment(
                asked -> {
                    Configuration configuration = new Configuration(asked);
                    RestoreKeys.set(configuration, order);
                    StreamExecutionEnvironment environment = flinks.createExecutionEnvironment(configuration);
                    submitThrough(job, environment);
                    return environment;
                });
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

    private static void submitThrough(OneJob job, StreamExecutionEnvironment environment) {
        Field executors = executors();
        try {
            executors.set(environment, job.guard((PipelineExecutorServiceLoader) get(executors, environment)));
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
