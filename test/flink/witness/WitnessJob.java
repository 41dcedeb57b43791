package witness;

import java.util.Arrays;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.SimpleStringEncoder;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.OnCheckpointRollingPolicy;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * The job by which tests judge, from outside of Flink's state, that nothing was lost, repeated or run twice: the numbers 1, 2, 3
 * and on at a steady rate, counted by key, each written into a {@link Ledger} before it is counted, and into an exactly-once
 * file sink after. The Go package beside this file reads both and judges them.
 *
 * <p>Arguments, all optional:
 *
 * <ul>
 *   <li>{@code --ledger DIR}: local folder of the ledger; none is written without it
 *   <li>{@code --out URI}: folder of the sink; discarded without it
 *   <li>{@code --rate N}: numbers a second (200); {@code --to N}: the last one (the job then ends; by default it never does)
 *   <li>{@code --keys N}: (16) fixed for the life of the job; {@code --parallelism N} of counter and sink (1)
 *   <li>{@code --pad BYTES}: of state for each key (0)
 *   <li>{@code --failAt N}: the job fails at this number, {@code --failTimes N} times (always)
 *   <li>{@code --trouble WHAT}: {@code main} throws; {@code checkpoint}s never end; {@code memory} is hoarded until there is none;
 *       each attempt fails in a {@code loop}, after 20 numbers, or in a {@code late-loop}, after 1000; {@code close} never returns;
 *       {@code @FILE}: as the file says when an attempt begins
 *   <li>{@code --counterUid TEXT}: uid of the counter; another one loses the state
 *   <li>{@code --version TEXT}: written with each record into the sink
 * </ul>
 */
public final class WitnessJob {
    private WitnessJob() {}

    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        String trouble = text(args, "trouble", "");
        if (trouble.equals("main")) {
            throw new IllegalStateException("main() fails on request");
        }
        int parallelism = (int) number(args, "parallelism", 1);
        NumberSequenceSource numbers = new NumberSequenceSource(1, number(args, "to", Long.MAX_VALUE - 1));
        Counter counter =
                new Counter(
                        text(args, "ledger", ""),
                        text(args, "version", "v1"),
                        (int) number(args, "pad", 0),
                        number(args, "failAt", 0),
                        number(args, "failTimes", Integer.MAX_VALUE),
                        trouble);
        long keys = number(args, "keys", 16);

        env.fromSource(numbers, WatermarkStrategy.noWatermarks(), "sequence")
                .setParallelism(1)
                .uid("sequence")
                .map(new Throttle(Double.parseDouble(text(args, "rate", "200"))))
                .returns(Types.LONG)
                .setParallelism(1)
                .uid("throttle")
                .name("throttle")
                .keyBy(n -> n % keys, Types.LONG)
                .process(counter)
                .returns(Types.STRING)
                .setParallelism(parallelism)
                .uid(text(args, "counterUid", "counter"))
                .name("counter")
                .sinkTo(sink(text(args, "out", "")))
                .setParallelism(parallelism)
                .uid("sink")
                .name("sink");
        env.execute("witness " + text(args, "version", "v1"));
    }

    /** One part file for each checkpoint, so that what is committed is what complete checkpoints hold, to the record. */
    private static Sink<String> sink(String out) {
        if (out.isEmpty()) {
            return new DiscardingSink<>();
        }
        return FileSink.forRowFormat(new Path(out), new SimpleStringEncoder<String>("UTF-8"))
                .withRollingPolicy(OnCheckpointRollingPolicy.build())
                .build();
    }

    private static String text(String[] args, String name, String byDefault) {
        int at = Arrays.asList(args).indexOf("--" + name);
        return at >= 0 && at + 1 < args.length ? args[at + 1] : byDefault;
    }

    private static long number(String[] args, String name, long byDefault) {
        return Long.parseLong(text(args, name, Long.toString(byDefault)));
    }
}
