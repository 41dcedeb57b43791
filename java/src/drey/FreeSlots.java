package drey;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.runtime.net.SSLUtils;

/** Waits until no job holds a slot. A job's result is there a little before its slots are, for which the next would wait. */
final class FreeSlots {
    private static final long SECONDS = 15;
    private static final long POLL_MILLIS = 5;
    private static final int ANSWER_MILLIS = 5_000; // the first one may come after a TLS handshake, for which much is loaded
    // the one certificate that is trusted is the incarnation's own, at whatever address
    private static final HostnameVerifier NAMELESS = (host, session) -> true;

    private FreeSlots() {}

    static void await(ReadableConfig configuration) throws Exception {
        SSLContext identity = SSLUtils.createRestSSLContext(Configuration.fromMap(configuration.toMap()), true);
        SSLSocketFactory secured = identity == null ? null : identity.getSocketFactory();
        URL overview =
                new URL(
                        secured == null ? "http" : "https",
                        configuration.get(RestOptions.ADDRESS),
                        configuration.get(RestOptions.PORT),
                        "/overview");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!allFree(overview, secured)) {
            if (System.nanoTime() > deadline) {
                throw new IOException("the warm-up job's slots were not free " + SECONDS + " s after its end");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static boolean allFree(URL overview, SSLSocketFactory secured) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) overview.openConnection();
        connection.setConnectTimeout(ANSWER_MILLIS);
        connection.setReadTimeout(ANSWER_MILLIS);
        if (secured != null) {
            ((HttpsURLConnection) connection).setSSLSocketFactory(secured);
            ((HttpsURLConnection) connection).setHostnameVerifier(NAMELESS);
        }
        try (InputStream answer = connection.getInputStream()) {
            Map<String, Object> slots = Json.readObject(new String(answer.readAllBytes(), StandardCharsets.UTF_8));
            return slots.get("slots-available").equals(slots.get("slots-total"));
        } catch (SocketTimeoutException e) {
            return false; // a busy machine
        }
    }
}
