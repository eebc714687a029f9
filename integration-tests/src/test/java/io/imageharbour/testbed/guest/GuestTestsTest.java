package io.imageharbour.testbed.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.HarbourException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading JUnit's reports. */
final class GuestTestsTest {

  @TempDir Path reports;

  @Test
  void aReportTellsWhatPassedFailedBrokeAndWasSkipped() throws Exception {
    Files.writeString(
        reports.resolve("TEST-junit-jupiter.xml"),
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite name="JUnit Jupiter" tests="4" skipped="1" failures="1" errors="1">
        <testcase name="passes()" classname="a.B" time="0.1"><system-out><![CDATA[
        unique-id: [engine:junit-jupiter]
        ]]></system-out></testcase>
        <testcase name="fails()" classname="a.B" time="0.1">
        <failure message="expected: 1" type="E"><![CDATA[E: expected: 1
        \tat a.B.fails(B.java:1)
        ]]></failure></testcase>
        <testcase name="breaks()" classname="a.B" time="0.1">
        <error message="gone" type="E"><![CDATA[E: gone]]></error></testcase>
        <testcase name="waits()" classname="a.B" time="0"><skipped><![CDATA[no device]]></skipped>
        </testcase>
        </testsuite>
        """);
    assertThat(GuestTests.read(reports))
        .containsExactly(
            result("a.B.passes()", null, null),
            result("a.B.fails()", "E: expected: 1\n\tat a.B.fails(B.java:1)", null),
            result("a.B.breaks()", "E: gone", null),
            result("a.B.waits()", null, "no device"));
  }

  @Test
  void withoutAReportThereAreNoResults() throws Exception {
    assertThat(GuestTests.read(reports)).isEmpty();
    assertThat(GuestTests.read(reports.resolve("none"))).isEmpty();
  }

  @Test
  void aReportThatWasCutOffIsAnError() throws Exception {
    Files.writeString(reports.resolve("TEST-junit-jupiter.xml"), "<testsuite><testcase");
    assertThatThrownBy(() -> GuestTests.read(reports))
        .isInstanceOf(HarbourException.class)
        .hasMessageContaining("TEST-junit-jupiter.xml");
  }

  private static GuestTests.Result result(
      String name, @Nullable String failure, @Nullable String skipped) {
    return new GuestTests.Result(name, Optional.ofNullable(failure), Optional.ofNullable(skipped));
  }
}
