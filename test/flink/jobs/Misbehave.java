package jobs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * Jobs that do what jobs should not. Arguments: WHAT [NUMBER]; WHAT is one of
 *
 * <ul>
 *   <li>{@code throws}: main() throws, with a cause
 *   <li>{@code error}: main() throws an Error
 *   <li>{@code long-failure}: main() throws with a message and a stack far beyond 64 KiB
 *   <li>{@code nothing}: main() returns without execute()
 *   <li>{@code twice}, {@code twice-environments}: a second execute(), in the same environment or in another
 *   <li>{@code caught}: a second execute() whose refusal main() catches
 *   <li>{@code own-restore-path}: main() sets a restore path of its own
 *   <li>{@code exit}: main() calls System.exit(NUMBER, by default 7)
 *   <li>{@code fail}: the job fails at record NUMBER
 *   <li>{@code bounded}: the job ends by itself after NUMBER records
 *   <li>{@code blocks}: main() never returns and never submits
 *   <li>{@code heap}: a map fills the TaskManager's heap; {@code main-heap}: main() fills the JobManager's
 * </ul>
 */
public final class Misbehave {
    private static final int LONG = 100_000;
    private static final int MEBIBYTE = 1 << 20;

    private Misbehave() {}

    public static void main(String[] args) throws Exception {
        String what = args.length > 0 ? args[0] : "";
        long number = args.length > 1 ? Long.parseLong(args[1]) : what.equals("exit") ? 7 : 100;
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        switch (what) {
            case "throws":
                throw new IllegalStateException("thrown by main() on request", new RuntimeException("the \"cause\"\tof it: ü€😀"));
            case "error":
                throw new ExceptionInInitializerError("an error of main() on request");
            case "long-failure":
                throw longFailure();
            case "nothing":
                return;
            case "twice":
                run(env, Long.MAX_VALUE, x -> x);
                run(env, Long.MAX_VALUE, x -> x);
                return;
            case "twice-environments":
                run(env, Long.MAX_VALUE, x -> x);
                run(StreamExecutionEnvironment.getExecutionEnvironment(), Long.MAX_VALUE, x -> x);
                return;
            case "caught":
                run(env, Long.MAX_VALUE, x -> x);
                runAndCatch(env);
                return;
            case "own-restore-path":
                runFromOwnPath(env);
                return;
            case "exit":
                System.exit((int) number);
                return;
            case "fail":
                run(env, Long.MAX_VALUE, failingAt(number));
                return;
            case "bounded":
                run(env, number, x -> x);
                return;
            case "blocks":
                new CountDownLatch(1).await();
                return;
            case "heap":
                run(env, Long.MAX_VALUE, new Hoarder());
                return;
            case "main-heap":
                hoard();
                return;
            default:
                throw new IllegalArgumentException("unknown: " + Arrays.toString(args));
        }
    }

    private static void run(StreamExecutionEnvironment env, long records, MapFunction<Long, Long> map) throws Exception {
        env.fromSequence(1, records)
                .setParallelism(1)
                .uid("sequence")
                .map(map)
                .returns(Types.LONG)
                .setParallelism(1)
                .uid("map")
                .sinkTo(new DiscardingSink<>())
                .setParallelism(1)
                .uid("sink");
        env.execute("misbehave");
    }

    private static void runAndCatch(StreamExecutionEnvironment env) throws Exception {
        try {
            run(env, Long.MAX_VALUE, x -> x);
        } catch (IllegalStateException e) {
            System.out.println("caught: " + e.getMessage());
        }
    }

    private static void runFromOwnPath(StreamExecutionEnvironment env) throws Exception {
        Configuration own = new Configuration();
        own.setString("execution.state-recovery.path", "file:///nowhere");
        env.configure(own);
        run(env, Long.MAX_VALUE, x -> x);
    }

    private static MapFunction<Long, Long> failingAt(long number) {
        return x -> {
            if (x == number) {
                throw new IllegalStateException("failed on request at record " + x);
            }
            return x;
        };
    }

    private static Exception longFailure() {
        Exception failure = new IllegalArgumentException("the root cause");
        for (int i = 0; i < 1000; i++) {
            failure = new IllegalStateException("level " + i, failure);
        }
        return new IllegalStateException("\u0001".repeat(LONG), failure);
    }

    private static void hoard() {
        List<byte[]> kept = new ArrayList<>();
        while (true) {
            kept.add(new byte[MEBIBYTE]);
        }
    }

    private static final class Hoarder implements MapFunction<Long, Long> {
        private static final List<byte[]> KEPT = new ArrayList<>();

        @Override
        public Long map(Long x) {
            KEPT.add(new byte[MEBIBYTE]);
            return x;
        }
    }
}
