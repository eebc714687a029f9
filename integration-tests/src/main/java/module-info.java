/** Real registries, containerds, images and networks for tests, benchmarks and the quickstart. */
module io.imageharbour.testbed {
  exports io.imageharbour.testbed;
  exports io.imageharbour.testbed.guest;
  exports io.imageharbour.testbed.machine;

  requires com.fasterxml.jackson.databind;
  requires com.github.luben.zstd_jni;
  requires com.google.protobuf;
  requires io.grpc.stub;
  requires io.imageharbour.fusefs;
  requires io.imageharbour.indexer;
  requires io.imageharbour.pool;
  requires io.netty.common;
  requires io.netty.transport;
  requires java.management;
  requires java.net.http;
  requires java.xml;
  requires jdk.httpserver;
  requires org.slf4j;
  requires static org.jspecify;
}
