package drey.fs;

import org.apache.flink.configuration.Configuration;

/** The {@code drey.fs.*} keys, see the package's description. */
final class Options {
    private static final String PREFIX = "drey.fs.";

    final boolean buffer;
    final boolean link;
    final boolean sync;
    final boolean copyOnResume;
    private final Configuration configuration;

    Options(Configuration configuration) {
        this.configuration = configuration;
        buffer = oneOf("buffer", "true", "false").equals("true");
        link = oneOf("link", "true", "false").equals("true");
        sync = oneOf("sync", "false", "true").equals("true");
        copyOnResume = oneOf("resume", "append", "copy").equals("copy");
    }

    /** The folder that has accounts below it, or null. */
    String root() {
        return text("root");
    }

    /** The folder that has the containers of {@code account} below it, or null. */
    String account(String account) {
        return text("account." + account);
    }

    private String text(String key) {
        return configuration.getString(PREFIX + key, null);
    }

    private String oneOf(String key, String byDefault, String other) {
        String value = text(key);
        if (value == null || value.isEmpty() || value.equals(byDefault)) {
            return byDefault;
        }
        if (value.equals(other)) {
            return other;
        }
        throw new IllegalArgumentException(PREFIX + key + " must be " + byDefault + " or " + other + ", not " + value);
    }
}
