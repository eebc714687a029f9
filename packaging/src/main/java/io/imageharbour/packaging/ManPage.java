package io.imageharbour.packaging;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * The manual page of one command, in roff with the macros of man(7), from the same model that its
 * {@code --help} prints.
 *
 * @param section of the manual: 1 for users' commands, 8 for daemons
 */
record ManPage(CommandLine command, int section) {

  /** Such as {@code harbourctl-convert.1}. */
  String fileName() {
    return title() + "." + section;
  }

  /** The page and those of all its subcommands. */
  List<ManPage> withSubcommands() {
    List<ManPage> pages = new ArrayList<>(List.of(this));
    subcommands()
        .values()
        .forEach(sub -> pages.addAll(new ManPage(sub, section).withSubcommands()));
    return pages;
  }

  /**
   * The page's text, ending in a line feed.
   *
   * @param date of the page's last change, for its bottom line
   */
  String roff(LocalDate date) {
    CommandSpec spec = command.getCommandSpec();
    UsageMessageSpec usage = spec.usageMessage();
    StringBuilder out = new StringBuilder();
    String title = title().toUpperCase(Locale.ROOT);
    macro(out, "TH \"%s\" %d \"%s\" Harbour Harbour".formatted(title, section, date));

    macro(out, "SH NAME");
    out.append(text(title())).append(" \\- ").append(text(summary(command))).append('\n');

    macro(out, "SH SYNOPSIS");
    literally(out, command.getHelp().synopsis(0).strip().lines().map(String::strip).toList());

    macro(out, "SH DESCRIPTION");
    paragraphs(out, usage.description().length > 0 ? usage.description() : usage.header());

    List<PositionalParamSpec> arguments =
        spec.positionalParameters().stream().filter(argument -> !argument.hidden()).toList();
    if (!arguments.isEmpty()) {
      macro(out, "SH ARGUMENTS");
      arguments.forEach(argument -> item(out, italic(argument.paramLabel()), argument));
    }

    List<OptionSpec> options = spec.options().stream().filter(option -> !option.hidden()).toList();
    if (!options.isEmpty()) {
      macro(out, "SH OPTIONS");
      options.forEach(option -> item(out, names(option), option));
    }

    if (!subcommands().isEmpty()) {
      macro(out, "SH COMMANDS");
      for (CommandLine sub : subcommands().values()) {
        item(
            out,
            bold(new ManPage(sub, section).title()) + "(" + section + ")",
            List.of(summary(sub)));
      }
    }

    if (!usage.exitCodeList().isEmpty()) {
      macro(out, "SH EXIT STATUS");
      usage
          .exitCodeList()
          .forEach((code, meaning) -> item(out, bold(code.strip()), List.of(meaning)));
    }

    List<String> examples =
        Arrays.stream(usage.footer())
            .dropWhile(line -> line.isBlank() || line.strip().equals("Examples:"))
            .toList();
    if (!examples.isEmpty()) {
      macro(out, "SH EXAMPLES");
      literally(out, examples);
    }
    return out.toString();
  }

  private String title() {
    return command.getCommandSpec().qualifiedName("-");
  }

  private Map<String, CommandLine> subcommands() {
    return command.getSubcommands();
  }

  private static String summary(CommandLine command) {
    UsageMessageSpec usage = command.getCommandSpec().usageMessage();
    String[] lines = usage.header().length > 0 ? usage.header() : usage.description();
    return String.join(" ", lines);
  }

  private static String names(OptionSpec option) {
    List<String> names = new ArrayList<>();
    for (String name : option.names()) {
      names.add(bold(name) + value(option, name));
    }
    return String.join(", ", names);
  }

  private static String value(OptionSpec option, String name) {
    if (option.arity().max() == 0) {
      return "";
    }
    return (name.startsWith("--") ? "=" : " ") + italic(option.paramLabel());
  }

  private static void item(StringBuilder out, String term, ArgSpec argument) {
    item(out, term, List.of(argument.description()));
  }

  private static void item(StringBuilder out, String term, List<String> description) {
    macro(out, "TP");
    out.append(term).append('\n');
    description.forEach(line -> out.append(text(line)).append('\n'));
  }

  private static void paragraphs(StringBuilder out, String... paragraphs) {
    List<String> texts =
        Arrays.stream(paragraphs)
            .map(ManPage::text)
            .filter(paragraph -> !paragraph.isBlank())
            .toList();
    out.append(String.join("\n.PP\n", texts)).append('\n');
  }

  private static void literally(StringBuilder out, List<String> lines) {
    macro(out, "nf");
    lines.forEach(line -> out.append(text(line)).append('\n'));
    macro(out, "fi");
  }

  private static void macro(StringBuilder out, String macro) {
    out.append('.').append(macro).append('\n');
  }

  private static String bold(String words) {
    return "\\fB" + text(words) + "\\fR";
  }

  private static String italic(String words) {
    return "\\fI" + text(words) + "\\fR";
  }

  /**
   * Plain text for roff: no picocli markup, hyphens that can be copied, no line that looks like a
   * macro.
   */
  private static String text(String words) {
    String escaped =
        Ansi.OFF
            .string(words.replace("%n", " ").replace("%%", "%"))
            .replace("\\", "\\e")
            .replace("-", "\\-");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
