package drey.fs;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import org.apache.flink.core.fs.Path;

/**
 * One container: a URI and the folder that stands for it. It translates between the two and refuses what would lead out of the
 * folder. That is hygiene, not isolation: user code may open any file that its uid may.
 */
final class Container {
    /** {@code scheme://CONTAINER@ACCOUNT.host}, as Flink asked for it. */
    final URI uri;
    /** The container's folder, without a symbolic link in it. */
    final java.nio.file.Path folder;

    private Container(URI uri, java.nio.file.Path folder) {
        this.uri = uri;
        this.folder = folder;
    }

    /**
     * The container that {@code uri} names. The account is the host up to its first dot, so that {@code .dfs.} and {@code .blob.}
     * are one. Account and container folders are made when missing; the mounted folder itself must be there, for a disk that is
     * not mounted is an error and not an empty container.
     */
    static Container of(URI uri, String scheme, Options options) throws IOException {
        String authority = uri.getAuthority();
        int at = authority == null ? -1 : authority.indexOf('@');
        if (at < 0) {
            throw new IOException("expected " + scheme + "://CONTAINER@ACCOUNT.host/path, not " + uri);
        }
        String container = requireName(authority.substring(0, at), uri);
        String account = requireName(authority.substring(at + 1).split("[.:]", 2)[0].toLowerCase(Locale.ROOT), uri);
        java.nio.file.Path folder = accountFolder(account, uri, options).resolve(container);
        Files.createDirectories(folder);
        if (!folder.toRealPath().equals(folder)) {
            throw new IOException("refused: " + uri + " leads out of its folder by a symbolic link");
        }
        return new Container(URI.create(scheme + "://" + authority), folder);
    }

    /** The file that stands for {@code path}; never one outside of the container. */
    java.nio.file.Path local(Path path) throws IOException {
        URI asked = path.toUri();
        if (asked.getAuthority() != null && !asked.getAuthority().equalsIgnoreCase(uri.getAuthority())) {
            throw new IOException(path + " is not in " + uri);
        }
        java.nio.file.Path file = folder;
        try {
            for (String name : asked.getPath().split("/")) {
                if (name.equals("..") || name.equals(".")) {
                    throw new IOException("refused: " + path + " leaves its container");
                }
                file = name.isEmpty() ? file : file.resolve(name);
            }
        } catch (InvalidPathException e) {
            throw new IOException("not a file name: " + path, e);
        }
        requireInside(file, path);
        return file;
    }

    /** The URI of a file in the container. */
    Path logical(java.nio.file.Path file) {
        StringBuilder path = new StringBuilder();
        if (!file.equals(folder)) {
            for (java.nio.file.Path name : folder.relativize(file)) {
                path.append('/').append(name);
            }
        }
        try {
            return new Path(new URI(uri.getScheme(), uri.getAuthority(), path.length() == 0 ? "/" : path.toString(), null, null));
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("no URI for " + file, e);
        }
    }

    /** Whether {@code file} is a symbolic link that leads out of the container, or to nothing. */
    boolean leadsOut(java.nio.file.Path file) throws IOException {
        try {
            return !file.toRealPath().startsWith(folder);
        } catch (NoSuchFileException e) {
            return Files.isSymbolicLink(file);
        }
    }

    /** Looks at the longest part of {@code file} that exists: what is made below it stays below it. */
    private void requireInside(java.nio.file.Path file, Path path) throws IOException {
        java.nio.file.Path there = file;
        while (!there.equals(folder) && !Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
            there = there.getParent();
        }
        if (leadsOut(there)) {
            throw new IOException("refused: " + path + " leads out of its container by a symbolic link, or to nothing");
        }
    }

    private static String requireName(String name, URI uri) throws IOException {
        if (name.isEmpty() || name.startsWith(".") || name.contains("/") || name.contains("\\")) {
            throw new IOException("not the name of an account or container: '" + name + "' in " + uri);
        }
        return name;
    }

    private static java.nio.file.Path accountFolder(String account, URI uri, Options options) throws IOException {
        String own = options.account(account);
        if (own != null) {
            return requireMounted(own, uri);
        }
        if (options.root() == null) {
            throw new IOException("no folder stands for " + uri + ": set drey.fs.root or drey.fs.account." + account);
        }
        return requireMounted(options.root(), uri).resolve(account);
    }

    private static java.nio.file.Path requireMounted(String folder, URI uri) throws IOException {
        java.nio.file.Path path = java.nio.file.Path.of(folder);
        if (!Files.isDirectory(path)) {
            throw new IOException("the folder of " + uri + " is not there (not mounted?): " + folder);
        }
        return path.toRealPath();
    }
}
