package io.imageharbour.pool.control;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.ImageUse;
import io.imageharbour.pool.proto.ImagesReply;
import io.imageharbour.pool.proto.PopularImage;
import io.imageharbour.pool.proto.Share;
import io.imageharbour.pool.proto.UsedRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The control plane's part of the protocol between agents and clients. */
public final class ControlMessages {

  /** The most images in one message about uses. */
  public static final int MAX_USES = 1000;

  /** The most images that an agent tells of. */
  static final int MAX_IMAGES = 100;

  private ControlMessages() {}

  /**
   * What a client tells.
   *
   * @throws IllegalArgumentException if it can't be; the message says why
   */
  public static List<ImageUse> uses(UsedRequest request) {
    if (request.getImagesCount() > MAX_USES) {
      throw new IllegalArgumentException("too many images at once");
    }
    List<ImageUse> uses = new ArrayList<>();
    for (io.imageharbour.pool.proto.ImageUse use : request.getImagesList()) {
      uses.add(
          new ImageUse(
              digest(use.getImage()),
              use.getName(),
              use.getSize(),
              use.getFiles(),
              use.getStarts(),
              use.getMissedBytes()));
    }
    return uses;
  }

  /**
   * The image that a content was read for, as {@code Allocate} has it.
   *
   * @throws IllegalArgumentException if it is no digest
   */
  public static Optional<Digest> image(ByteString bytes) {
    return bytes.isEmpty() ? Optional.empty() : Optional.of(digest(bytes));
  }

  static void put(Standing standing, ImagesReply.Builder reply) {
    reply
        .setLeading(true)
        .setAgeMillis((System.nanoTime() - standing.at()) / 1_000_000)
        .setKnown(standing.known())
        .setAdmitted(standing.admitted());
    standing.images().stream()
        .limit(MAX_IMAGES)
        .forEach(ranked -> reply.addImages(message(ranked)));
  }

  private static PopularImage message(RankedImage ranked) {
    PopularImage.Builder message =
        PopularImage.newBuilder()
            .setImage(ByteString.copyFrom(ranked.image().id().toBytes()))
            .setName(ranked.image().names().stream().findFirst().orElse(""))
            .setSize(ranked.image().sizeBytes())
            .setFiles(ranked.image().files())
            .setFrequency(ranked.frequency())
            .setMissed(ranked.missed())
            .setAdmitted(ranked.admitted());
    ranked
        .image()
        .agents()
        .forEach(
            (agent, bytes) ->
                message.addShares(Share.newBuilder().setAgent(agent).setBytes(bytes)));
    return message.build();
  }

  private static Digest digest(ByteString bytes) {
    return Digest.fromBytes(bytes.toByteArray());
  }
}
