package io.imageharbour.cli;

import static io.imageharbour.cli.LocalRegistry.run;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.Digest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command on real images in a real registry. */
class RegistryCommandsTest {

  @TempDir private static Path work = Path.of("");

  private static LocalRegistry registry;
  private static String host = "";
  private static String image = "";

  @BeforeAll
  static void convertTheImageThatIsReadAgainAndAgain() throws Exception {
    registry = LocalRegistry.startWithImages(work);
    host = registry.host();
    image = host + "/small:1-harbour";
  }

  @AfterAll
  static void stop() throws InterruptedException {
    registry.close();
  }

  @Test
  void convertEndsWithASummaryAndHowToRunIt() throws Exception {
    Invocation result = convert("small:1", host + "/other:v2");
    String digest = digestInRegistry("other:v2");
    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("source       " + host + "/small:1\n")
        .contains("target       " + host + "/other:v2@" + digest + "\n")
        .contains("platforms    linux/amd64, linux/arm64\n")
        .containsPattern("before       6\\.0 MB of layers \\(12\\.0 MB of files\\)\n")
        .containsPattern(
            "after        [0-9.]+ MB with the original's layers, [0-9.]+ MB when it is deleted\n")
        .containsPattern(
            "pushed       [0-9.]+ [kM]?B: packs [0-9.]+ [kM]?B, index [0-9.]+ kB, recipe [0-9.]+ kB"
                + " and [0-9.]+ [kM]?B of packs for it\n")
        .containsPattern("dedup saved  [0-9.]+ MB of files: .*\n")
        .containsPattern("time         [0-9]+\\.[0-9] s\n")
        .contains("  ctr images pull --snapshotter harbour " + host + "/other:v2\n");
    assertThat(result.err()).contains("index image: ");
  }

  @Test
  void aSourceWithoutATagIsConvertedToLatestHarbour() throws Exception {
    assertThat(convert("single").out()).contains(host + "/single:latest-harbour@sha256:");
    assertThat(digestInRegistry("single:latest-harbour")).startsWith("sha256:");
  }

  @Test
  void convertingAgainGivesTheSameDigestAndStoresNothing() throws Exception {
    String before = digestInRegistry("small:1-harbour");
    JsonNode summary = convert("--json", "small:1").json();
    assertThat(summary.get("digest").textValue()).isEqualTo(before);
    assertThat(summary.get("target").textValue()).isEqualTo(image);
    assertThat(summary.get("packBytes").longValue()).isZero();
    assertThat(summary.get("referencedBytes").longValue())
        .isEqualTo(summary.get("uniqueBytes").longValue());
    assertThat(summary.get("platforms")).hasSize(2);
  }

  @Test
  void theNumberOfJobsDoesNotMatterToTheDigest() throws Exception {
    List<String> digests = new ArrayList<>();
    for (String jobs : List.of("1", "2", "5", "256")) {
      // with nothing in the repository that could be referred to, and always the same name in the
      // index
      run("rm", "-rf", registry.repository("jobs").toString());
      JsonNode summary = convert("--json", "--jobs", jobs, "small:1", host + "/jobs:1").json();
      assertThat(summary.get("packBytes").longValue()).isGreaterThan(6_000_000);
      digests.add(summary.get("digest").textValue());
    }
    assertThat(Set.copyOf(digests)).as(digests.toString()).hasSize(1);
    assertThat(Invocation.of("verify", host + "/jobs:1").exitCode()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "3", "19"})
  void everyLevelMakesAnImageThatIsRight(String level) throws Exception {
    String target = host + "/level" + level + ":1";
    JsonNode summary = convert("--json", "--level", level, "single", target).json();
    assertThat(summary.get("packBytes").longValue()).isGreaterThan(6_000_000);
    Invocation verify = Invocation.of("verify", target);
    assertThat(verify.exitCode()).as(verify.out()).isZero();
    assertThat(Invocation.of("cat", target, "/usr/lib/big").bytes())
        .isEqualTo(Files.readAllBytes(work.resolve("root/usr/lib/big")));
    // a level is part of what makes the digest
    run("rm", "-rf", registry.repository("level" + level).toString());
    assertThat(convert("--json", "--level", level, "single", target).json().get("digest"))
        .isEqualTo(summary.get("digest"));
  }

  @Test
  void onlyTheWantedPlatformsAreConverted() throws Exception {
    JsonNode summary =
        convert("--json", "--platform", "linux/arm64", "small:1", host + "/arm").json();
    assertThat(summary.at("/platforms/0/platform").textValue()).isEqualTo("linux/arm64");
    assertThat(summary.get("platforms")).hasSize(1);
  }

  @Test
  void filesOfAnImageInAnotherRepositoryAreReferenced() throws Exception {
    JsonNode summary =
        convert("--json", "--dedup-from", image, "single", host + "/elsewhere:1").json();
    assertThat(summary.get("packBytes").longValue()).isLessThan(10_000);
    assertThat(summary.get("referencedBytes").longValue()).isGreaterThan(6_000_000);
  }

  @Test
  void inspectShowsDigestsFilesAndPacksOfEveryPlatform() throws Exception {
    Invocation result = Invocation.of("inspect", image);
    String digest = digestInRegistry("small:1-harbour");
    String source = digestInRegistry("small:1");
    assertThat(result.exitCode()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out())
        .contains(
            "digest  " + digest,
            "\nlinux/amd64\n",
            "\nlinux/arm64\n",
            "  runs             /usr/bin/hello\n",
            "PACK",
            host + "/small");
    JsonNode json = Invocation.of("inspect", "--json", image).json();
    assertThat(json.get("digest").textValue()).isEqualTo(digest);
    JsonNode platform = json.at("/platforms/0");
    assertThat(
            run(
                "skopeo",
                "inspect",
                "--raw",
                "--tls-verify=false",
                "docker://" + host + "/small@" + source))
        .contains(platform.get("source").textValue());
    assertThat(platform.get("files").longValue()).isEqualTo(8);
    assertThat(platform.get("fileBytes").longValue()).isEqualTo(sizeOfFiles() + "amd64\n".length());
    assertThat(platform.at("/config/config/Entrypoint/0").textValue()).isEqualTo("/usr/bin/hello");
    assertThat(platform.at("/packs/0/usedFrames").longValue()).isPositive();
  }

  @Test
  void namesAndMetadataAreListedAsLsListsThem() throws Exception {
    for (String directory : List.of("usr/bin", "usr/lib", "srv", "dev")) {
      String expected =
          run(
              "ls",
              "-lnb",
              "--time-style=+%Y-%m-%d %H:%M",
              work.resolve("root").resolve(directory).toString());
      Invocation result = Invocation.of("ls", "-l", image, directory);
      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(words(result.out())).isEqualTo(words(expected.replaceFirst("total.*\n", "")));
    }
  }

  @Test
  void theWholeTreeIsListedRecursively() throws Exception {
    List<String> expected =
        run("find", work.resolve("root").toString(), "-mindepth", "1", "-printf", "/%P %y\\n")
            .lines()
            .filter(line -> line.chars().allMatch(c -> c >= ' ' && c < 0x7f))
            .map(line -> line.replaceFirst(" d$", " directory").replaceFirst(" f$", " file"))
            .map(line -> line.replaceFirst(" l$", " symlink").replaceFirst(" c$", " char"))
            .toList();
    Invocation result = Invocation.of("ls", "-R", "--json", image);
    List<String> listed =
        StreamSupport.stream(result.json().spliterator(), false)
            .map(file -> file.get("path").textValue() + " " + file.get("type").textValue())
            .toList();
    assertThat(listed)
        .containsAll(expected)
        .contains("/etc/architecture file", "/srv/\u001b]0;owned\u0007 file", "/srv/caf\ufffd file")
        .hasSize(expected.size() + 3);
    assertThat(result.out()).doesNotContain("\u001b", "\u0007");
  }

  @Test
  void aFileComesOutAsItWentIn() throws Exception {
    assertThat(cat("/usr/lib/big").bytes())
        .isEqualTo(Files.readAllBytes(work.resolve("root/usr/lib/big")));
    assertThat(cat("/etc/os-release").out()).isEqualTo("PRETTY_NAME=\"A small image\"\n");
    assertThat(cat("bin/hallo").out()).startsWith("#!/bin/sh\n");
    assertThat(cat("/srv/caf\\351").out()).isEqualTo("accented\n");
    assertThat(cat("/srv/\\033]0;owned\\a").out()).isEqualTo("owned\n");
    assertThat(cat("/srv/empty").out()).isEmpty();
    assertThat(Invocation.of("cat", "--platform", "linux/arm64", image, "/etc/architecture").out())
        .isEqualTo("arm64\n");
  }

  @Test
  void everythingIsVerified() throws Exception {
    Invocation result = Invocation.of("verify", image);
    assertThat(result.exitCode()).as(result.out()).isZero();
    assertThat(result.out())
        .containsPattern(
            "linux/amd64: all is right \\([0-9]+ contents in [0-9]+ packs?, .* read; the original"
                + " can be restored\\)\n")
        .contains("linux/arm64: all is right");
    assertThat(result.err()).contains("linux/arm64 pack 1/").contains("linux/arm64 layer 1/");
  }

  @Test
  void theOriginalIsRestored() throws Exception {
    Invocation result = Invocation.of("restore", image, host + "/small:restored");
    assertThat(result.exitCode()).as(result.err()).isZero();
    String digest = digestInRegistry("small:restored");
    assertThat(result.out())
        .contains("target       " + host + "/small:restored@" + digest + "\n")
        .containsPattern("linux/arm64  image ID sha256:[0-9a-f]{64}, [0-9]+ layers?");
    JsonNode again = Invocation.of("restore", "--json", image, host + "/small:again").json();
    assertThat(again.path("digest").textValue()).isEqualTo(digest);
    assertThat(again.path("platforms")).hasSize(2);
    assertThat(again.path("pushedBytes").longValue()).isZero();
    JsonNode recipe = Invocation.of("inspect", "--json", image).json().at("/platforms/0/recipe");
    assertThat(recipe.path("layers").intValue()).isPositive();
    assertThat(Invocation.of("inspect", image).out()).contains("can be restored: ");
  }

  /** Converts; the first argument without "--" before it is an image of the registry. */
  private static Invocation convert(String... arguments) {
    List<String> all = new ArrayList<>(List.of("convert"));
    for (String argument : arguments) {
      all.add(argument.matches("small:1|single") ? host + "/" + argument : argument);
    }
    return Invocation.of(all.toArray(String[]::new));
  }

  private static Invocation cat(String path) {
    Invocation result = Invocation.of("cat", image, path);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result;
  }

  private static String digestInRegistry(String name) throws Exception {
    String manifest =
        run("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://" + host + "/" + name);
    return Digest.sha256(manifest.getBytes(StandardCharsets.UTF_8)).toString();
  }

  private static long sizeOfFiles() throws Exception {
    // a hard link counts once
    return run("find", work.resolve("root").toString(), "-type", "f", "-printf", "%i %s\\n")
        .lines()
        .distinct()
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(' ') + 1)))
        .sum();
  }

  private static List<List<String>> words(String text) {
    return Stream.of(text.split("\n", -1))
        .map(line -> Arrays.asList(line.strip().split(" +", -1)))
        .toList();
  }
}
