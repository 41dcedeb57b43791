package drey;

import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;

/** Writes the little JSON the gate needs; Flink's own JSON library is shaded under names that change from line to line. */
public final class Json {
    private static final String CUT = "\n... cut ...\n";

    private Json() {}

    /** Reads one object; see {@link JsonReader} for what its values become. */
    static Map<String, Object> readObject(String text) {
        return new JsonReader(text).wholeObject();
    }

    /** Writes an object whose values are strings, numbers, booleans, null, lists and maps of those. */
    public static String write(Map<String, ?> object) {
        StringBuilder out = new StringBuilder();
        append(out, object);
        return out.toString();
    }

    /** How many bytes {@code text} takes as a JSON string in UTF-8, with its quotes. */
    static int size(String text) {
        StringBuilder out = new StringBuilder();
        quote(out, text);
        return out.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    /** {@code text} if its {@link #size} is at most {@code maxBytes}; else its beginning and its end, with a mark between. */
    static String cut(String text, int maxBytes) {
        String shorter = text;
        int keep = text.length();
        for (int size = size(text); size > maxBytes; size = size(shorter)) {
            keep = (int) Math.min(keep - 1L, (long) keep * maxBytes / size);
            if (keep <= 0) {
                return "";
            }
            int tail = keep / 4;
            shorter = text.substring(0, keep - tail) + CUT + text.substring(text.length() - tail);
        }
        return shorter;
    }

    private static void append(StringBuilder out, Object value) {
        if (value instanceof Map) {
            appendObject(out, (Map<?, ?>) value);
        } else if (value instanceof Iterable) {
            appendList(out, (Iterable<?>) value);
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else {
            quote(out, value.toString());
        }
    }

    private static void appendObject(StringBuilder out, Map<?, ?> object) {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> e : object.entrySet()) {
            out.append(separator);
            quote(out, e.getKey().toString());
            out.append(':');
            append(out, e.getValue());
            separator = ",";
        }
        out.append('}');
    }

    private static void appendList(StringBuilder out, Iterable<?> list) {
        out.append('[');
        for (Iterator<?> i = list.iterator(); i.hasNext(); ) {
            append(out, i.next());
            if (i.hasNext()) {
                out.append(',');
            }
        }
        out.append(']');
    }

    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c == '\n') {
                out.append("\\n");
            } else if (c == '\t') {
                out.append("\\t");
            } else if (c < ' ' || c == '\u007f' || isLone(text, i)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** Whether the character at {@code i} is half of a pair without the other half: UTF-8 cannot carry it. */
    private static boolean isLone(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }
}
