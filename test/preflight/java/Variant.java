package drey;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;

/**
 * One version of the corpus' job, by words in the order of the stream, for example {@code numbers:uid=s count:uid=c:max=64 sink}:
 *
 * <ul>
 *   <li>{@code job}: nothing of the stream; sets {@code par}, {@code max}, {@code backend} or {@code chain=off} for all of it
 *   <li>{@code numbers}, {@code sequence}, {@code ended}: sources; the last is at its end at once. A second one is united with the
 *       stream so far
 *   <li>{@code map}: no state. With {@code role=R} it tells whether a source in front of it, of role R, went on
 *   <li>{@code count}: keyed state, {@code state=NAME} and {@code type=long} change it; {@code list}: operator state
 *   <li>{@code forget}: keyed, and does not ask for its state
 *   <li>{@code sink}: ends a branch; more words go on where it began
 * </ul>
 *
 * Options of all: {@code uid}, {@code hash} (uidHash), {@code name}, {@code par}, {@code max}, {@code chain=off}.
 */
final class Variant {
    private static final Set<String> SOURCES = Set.of("numbers", "sequence", "ended");

    private final List<Word> words = new ArrayList<>();
    private final List<String> roles = new ArrayList<>();
    private final String run = UUID.randomUUID().toString();
    private final String text;

    private Variant(String text) {
        this.text = text;
    }

    static Variant of(String text) {
        Variant variant = new Variant(text);
        for (String part : text.trim().split(" +")) {
            Word word = new Word(part);
            variant.words.add(word);
            if (List.of("numbers", "count", "list").contains(word.kind) || word.has("role")) {
                variant.roles.add(word.role());
            }
        }
        return variant;
    }

    /** Names this one run of the version among {@link Marks}. */
    String run() {
        return run;
    }

    /** The roles that have state. */
    List<String> roles() {
        return roles;
    }

    /** How many sources come to their end. */
    int ends() {
        return (int) words.stream().filter(word -> word.kind.equals("ended")).count();
    }

    JobGraph graph() {
        return build().getStreamGraph().getJobGraph();
    }

    /** The graph as the gate reports it. */
    Map<String, Object> description() {
        StreamExecutionEnvironment env = build();
        return GraphDescription.of(env.getStreamGraph(), new Configuration(), Variant.class.getClassLoader());
    }

    private StreamExecutionEnvironment build() {
        Configuration configuration = new Configuration();
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(configuration);
        env.setParallelism(1);
        DataStream<Long> stream = null;
        for (Word word : words) {
            if (word.kind.equals("job")) {
                settings(env, word);
            } else if (word.kind.equals("sink")) {
                word.applyTo(stream.sinkTo(new DiscardingSink<>()));
            } else if (SOURCES.contains(word.kind)) {
                DataStream<Long> more = word.applyTo(env.fromSource(source(word), WatermarkStrategy.noWatermarks(), "source"));
                stream = stream == null ? more : stream.union(more);
            } else {
                stream = word.applyTo(operator(stream, word).returns(Types.LONG));
            }
        }
        return env;
    }

    private static void settings(StreamExecutionEnvironment env, Word word) {
        if (word.has("par")) {
            env.setParallelism(word.number("par"));
        }
        if (word.has("max")) {
            env.setMaxParallelism(word.number("max"));
        }
        if (word.has("backend")) {
            env.configure(new Configuration().set(StateBackendOptions.STATE_BACKEND, word.text("backend", "")));
        }
        if (word.text("chain", "").equals("off")) {
            env.disableOperatorChaining();
        }
    }

    private Source<Long, ?, ?> source(Word word) {
        if (!word.kind.equals("numbers")) {
            return new NumberSequenceSource(0, word.kind.equals("ended") ? 3 : Long.MAX_VALUE - 1);
        }
        return new DataGeneratorSource<>(
                new Steps.Numbers(run, word.role()), Long.MAX_VALUE - 1, RateLimiterStrategy.perSecond(200), Types.LONG);
    }

    private SingleOutputStreamOperator<Long> operator(DataStream<Long> stream, Word word) {
        switch (word.kind) {
            case "map":
                return stream.map(new Steps.Pass(run, word.text("role", null)));
            case "list":
                return stream.map(new Steps.Listed(run, word.role()));
            case "count":
                return stream.keyBy(n -> 0, Types.INT)
                        .process(new Steps.Counted(run, word.role(), word.text("state", "mark"), word.text("type", "string")));
            case "forget":
                return stream.keyBy(n -> 0, Types.INT).process(new Steps.Forgetful());
            default:
                throw new IllegalArgumentException("no such word: " + word.kind + " in " + text);
        }
    }
}
