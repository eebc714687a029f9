package io.imageharbour.indexer.registry;

import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a bearer token has to allow.
 *
 * @param values in order and without duplicates, such as {@code repository:library/nginx:pull}
 * @see <a
 *     href="https://github.com/distribution/distribution/blob/main/docs/content/spec/auth/scope.md">
 *     token scopes</a>
 */
record Scopes(List<String> values) {

  Scopes {
    values = List.copyOf(values);
  }

  static Scopes pull(RepositoryName name) {
    return new Scopes(List.of("repository:" + name.path() + ":pull"));
  }

  static Scopes push(RepositoryName name) {
    return new Scopes(List.of("repository:" + name.path() + ":pull,push"));
  }

  /** These and others. */
  Scopes and(Collection<String> others) {
    SortedSet<String> all = new TreeSet<>(values);
    all.addAll(others);
    return new Scopes(List.copyOf(all));
  }
}
