package drey;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.ReadableConfig;

/**
 * The job's jar, which lies at the same path on every process. Flink would send it all the same, between the order and the first
 * record: to the JobManager's own blob server, and from there to each TaskManager.
 */
final class JarInPlace {
    private static final ConfigOption<String> URL = ConfigOptions.key("drey.jar-in-place").stringType().noDefaultValue();

    private JarInPlace() {}

    /**
     * Makes the jar that {@code given} would send a class path entry in {@code settings}. Beside other jars (those inside of it, or
     * of an {@code ADD JAR}) it is sent as they are: Flink puts what is sent before what lies there, and a class may be in both.
     */
    static void use(ReadableConfig given, Configuration settings) {
        List<String> jars = given.getOptional(PipelineOptions.JARS).orElse(List.of());
        String place = given.get(URL);
        if (place == null || jars.size() != 1 || !pathOf(place).equals(pathOf(jars.get(0)))) {
            return;
        }
        List<String> entries = new ArrayList<>(jars);
        entries.addAll(given.getOptional(PipelineOptions.CLASSPATHS).orElse(List.of()));
        settings.set(PipelineOptions.JARS, List.of());
        settings.set(PipelineOptions.CLASSPATHS, entries);
    }

    /** The path of a URL; null of one that has none, such as {@code jar:file:…}. */
    private static String pathOf(String url) {
        try {
            return URI.create(url).getPath();
        } catch (IllegalArgumentException e) {
            return url;
        }
    }
}
