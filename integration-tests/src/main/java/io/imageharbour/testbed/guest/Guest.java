package io.imageharbour.testbed.guest;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Workspace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A virtual machine with a real RDMA stack: Debian's kernel in QEMU's emulation, where {@code
 * rdma_rxe} makes a device of a network interface that leads nowhere. It sees the files of this
 * machine at their paths, what it writes there is gone when it ends, except in {@link
 * #directory()}. Each command boots it afresh, in about five seconds.
 *
 * <p>Everything is ten to fifty times slower than here: figures taken in it mean something only
 * beside others that were taken in it.
 */
public final class Guest {

  /** The address of its RDMA device. */
  public static final String RDMA_ADDRESS = "10.77.0.1";

  private static final int MEMORY_MIB = 3072;
  private static final String UP = "up";

  /** What the kernel says of the time since it started comes behind this, in seconds. */
  private static final String UPTIME = "uptime ";

  /**
   * The kernel measures its clock when it boots, and can be wrong on a busy machine: once it was
   * faster than real time by a factor of 33, and everything in the guest timed out.
   */
  private static final double MOST_SPEED = 1.5;

  private static final int ATTEMPTS = 3;
  private static final int LINES_KEPT = 40;

  /**
   * Processors that emulation has stuck in the kernel are noticed there after two minutes and end
   * the guest, with what each of them is at on the console.
   *
   * @see <a href="https://docs.kernel.org/admin-guide/lockup-watchdogs.html">Lockup watchdogs</a>
   */
  private static final String WATCHDOG =
      "sysctl.kernel.softlockup_panic=1 sysctl.kernel.watchdog_thresh=60 panic_print=0x40";

  private static final String LOCKED_UP = "Kernel panic - not syncing: softlockup";

  private final Workspace workspace;
  private final GuestKernel kernel;
  private final Path directory;
  private final Consumer<String> output;
  private final String kernelArguments;

  /**
   * How a command in the guest ended.
   *
   * @param exit its exit code
   * @param boot from starting QEMU until the command began
   * @param total from starting QEMU until it was gone
   */
  public record Outcome(int exit, Duration boot, Duration total) {}

  /**
   * @param workspace whose processes and directory it uses
   * @param name of its directory there
   * @param output is given the lines that commands write, standard output and error
   */
  public Guest(Workspace workspace, String name, GuestKernel kernel, Consumer<String> output)
      throws IOException {
    this(workspace, kernel, workspace.directory(name), output, "");
  }

  private Guest(
      Workspace workspace,
      GuestKernel kernel,
      Path directory,
      Consumer<String> output,
      String kernelArguments) {
    this.workspace = workspace;
    this.kernel = kernel;
    this.directory = directory;
    this.output = output;
    this.kernelArguments = kernelArguments;
  }

  /** The same guest, whose kernel is told more. */
  public Guest withKernelArguments(String arguments) {
    return new Guest(workspace, kernel, directory, output, arguments);
  }

  /** The directory that it may write to; in the guest at the same path. */
  public Path directory() {
    return directory;
  }

  /**
   * Boots, runs a command and powers off. Blocks until then; from a platform thread, with whose end
   * the guest would end. Once in dozens of times emulation goes wrong: then all of it begins again,
   * at most twice, and the output says so.
   *
   * @param command its limit of time counts from the start of each boot
   * @throws HarbourException when the guest did not boot, broke down or took too long; it has been
   *     killed then
   */
  public Outcome run(Command command) throws IOException, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try {
        return attempt(command);
      } catch (BadEmulationException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
        output.accept(e.getMessage());
        output.accept("the guest begins again");
      }
    }
  }

  private Outcome attempt(Command command) throws IOException, InterruptedException {
    Path status = directory.resolve("status");
    Path console = directory.resolve("console.log");
    Files.deleteIfExists(status);
    Files.writeString(directory.resolve("script"), script(command));
    long start = System.nanoTime();
    Process qemu = start(console);
    try {
      Lines lines = new Lines(start);
      Thread reader =
          Thread.ofPlatform().daemon().name("guest-output").start(() -> lines.read(qemu));
      if (!qemu.waitFor(command.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new HarbourException(
            broken("is still running after %d s".formatted(command.timeout().toSeconds()), lines));
      }
      reader.join();
      Duration total = Duration.ofNanos(System.nanoTime() - start);
      if (!Files.exists(status)) {
        if (lines.clockIsFast) {
          throw new BadEmulationException(broken("has a clock that is too fast", lines));
        }
        String how = broken("ended before the command did, QEMU with " + qemu.exitValue(), lines);
        throw how.contains(LOCKED_UP) ? new BadEmulationException(how) : new HarbourException(how);
      }
      int exit = Integer.parseInt(Files.readString(status).strip());
      return new Outcome(exit, lines.boot, total);
    } finally {
      qemu.destroyForcibly();
      qemu.waitFor();
    }
  }

  /** The output of QEMU, which is that of the command after a line that says the guest is up. */
  private final class Lines {

    private final long start;
    private final Queue<String> last = new ArrayDeque<>();
    private volatile Duration boot = Duration.ZERO;
    private volatile boolean clockIsFast;

    Lines(long start) {
      this.start = start;
    }

    void read(Process qemu) {
      try (BufferedReader in =
          new BufferedReader(
              new InputStreamReader(qemu.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          if (boot.isZero() && line.equals(UP)) {
            boot = Duration.ofNanos(System.nanoTime() - start);
          } else if (line.startsWith(UPTIME)) {
            endIfFast(qemu, Double.parseDouble(line.substring(UPTIME.length())));
          } else {
            keep(line);
            output.accept(line);
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void endIfFast(Process qemu, double uptime) {
      double real = (System.nanoTime() - start) / 1e9;
      if (uptime > MOST_SPEED * real) {
        keep("%.1f s have passed, and in the guest %.1f s".formatted(real, uptime));
        clockIsFast = true;
        qemu.destroyForcibly();
      }
    }

    private synchronized void keep(String line) {
      last.add(line);
      if (last.size() > LINES_KEPT) {
        last.remove();
      }
    }

    synchronized String text() {
      return String.join("\n", last);
    }
  }

  private Process start(Path console) throws HarbourException {
    ProcessBuilder builder = new ProcessBuilder(qemu(console).arguments());
    builder.redirectErrorStream(true);
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().put(Workspace.VARIABLE, workspace.directory().toString());
    try {
      return builder.start();
    } catch (IOException e) {
      throw new HarbourException(
          "cannot start the guest: %s; is qemu-system-x86 installed?".formatted(e.getMessage()), e);
    }
  }

  private Command qemu(Path console) {
    String share = ",security_model=none,multidevs=remap";
    return
    // It ends with the thread that started it, however that ends.
    Command.of("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64")
        // A processor of 2008 boots in half the time of the newest: fewer features to emulate.
        .withArguments("-accel", "tcg,thread=multi", "-machine", "pc", "-cpu", "Nehalem-v1")
        .withArguments("-smp", "2", "-m", MEMORY_MIB, "-nodefaults", "-display", "none")
        .withArguments("-no-reboot", "-serial", "file:" + console, "-serial", "stdio")
        .withArguments("-kernel", kernel.image(), "-initrd", kernel.initramfs(), "-append")
        .withArguments(
            "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable "
                + "%s %s harbour.share=%s".formatted(WATCHDOG, kernelArguments, directory))
        .withArguments("-virtfs", "local,path=/,mount_tag=host,readonly=on" + share)
        .withArguments("-virtfs", "local,path=" + directory + ",mount_tag=share" + share);
  }

  private static String script(Command command) throws IOException {
    StringBuilder script = new StringBuilder();
    script.append("echo \"%s$(cut -d' ' -f1 /proc/uptime)\"\n".formatted(UPTIME));
    script.append(
        "export HOME=/root LANG=C.UTF-8"
            + " PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    script.append(GuestKernel.resource("rdma").replace("@ADDRESS@", RDMA_ADDRESS));
    for (Map.Entry<String, String> variable : command.environment().entrySet()) {
      script.append("export %s=%s\n".formatted(variable.getKey(), quoted(variable.getValue())));
    }
    script.append("exec");
    command.arguments().forEach(argument -> script.append(' ').append(quoted(argument)));
    return script.append('\n').toString();
  }

  private static String quoted(String argument) {
    return "'" + argument.replace("'", "'\\''") + "'";
  }

  private String broken(String how, Lines lines) throws IOException {
    Path console = directory.resolve("console.log");
    String said = Files.exists(console) ? Files.readString(console).strip() : "";
    return "the guest %s; its console: %s; its last output: %s".formatted(how, said, lines.text());
  }
}
