import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.PrintSink;
import org.apache.flink.util.Collector;

/**
 * A small job to begin with. Two coffee shops sell coffee; each counts its cups in keyed state, and says once a second how many
 * there were since the job first began. Stop it with a savepoint and start it again, or update it: the counts go on.
 *
 * <p>Arguments: {@code --rate CUPS_PER_SECOND} (20), {@code --every SECONDS} (1), {@code --greeting TEXT} ("sold so far").
 */
public final class Hello {
    private static final String[] SHOPS = {"harbour", "station"};
    private static final String[] COFFEES = {"espresso", "latte", "mocha", "ristretto", "espresso"};
    private static final TypeInformation<Tuple2<String, String>> CUP = Types.TUPLE(Types.STRING, Types.STRING);

    private Hello() {}

    public static void main(String[] args) throws Exception {
        double rate = Double.parseDouble(option(args, "rate", "20"));
        Duration every = Duration.ofSeconds(Long.parseLong(option(args, "every", "1")));
        String greeting = option(args, "greeting", "sold so far");

        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        DataGeneratorSource<Tuple2<String, String>> cups =
                new DataGeneratorSource<>(Hello::cup, Long.MAX_VALUE, RateLimiterStrategy.perSecond(rate), CUP);

        // Every operator with state has a uid: it is the name under which a savepoint keeps that state.
        env.fromSource(cups, WatermarkStrategy.noWatermarks(), "cups")
                .setParallelism(1)
                .uid("cups")
                .keyBy(cup -> cup.f0)
                .process(new Counter(every, greeting))
                .name("counter")
                .uid("counter")
                .sinkTo(new PrintSink<>())
                .name("print")
                .uid("print");
        env.execute("hello");
    }

    /** The n-th cup: the shop that sold it and what was in it. */
    private static Tuple2<String, String> cup(long n) {
        return Tuple2.of(SHOPS[(int) (n % SHOPS.length)], COFFEES[(int) (n / SHOPS.length % COFFEES.length)]);
    }

    private static String option(String[] args, String name, String byDefault) {
        for (int i = 0; i + 1 < args.length; i++) {
            if (args[i].equals("--" + name)) {
                return args[i + 1];
            }
        }
        return byDefault;
    }

    /** Counts the cups of one shop by coffee, and says the counts at every full interval. */
    private static final class Counter extends KeyedProcessFunction<String, Tuple2<String, String>, String> {
        private final long everyMillis;
        private final String greeting;
        private transient MapState<String, Long> sold;

        Counter(Duration every, String greeting) {
            this.everyMillis = Math.max(1, every.toMillis());
            this.greeting = greeting;
        }

        @Override
        public void open(OpenContext context) {
            sold = getRuntimeContext().getMapState(new MapStateDescriptor<>("sold", Types.STRING, Types.LONG));
        }

        @Override
        public void processElement(Tuple2<String, String> cup, Context context, Collector<String> out) throws Exception {
            Long before = sold.get(cup.f1);
            sold.put(cup.f1, before == null ? 1 : before + 1);
            long now = context.timerService().currentProcessingTime();
            context.timerService().registerProcessingTimeTimer(now - now % everyMillis + everyMillis);
        }

        @Override
        public void onTimer(long time, OnTimerContext context, Collector<String> out) throws Exception {
            Map<String, Long> board = new TreeMap<>();
            for (Map.Entry<String, Long> coffee : sold.entries()) {
                board.put(coffee.getKey(), coffee.getValue());
            }
            long cups = board.values().stream().mapToLong(Long::longValue).sum();
            out.collect(context.getCurrentKey() + ": " + cups + " cups " + greeting + " " + board);
        }
    }
}
