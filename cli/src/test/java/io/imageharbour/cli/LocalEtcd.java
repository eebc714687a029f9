package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An etcd of its own on this machine. */
final class LocalEtcd implements AutoCloseable {

  private final Process process;
  private final String url;

  private LocalEtcd(Process process, String url) {
    this.process = process;
    this.url = url;
  }

  /** Starts one that keeps everything in {@code directory}. */
  static LocalEtcd start(Path directory) throws Exception {
    int port = LocalRegistry.freePort();
    String url = "http://127.0.0.1:" + port;
    String peers = "http://127.0.0.1:" + LocalRegistry.freePort();
    Process process =
        new ProcessBuilder(
                List.of(
                    "etcd",
                    "--data-dir=" + directory.resolve("etcd"),
                    "--listen-client-urls=" + url,
                    "--advertise-client-urls=" + url,
                    "--listen-peer-urls=" + peers,
                    "--initial-advertise-peer-urls=" + peers,
                    "--initial-cluster=default=" + peers))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("etcd.log").toFile())
            .start();
    LocalEtcd etcd = new LocalEtcd(process, url);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return etcd;
      } catch (IOException e) {
        assertThat(process.isAlive()).as("etcd runs").isTrue();
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.onSpinWait();
      }
    }
  }

  /** Where its clients reach it. */
  String url() {
    return url;
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
