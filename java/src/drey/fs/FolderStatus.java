package drey.fs;

import java.nio.file.attribute.BasicFileAttributes;
import org.apache.flink.core.fs.BlockLocation;
import org.apache.flink.core.fs.LocatedFileStatus;
import org.apache.flink.core.fs.Path;

/** One file or directory as it was when it was looked at. */
final class FolderStatus implements LocatedFileStatus {
    private final Path path;
    private final BasicFileAttributes attributes;

    FolderStatus(Path path, BasicFileAttributes attributes) {
        this.path = path;
        this.attributes = attributes;
    }

    /** A file of {@code length} bytes lies in one block, here. */
    static BlockLocation[] oneBlock(long length) {
        return new BlockLocation[] {new Block(length)};
    }

    @Override
    public long getLen() {
        return isDir() ? 0 : attributes.size();
    }

    @Override
    public long getBlockSize() {
        return Math.max(1, getLen());
    }

    @Override
    public short getReplication() {
        return 1;
    }

    @Override
    public long getModificationTime() {
        return attributes.lastModifiedTime().toMillis();
    }

    @Override
    public long getAccessTime() {
        return attributes.lastAccessTime().toMillis();
    }

    @Override
    public boolean isDir() {
        return attributes.isDirectory();
    }

    @Override
    public Path getPath() {
        return path;
    }

    @Override
    public BlockLocation[] getBlockLocations() {
        return oneBlock(getLen());
    }

    @Override
    public String toString() {
        return path + (isDir() ? "/" : " (" + getLen() + " bytes)");
    }

    private static final class Block implements BlockLocation {
        private final long length;

        Block(long length) {
            this.length = length;
        }

        @Override
        public String[] getHosts() {
            return new String[] {"localhost"};
        }

        @Override
        public long getOffset() {
            return 0;
        }

        @Override
        public long getLength() {
            return length;
        }

        @Override
        public int compareTo(BlockLocation other) {
            return Long.compare(getOffset(), other.getOffset());
        }
    }
}
