package drey;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads one JSON text. Objects become maps, arrays lists, and numbers {@link Double}s. Of a name given twice the last counts. */
final class JsonReader {
    private static final int MAX_DEPTH = 32; // deeper is not an order of ours

    private final String text;
    private int at;
    private int depth;

    JsonReader(String text) {
        this.text = text;
    }

    Map<String, Object> wholeObject() {
        skipBlanks();
        Map<String, Object> object = object();
        skipBlanks();
        if (at != text.length()) {
            throw wrong("nothing more");
        }
        return object;
    }

    private Object value() {
        skipBlanks();
        switch (peek()) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        open('{');
        while (more('}', object.isEmpty())) {
            String name = string();
            skipBlanks();
            expect(':');
            object.put(name, value());
        }
        return object;
    }

    private List<Object> array() {
        List<Object> array = new ArrayList<>();
        open('[');
        while (more(']', array.isEmpty())) {
            array.add(value());
        }
        return array;
    }

    private void open(char bracket) {
        expect(bracket);
        if (++depth > MAX_DEPTH) {
            throw wrong("at most " + MAX_DEPTH + " levels");
        }
    }

    /** Whether another member follows; steps over the comma before it, or over the closing bracket. */
    private boolean more(char end, boolean first) {
        skipBlanks();
        if (peek() == end) {
            at++;
            depth--;
            return false;
        }
        if (!first) {
            expect(',');
            skipBlanks();
        }
        return true;
    }

    private String string() {
        expect('"');
        StringBuilder out = new StringBuilder();
        while (peek() != '"') {
            char c = text.charAt(at++);
            if (c < ' ') {
                throw wrong("no control character in a string");
            }
            out.append(c == '\\' ? escaped() : c);
        }
        at++;
        return out.toString();
    }

    private char escaped() {
        char c = peek();
        at++;
        switch (c) {
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                return unicode();
            default:
                if (c == '"' || c == '\\' || c == '/') {
                    return c;
                }
                throw wrong("an escape that JSON has");
        }
    }

    private char unicode() {
        String hex = text.substring(at, Math.min(at + 4, text.length()));
        if (!hex.matches("[0-9a-fA-F]{4}")) {
            throw wrong("four hex digits");
        }
        at += 4;
        return (char) Integer.parseInt(hex, 16);
    }

    private Double number() {
        int from = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        try {
            return Double.valueOf(text.substring(from, at));
        } catch (NumberFormatException e) {
            at = from;
            throw wrong("a value");
        }
    }

    private <T> T word(String word, T meaning) {
        if (!text.startsWith(word, at)) {
            throw wrong("\"" + word + "\"");
        }
        at += word.length();
        return meaning;
    }

    private void skipBlanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw wrong("more");
        }
        return text.charAt(at);
    }

    private void expect(char c) {
        if (peek() != c) {
            throw wrong("'" + c + "'");
        }
        at++;
    }

    private IllegalArgumentException wrong(String wanted) {
        return new IllegalArgumentException("cannot read JSON: at character " + at + " of " + text.length() + " there must be " + wanted);
    }
}
