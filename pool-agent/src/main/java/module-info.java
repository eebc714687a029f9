/** The memory pool: agents that lend memory, and the client that reads file contents out of it. */
module io.imageharbour.pool {
  exports io.imageharbour.pool.cluster;
  exports io.imageharbour.pool.policy;
  exports io.imageharbour.pool.transport;

  requires transitive io.imageharbour.indexer;
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires io.grpc;
  requires io.grpc.netty;
  requires io.netty.handler;
  requires jetcd.common;
  requires jetcd.core;
  requires jetcd.grpc;
  requires org.slf4j;
  requires static org.jspecify;
}
