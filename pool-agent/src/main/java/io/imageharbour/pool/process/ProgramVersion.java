package io.imageharbour.pool.process;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** The version that a program was built as. */
public abstract class ProgramVersion implements IVersionProvider {

  private final String program;

  /** Of this program. */
  protected ProgramVersion(String program) {
    this.program = program;
  }

  /** The version alone. */
  public static String get() {
    return Optional.ofNullable(ProgramVersion.class.getPackage().getImplementationVersion())
        .orElse("development");
  }

  @Override
  public final String[] getVersion() {
    return new String[] {program + " " + get()};
  }
}
