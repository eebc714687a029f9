package io.imageharbour.fusefs.table;

import io.imageharbour.indexer.Digest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.CursorIterable;
import org.lmdbjava.Txn;

/**
 * The images and packs of the table, on the heap: there are few. Immutable; every change of the
 * table makes a new one.
 */
final class KnownPacks {

  /**
   * A pack that some image refers to.
   *
   * @param origins of all images that refer to it, without duplicates
   */
  record KnownPack(Digest digest, long size, List<String> origins) {}

  private record Identity(Digest digest, long size) {}

  private final Map<String, ImageRecord> images;
  private final Map<Long, String> imageNames = new HashMap<>();
  private final Map<Integer, KnownPack> packs;
  private final Map<Identity, Integer> numbers = new HashMap<>();

  private KnownPacks(Map<String, ImageRecord> images, Map<Integer, KnownPack> packs) {
    this.images = images;
    this.packs = packs;
    images.values().forEach(image -> imageNames.put(image.number(), image.name()));
    packs.forEach((number, pack) -> numbers.put(new Identity(pack.digest(), pack.size()), number));
  }

  /** Reads what the table holds. */
  static KnownPacks read(TableFile file, Txn<ByteBuffer> txn) {
    Map<String, ImageRecord> images = new HashMap<>();
    try (CursorIterable<ByteBuffer> records = file.images.iterate(txn)) {
      for (CursorIterable.KeyVal<ByteBuffer> record : records) {
        ImageRecord image = ImageRecord.readHead(record.val());
        images.put(image.name(), image);
      }
    }
    Map<Integer, KnownPack> packs = new HashMap<>();
    try (CursorIterable<ByteBuffer> records = file.packs.iterate(txn)) {
      for (CursorIterable.KeyVal<ByteBuffer> record : records) {
        int number = record.key().getInt();
        Digest digest = Bytes.digest(record.val());
        long size = record.val().getLong();
        packs.put(number, new KnownPack(digest, size, originsOf(number, images.values())));
      }
    }
    return new KnownPacks(images, packs);
  }

  Set<String> imageNames() {
    return Set.copyOf(images.keySet());
  }

  /** The number of an image, if it is known. */
  OptionalLong imageNumber(String name) {
    @Nullable ImageRecord image = images.get(name);
    return image == null ? OptionalLong.empty() : OptionalLong.of(image.number());
  }

  /** The name of the image with a number, or null if it is not known. */
  @Nullable String imageName(long number) {
    return imageNames.get(number);
  }

  @Nullable KnownPack get(int number) {
    return packs.get(number);
  }

  boolean contains(int number) {
    return packs.containsKey(number);
  }

  /** The number of a pack, or null if it is not known. */
  @Nullable Integer numberOf(Digest digest, long size) {
    return numbers.get(new Identity(digest, size));
  }

  private static List<String> originsOf(int pack, Collection<ImageRecord> images) {
    Set<String> origins = new LinkedHashSet<>();
    for (ImageRecord image : images) {
      if (image.packs().contains(pack)) {
        origins.addAll(image.origins());
      }
    }
    return new ArrayList<>(origins);
  }

  /** The packs among {@code candidates} that no image but {@code leaving} refers to. */
  List<Integer> unsharedPacks(Collection<Integer> candidates, String leaving) {
    return candidates.stream()
        .filter(
            pack ->
                images.values().stream()
                    .noneMatch(
                        image -> !image.name().equals(leaving) && image.packs().contains(pack)))
        .toList();
  }
}
