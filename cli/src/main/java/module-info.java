/** {@code harbourctl}, the command line. */
module io.imageharbour.cli {
  exports io.imageharbour.cli;

  // picocli sets the fields of commands by reflection
  opens io.imageharbour.cli to
      info.picocli;

  requires transitive info.picocli;
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.toml;
  requires com.google.protobuf;
  requires io.grpc;
  requires io.grpc.stub;
  requires io.imageharbour.fusefs;
  requires io.imageharbour.indexer;
  requires io.imageharbour.pool;
  requires io.imageharbour.snapshotter;
  // the servers of the tests
  requires io.grpc.netty;
  requires io.netty.transport;
  requires me.tongfei.progressbar;
  requires static org.jspecify;
}
