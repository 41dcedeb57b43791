package drey;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.jar.Attributes;
import java.util.jar.JarInputStream;
import java.util.jar.Manifest;
import org.apache.flink.client.program.ProgramAbortException;

/** The user's {@code main()}, found in the job's jar. Finding it runs nothing of the user's, not even a static initializer. */
final class UserProgram {
    /** Stands for "the class that the jar's manifest names". */
    static final String FROM_MANIFEST = "-";

    /** Flink's own program that runs one of Python. */
    private static final String PYTHON = "org.apache.flink.client.python.PythonDriver";

    private final Method main;

    private UserProgram(Method main) {
        this.main = main;
    }

    static UserProgram find(String name, ClassLoader loader) throws IOException, ReflectiveOperationException {
        String className = name.equals(FROM_MANIFEST) ? namedByManifest(loader) : name;
        return new UserProgram(mainOf(load(className, loader)));
    }

    /** Calls {@code main()} and throws what it throws. */
    void run(String[] args) throws Exception {
        if (!main.getDeclaringClass().getName().equals(PYTHON)) {
            call(args);
            return;
        }
        PrintStream before = System.out;
        LastLine said = new LastLine(before);
        System.setOut(said.stream());
        try {
            call(args);
        } catch (ProgramAbortException e) { // no cause of ours: an exit code is all that it tells; what Python printed ends with the reason
            throw new IllegalStateException("Python: " + said.text());
        } finally {
            System.setOut(before);
        }
    }

    private void call(String[] args) throws Exception {
        try {
            main.invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            if (cause instanceof Error) {
                throw (Error) cause;
            }
            throw cause instanceof Exception ? (Exception) cause : e;
        }
    }

    private static Class<?> load(String name, ClassLoader loader) throws ClassNotFoundException {
        try {
            return Class.forName(name, false, loader);
        } catch (ClassNotFoundException e) {
            throw new ClassNotFoundException("the job's jar has no class " + name, e);
        }
    }

    private static Method mainOf(Class<?> type) throws NoSuchMethodException {
        String missing = type.getName() + " has no public static void main(String[])";
        try {
            Method main = type.getMethod("main", String[].class);
            if (!Modifier.isStatic(main.getModifiers()) || main.getReturnType() != void.class) {
                throw new NoSuchMethodException(missing);
            }
            main.setAccessible(true); // the class itself may be package-private, as java allows it
            return main;
        } catch (NoSuchMethodException e) {
            throw new NoSuchMethodException(missing);
        }
    }

    /** As Flink does it: the first of the jars that names a class; {@code program-class} goes before {@code Main-Class}. */
    private static String namedByManifest(ClassLoader loader) throws IOException, ClassNotFoundException {
        if (loader instanceof URLClassLoader) {
            for (URL jar : ((URLClassLoader) loader).getURLs()) {
                String name = namedBy(jar);
                if (name != null) {
                    return name;
                }
            }
        }
        throw new ClassNotFoundException("no main class: the job names none, and neither does the manifest of its jar");
    }

    private static String namedBy(URL jar) throws IOException {
        try (InputStream in = jar.openStream(); JarInputStream content = new JarInputStream(in)) {
            Manifest manifest = content.getManifest();
            if (manifest == null) {
                return null;
            }
            Attributes attributes = manifest.getMainAttributes();
            String name = attributes.getValue("program-class");
            return name != null ? name.trim() : attributes.getValue(Attributes.Name.MAIN_CLASS);
        }
    }
}
