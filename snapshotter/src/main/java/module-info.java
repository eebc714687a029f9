/** harbourd: containerd's snapshots service, index snapshots and where their contents come from. */
module io.imageharbour.snapshotter {
  exports io.imageharbour.snapshotter;
  exports io.imageharbour.snapshotter.probe;
  // harbourctl mount fetches as harbourd does
  exports io.imageharbour.snapshotter.source to
      io.imageharbour.cli;
  // harbourctl doctor calls the service as containerd does, harbourctl pull is a client of
  // containerd
  exports io.imageharbour.snapshotter.grpc to
      io.imageharbour.cli;
  exports io.imageharbour.snapshotter.proto.content to
      io.imageharbour.cli;
  exports io.imageharbour.snapshotter.proto.diff to
      io.imageharbour.cli;
  exports io.imageharbour.snapshotter.proto.images to
      io.imageharbour.cli;
  exports io.imageharbour.snapshotter.proto.leases to
      io.imageharbour.cli;
  exports io.imageharbour.snapshotter.proto.snapshots to
      io.imageharbour.cli;
  exports io.imageharbour.snapshotter.proto.types to
      io.imageharbour.cli;

  // picocli sets the fields of the command
  opens io.imageharbour.snapshotter to
      info.picocli;

  requires com.github.luben.zstd_jni;
  requires com.google.common;
  requires com.google.protobuf;
  requires info.picocli;
  requires io.grpc;
  requires io.grpc.netty;
  requires io.grpc.protobuf;
  requires io.grpc.stub;
  requires io.imageharbour.fusefs;
  requires transitive io.imageharbour.pool;
  requires io.netty.common;
  requires io.netty.transport;
  requires io.prometheus.metrics.core;
  requires io.prometheus.metrics.model;
  requires lmdbjava;
  requires org.slf4j;
  requires re2j;
  requires static org.jspecify;
}
