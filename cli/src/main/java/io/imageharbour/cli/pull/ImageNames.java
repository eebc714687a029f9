package io.imageharbour.cli.pull;

import com.google.protobuf.FieldMask;
import io.grpc.Status.Code;
import io.grpc.StatusException;
import io.imageharbour.snapshotter.proto.images.CreateImageRequest;
import io.imageharbour.snapshotter.proto.images.Image;
import io.imageharbour.snapshotter.proto.images.ImagesGrpc;
import io.imageharbour.snapshotter.proto.images.UpdateImageRequest;
import io.imageharbour.snapshotter.proto.types.Descriptor;

/** The names that containerd knows images by. */
final class ImageNames {

  /** How often somebody may remove the name just then. */
  private static final int ATTEMPTS = 3;

  private final Lease lease;

  ImageNames(Lease lease) {
    this.lease = lease;
  }

  /** Makes a name stand for this blob, whatever it stood for; labels that it has stay. */
  void set(String name, Blob target) throws ContainerdException, InterruptedException {
    Image image =
        Image.newBuilder()
            .setName(name)
            .setTarget(
                Descriptor.newBuilder()
                    .setMediaType(target.mediaType())
                    .setDigest(target.digest().toString())
                    .setSize(target.size()))
            .build();
    for (int attempt = 1; ; attempt++) {
      try {
        if (!create(image)) {
          update(image);
        }
        return;
      } catch (StatusException e) {
        if (e.getStatus().getCode() != Code.NOT_FOUND || attempt == ATTEMPTS) {
          throw lease.containerd().failure("give the image the name " + name, e);
        }
      }
    }
  }

  private boolean create(Image image) throws StatusException {
    try {
      var _ = stub().create(CreateImageRequest.newBuilder().setImage(image).build());
      return true;
    } catch (StatusException e) {
      if (e.getStatus().getCode() == Code.ALREADY_EXISTS) {
        return false;
      }
      throw e;
    }
  }

  private void update(Image image) throws StatusException {
    var _ =
        stub()
            .update(
                UpdateImageRequest.newBuilder()
                    .setImage(image)
                    .setUpdateMask(FieldMask.newBuilder().addPaths("target"))
                    .build());
  }

  private ImagesGrpc.ImagesBlockingV2Stub stub() {
    return ImagesGrpc.newBlockingV2Stub(lease.channel()).withDeadlineAfter(Containerd.SHORT);
  }
}
