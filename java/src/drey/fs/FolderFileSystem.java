package drey.fs;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.fs.BlockLocation;
import org.apache.flink.core.fs.FSDataInputStream;
import org.apache.flink.core.fs.FSDataOutputStream;
import org.apache.flink.core.fs.FileStatus;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.FileSystemKind;
import org.apache.flink.core.fs.Path;
import org.apache.flink.core.fs.RecoverableWriter;
import org.apache.flink.core.fs.local.LocalDataInputStream;

/** Flink's view of one {@link Container}. Answers in doubt are those of Flink's own local file system. */
class FolderFileSystem extends FileSystem {
    private static final int TRIES = 4; // of making a file whose folder others may be removing

    final Container container;
    final Options options;

    FolderFileSystem(Container container, Options options) {
        this.container = container;
        this.options = options;
    }

    @Override
    public URI getUri() {
        return container.uri;
    }

    @Override
    public Path getWorkingDirectory() {
        return new Path(container.uri);
    }

    @Override
    public Path getHomeDirectory() {
        return new Path(container.uri);
    }

    @Override
    public boolean isDistributedFS() {
        return true; // every process of the cluster sees the same folder
    }

    /** Abstract up to Flink 1.20, unknown to 2.x (where nothing ever links it), hence no {@code @Override}. */
    public FileSystemKind getKind() {
        return FileSystemKind.FILE_SYSTEM;
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        return status(container.local(path));
    }

    @Override
    public BlockLocation[] getFileBlockLocations(FileStatus file, long start, long length) {
        return FolderStatus.oneBlock(file.getLen());
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return Files.exists(container.local(path));
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        java.nio.file.Path file = container.local(path);
        if (!Files.exists(file)) {
            return null;
        }
        if (!Files.isDirectory(file)) {
            return new FileStatus[] {status(file)};
        }
        List<FileStatus> children = new ArrayList<>();
        try (DirectoryStream<java.nio.file.Path> names = Files.newDirectoryStream(file)) {
            for (java.nio.file.Path child : names) {
                addStatus(children, child);
            }
        }
        return children.toArray(new FileStatus[0]);
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        return open(path);
    }

    @Override
    public FSDataInputStream open(Path path) throws IOException {
        java.nio.file.Path file = container.local(path);
        if (!Files.exists(file)) {
            throw missing(path);
        }
        return options.buffer ? new BufferedInput(file) : new LocalDataInputStream(file.toFile());
    }

    @Override
    public FSDataOutputStream create(Path path, WriteMode mode) throws IOException {
        java.nio.file.Path file = container.local(path);
        if (Files.isDirectory(file)) {
            throw new FileAlreadyExistsException(path + " is a directory");
        }
        for (int tried = 1; ; tried++) {
            try {
                if (mode == WriteMode.OVERWRITE) {
                    Files.deleteIfExists(file); // not truncated: it may be linked from a TaskManager's working folder
                }
                FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
                return new FolderOutput(channel, options.sync);
            } catch (NoSuchFileException e) {
                if (tried == TRIES) {
                    throw e;
                }
                Files.createDirectories(file.getParent());
            } catch (FileAlreadyExistsException e) {
                if (mode == WriteMode.NO_OVERWRITE || tried == TRIES) {
                    throw new FileAlreadyExistsException(path + " exists already");
                }
            }
        }
    }

    @Override
    public RecoverableWriter createRecoverableWriter() {
        return new FolderRecoverableWriter(container, options);
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        Files.createDirectories(container.local(path));
        return true;
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        java.nio.file.Path file = container.local(path);
        if (file.equals(container.folder)) {
            throw new IOException("refused: deleting the whole container " + container.uri);
        }
        try {
            Files.delete(file);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (DirectoryNotEmptyException e) {
            if (!recursive) {
                throw new IOException("directory " + path + " is not empty", e);
            }
        }
        Files.walkFileTree(file, new DeleteTree());
        return true;
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        java.nio.file.Path source = container.local(from);
        java.nio.file.Path target = container.local(to);
        Files.createDirectories(target.getParent());
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (FileSystemException e) {
            if (e instanceof NoSuchFileException || Files.isDirectory(target)) {
                return false;
            }
            throw e;
        }
    }

    private void addStatus(List<FileStatus> children, java.nio.file.Path child) throws IOException {
        try {
            if (!container.leadsOut(child)) {
                children.add(status(child));
            }
        } catch (FileNotFoundException e) {
            // vanished since its name was read: as if it had gone before
        }
    }

    private FolderStatus status(java.nio.file.Path file) throws IOException {
        Path path = container.logical(file);
        try {
            return new FolderStatus(path, Files.readAttributes(file, BasicFileAttributes.class));
        } catch (NoSuchFileException e) {
            throw missing(path);
        }
    }

    private static FileNotFoundException missing(Path path) {
        return new FileNotFoundException(path + " does not exist");
    }
}
