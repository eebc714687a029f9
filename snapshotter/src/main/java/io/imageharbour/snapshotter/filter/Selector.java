package io.imageharbour.snapshotter.filter;

import com.google.re2j.Pattern;
import io.imageharbour.snapshotter.store.Snapshot;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * One condition on one field.
 *
 * @param field path of the field: {@code name}, {@code parent}, {@code kind} or {@code labels} and
 *     the parts of a label's name
 * @param condition what is asked of its value
 */
record Selector(List<String> field, Condition condition) implements Predicate<Snapshot> {

  Selector {
    field = List.copyOf(field);
  }

  @Override
  public boolean test(Snapshot snapshot) {
    return condition.holds(value(snapshot));
  }

  private Optional<String> value(Snapshot snapshot) {
    return switch (field.getFirst()) {
      case "name" -> Optional.of(snapshot.name());
      // a snapshot without a parent has an empty one, so that parent=="" finds the bases
      case "parent" -> Optional.of(snapshot.parent().orElse(""));
      case "kind" -> Optional.of(snapshot.kind().filterName());
      case "labels" ->
          Optional.ofNullable(
              snapshot.labels().get(String.join(".", field.subList(1, field.size()))));
      default -> Optional.empty();
    };
  }

  /** What is asked of a field's value. */
  sealed interface Condition {

    boolean holds(Optional<String> value);

    /** The field is there. */
    record Present() implements Condition {
      @Override
      public boolean holds(Optional<String> value) {
        return value.isPresent();
      }
    }

    /** {@code ==} */
    record Equal(String expected) implements Condition {
      @Override
      public boolean holds(Optional<String> value) {
        return value.isPresent() && value.get().equals(expected);
      }
    }

    /** {@code !=}, true as well of a field that is not there. */
    record NotEqual(String unexpected) implements Condition {
      @Override
      public boolean holds(Optional<String> value) {
        return !value.orElse("").equals(unexpected);
      }
    }

    /** {@code ~=}, found anywhere in the value; a field that is not there counts as empty. */
    record Matches(Pattern pattern) implements Condition {
      @Override
      public boolean holds(Optional<String> value) {
        return pattern.matcher(value.orElse("")).find();
      }
    }
  }
}
