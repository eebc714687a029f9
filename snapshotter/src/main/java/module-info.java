/** harbourd: containerd's snapshots service, index snapshots and where their contents come from. */
module io.imageharbour.snapshotter {
  exports io.imageharbour.snapshotter;
  exports io.imageharbour.snapshotter.probe;
  // harbourctl doctor calls the service as containerd does
  exports io.imageharbour.snapshotter.proto.snapshots to
      io.imageharbour.cli;

  // logback makes what its configurations name
  exports io.imageharbour.snapshotter.log to
      ch.qos.logback.core;

  // picocli sets the fields of the command
  opens io.imageharbour.snapshotter to
      info.picocli;

  requires ch.qos.logback.classic;
  requires ch.qos.logback.core;
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.toml;
  requires com.github.luben.zstd_jni;
  requires com.google.common;
  requires com.google.protobuf;
  requires info.picocli;
  requires io.grpc;
  requires io.grpc.netty;
  requires io.grpc.protobuf;
  requires io.grpc.stub;
  requires io.imageharbour.fusefs;
  requires io.netty.common;
  requires io.netty.transport;
  requires io.prometheus.metrics.core;
  requires io.prometheus.writer.text;
  requires io.prometheus.metrics.model;
  requires jdk.httpserver;
  requires lmdbjava;
  requires org.slf4j;
  requires re2j;
  requires static org.jspecify;
}
