package drey.fs;

import java.io.IOException;
import java.net.URI;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.FileSystemFactory;

/** Makes the file system of one container. Flink wants a factory class for each scheme; they differ in nothing else. */
public abstract class FolderFactory implements FileSystemFactory {
    private static final int PRIORITY = 1000; // above Flink's own plugin for these schemes, which has 0

    private Configuration configuration = new Configuration();

    /** Serves {@code abfs://}. */
    public static final class Abfs extends FolderFactory {
        @Override
        public String getScheme() {
            return "abfs";
        }
    }

    /** Serves {@code abfss://}. */
    public static final class Abfss extends FolderFactory {
        @Override
        public String getScheme() {
            return "abfss";
        }
    }

    /** Serves {@code wasb://}. */
    public static final class Wasb extends FolderFactory {
        @Override
        public String getScheme() {
            return "wasb";
        }
    }

    /** Serves {@code wasbs://}. */
    public static final class Wasbs extends FolderFactory {
        @Override
        public String getScheme() {
            return "wasbs";
        }
    }

    @Override
    public void configure(Configuration flinks) {
        configuration = flinks;
    }

    /**
     * Flink 2.3 asks this when a scheme is served twice, and warns of equals: of the JobManager's two copies of this jar, the
     * plugin goes before the class path. Older lines do not know it, hence no {@code @Override}.
     */
    public int getPriority() {
        boolean plugin = getClass().getClassLoader() != FileSystemFactory.class.getClassLoader();
        return plugin ? PRIORITY : PRIORITY - 1;
    }

    @Override
    public FileSystem create(URI uri) throws IOException {
        Options options = new Options(configuration);
        Container container = Container.of(uri, getScheme(), options);
        FileSystem linking = options.link ? Linking.create(container, options) : null;
        return linking != null ? linking : new FolderFileSystem(container, options);
    }
}
