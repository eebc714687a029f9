package io.imageharbour.cli;

import io.imageharbour.cli.text.Escaped;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code harbourctl}: wires its subcommands and runs one. */
@Command(
    name = "harbourctl",
    header = "Makes images that start before they have arrived, and looks into them.",
    description = {
      "An image is converted once, in its registry, and then pulled and run with any client of a"
          + " containerd that has Harbour's snapshotter."
    },
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    versionProvider = Version.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      ExitCode.OK + ":done, or everything that was checked is right",
      ExitCode.CHECK_FAILED + ":what was checked is not right (verify, diff, doctor, pool load)",
      ExitCode.USAGE + ":the command line makes no sense",
      ExitCode.NOT_FOUND + ":no such image or file",
      ExitCode.UNAUTHORISED + ":the registry, or the pool, wants other credentials",
      ExitCode.INVALID + ":an image is damaged, no index image, or not for that platform",
      ExitCode.NETWORK + ":the registry, or an agent of the pool, can't be reached, or fails",
      ExitCode.LOCAL + ":this machine: disk full, file not readable, bad configuration",
      ExitCode.TOO_NEW + ":an image was made by a newer Harbour: update this one",
      ExitCode.INTERNAL + ":a bug in Harbour",
      ExitCode.INTERRUPTED + ":ended by Ctrl-C; nothing is left half made",
      ExitCode.BROKEN_PIPE + ":nobody reads the output any more"
    },
    footer = {
      "  harbourctl convert registry.example.com/python:3.12",
      "  harbourctl inspect registry.example.com/python:3.12-harbour",
      "  harbourctl doctor",
      "",
      "Each command has a help of its own: harbourctl convert --help"
    })
public final class HarbourCtl implements Runnable {

  private static final String[] SHORT_AND_LONG = {"-h", "--help"};

  private final Streams streams;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Log what is done, and show where errors come from.")
  private boolean verbose;

  private HarbourCtl(Streams streams) {
    this.streams = streams;
  }

  /** Runs the command line of this process and ends it with an exit code of {@link ExitCode}. */
  public static void main(String[] args) {
    Streams streams = Streams.ofProcess();
    OrderlyEnd.run(() -> commandLine(streams).execute(args));
  }

  /** The commands and options as a model, for generators of man pages and completions. */
  public static CommandLine commandLine() {
    return commandLine(Streams.ofProcess());
  }

  /** The command that reads and writes these streams. */
  static CommandLine commandLine(Streams streams) {
    HarbourCtl root = new HarbourCtl(streams);
    CommandLine commandLine = new CommandLine(root);
    commandLine.addSubcommand(new ConvertCommand(root));
    commandLine.addSubcommand(new RestoreCommand(root));
    commandLine.addSubcommand(new InspectCommand(root));
    commandLine.addSubcommand(new LsCommand(root));
    commandLine.addSubcommand(new CatCommand(root));
    commandLine.addSubcommand(new MountCommand(root));
    commandLine.addSubcommand(new VerifyCommand(root));
    commandLine.addSubcommand(new DiffCommand(root));
    commandLine.addSubcommand(new PullCommand(root));
    commandLine.addSubcommand(new DoctorCommand(root));
    commandLine.addSubcommand(PoolCommand.commandLine(root));
    commandLine.addSubcommand(new CompletionCommand(root));
    Converters.register(commandLine);
    describe(commandLine.getCommandSpec(), SHORT_AND_LONG);
    commandLine
        .getCommandSpec()
        .addOption(
            OptionSpec.builder("-V", "--version")
                .versionHelp(true)
                .description("Show the version.")
                .build());
    commandLine
        .getSubcommands()
        .forEach(
            (name, command) ->
                // -h of ls means what it means everywhere
                describeAll(command, name.equals("ls") ? new String[] {"--help"} : SHORT_AND_LONG));
    Writer text = new OutputStreamWriter(streams.out(), StandardCharsets.UTF_8);
    return commandLine
        .setOut(new PrintWriter(text, true))
        .setErr(new PrintWriter(streams.err(), true, StandardCharsets.UTF_8))
        .setColorScheme(
            Help.defaultColorScheme(
                streams.colour() && streams.outIsTerminal() ? Ansi.ON : Ansi.OFF))
        .setUsageHelpAutoWidth(streams.outIsTerminal())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionStrategy(
            parsed -> {
              Logging.configure(root.verbose);
              return new RunLast().execute(parsed);
            })
        .setParameterExceptionHandler((failure, _) -> root.reportUsage(failure))
        .setExecutionExceptionHandler(
            (failure, _, _) -> Failures.report(failure, root.verbose, streams.err()));
  }

  private static void describeAll(CommandLine command, String... helpOption) {
    describe(command.getCommandSpec(), helpOption);
    command.getSubcommands().values().forEach(each -> describeAll(each, helpOption));
  }

  /** Gives a command its option for help, and its help the shape that all have. */
  private static void describe(CommandSpec command, String... helpOption) {
    command.addOption(
        OptionSpec.builder(helpOption).usageHelp(true).description("Show this help.").build());
    command
        .usageMessage()
        .sortOptions(false)
        .abbreviateSynopsis(true)
        .descriptionHeading("%n")
        .parameterListHeading("%n")
        .optionListHeading("%nOptions:%n")
        .footerHeading("%nExamples:%n");
  }

  Streams streams() {
    return streams;
  }

  boolean isVerbose() {
    return verbose;
  }

  /** Without a subcommand there is nothing to do but to tell which there are. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private int reportUsage(ParameterException failure) {
    CommandLine command = failure.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    streams.err().println(name + ": " + Escaped.line(String.valueOf(failure.getMessage())));
    if (failure instanceof UnmatchedArgumentException unmatched
        && !unmatched.getSuggestions().isEmpty()) {
      streams.err().println("Did you mean: " + String.join(", ", unmatched.getSuggestions()));
    }
    streams.err().println("Try: " + name + " --help");
    return ExitCode.USAGE;
  }
}
