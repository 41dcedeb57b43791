package drey;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the stateful operators of each run found in their state at their first record: the role of the operator that wrote it, or
 * nothing. Static, because operators are serialized; they run in this JVM.
 */
final class Marks {
    private static final Map<String, Map<String, String>> FOUND = new ConcurrentHashMap<>();

    private Marks() {}

    /** By role of the finder; "" for one that found nothing. */
    static Map<String, String> of(String run) {
        return new TreeMap<>(FOUND.getOrDefault(run, Map.of()));
    }

    static void found(String run, String role, String writer) {
        FOUND.computeIfAbsent(run, r -> new ConcurrentHashMap<>()).putIfAbsent(role, writer == null ? "" : writer);
    }
}
