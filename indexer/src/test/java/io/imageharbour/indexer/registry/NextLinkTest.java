package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class NextLinkTest {

  @Test
  void theNextPageIsFoundAmongOtherLinks() {
    assertThat(NextLink.find("</v2/a/tags/list?n=2&last=b>; rel=\"next\""))
        .contains("/v2/a/tags/list?n=2&last=b");
    assertThat(NextLink.find("<http://x/>; rel=prev; title=\"a, b\", </n>;REL = next ; x=y"))
        .contains("/n");
    assertThat(NextLink.find("</p>; rel=\"first next\"")).contains("/p");
  }

  @Test
  void whatIsNoNextPageIsNot() {
    for (String header :
        new String[] {
          "", "</a>", "</a>; rel=nextish", "/a; rel=next", "</a; rel=next", "<", "rel=next"
        }) {
      assertThat(NextLink.find(header)).isEmpty();
    }
  }

  @Property
  void whateverIsSentIsReadQuickly(@ForAll("pieces") String header) {
    assertThat(NextLink.find(header).orElse("")).doesNotContain(">");
  }

  @Provide
  Arbitrary<String> pieces() {
    return Arbitraries.of("<", ">", ";", ",", "\"", "rel", "=", "next", " ", "a")
        .list()
        .ofMaxSize(60)
        .map(parts -> String.join("", parts).repeat(20));
  }
}
