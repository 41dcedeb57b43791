package drey;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;

/** One word of a {@link Variant}: {@code kind:option=value:...}. */
final class Word {
    final String kind;
    private final Map<String, String> options = new HashMap<>();

    Word(String text) {
        String[] parts = text.split(":");
        kind = parts[0];
        for (int i = 1; i < parts.length; i++) {
            String[] option = parts[i].split("=", 2);
            options.put(option[0], option[1]);
        }
    }

    String text(String option, String byDefault) {
        return options.getOrDefault(option, byDefault);
    }

    int number(String option) {
        return Integer.parseInt(options.get(option));
    }

    boolean has(String option) {
        return options.containsKey(option);
    }

    /** What an operator's state is written and found under; an operator without state has none. */
    String role() {
        return text("role", kind);
    }

    <T> SingleOutputStreamOperator<T> applyTo(SingleOutputStreamOperator<T> operator) {
        if (has("uid")) {
            operator.uid(text("uid", ""));
        }
        if (has("hash")) {
            operator.setUidHash(text("hash", ""));
        }
        if (has("name")) {
            operator.name(text("name", ""));
        }
        if (has("par")) {
            operator.setParallelism(number("par"));
        }
        if (has("max")) {
            operator.setMaxParallelism(number("max"));
        }
        return text("chain", "").equals("off") ? operator.disableChaining() : operator;
    }

    void applyTo(DataStreamSink<?> sink) {
        if (has("uid")) {
            sink.uid(text("uid", ""));
        }
        if (has("name")) {
            sink.name(text("name", ""));
        }
    }
}
