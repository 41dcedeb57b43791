package drey;

import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Passes on what is printed, and keeps its last line that is not blank. */
final class LastLine extends FilterOutputStream {
    private static final int MAX_BYTES = 4096;

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private String last = "";

    LastLine(OutputStream out) {
        super(out);
    }

    PrintStream stream() {
        return new PrintStream(this, true, StandardCharsets.UTF_8);
    }

    @Override
    public synchronized void write(int b) throws IOException {
        out.write(b);
        keep(b);
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int length) throws IOException {
        out.write(bytes, from, length);
        for (int i = from; i < from + length; i++) {
            keep(bytes[i]);
        }
    }

    /** The line; "" if nothing was printed. */
    synchronized String text() {
        end();
        return last;
    }

    private void keep(int b) {
        if (b == '\n') {
            end();
        } else if (line.size() < MAX_BYTES) {
            line.write(b);
        }
    }

    private void end() {
        String text = line.toString(StandardCharsets.UTF_8).trim();
        if (!text.isEmpty()) {
            last = text;
        }
        line.reset();
    }
}
