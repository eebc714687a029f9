/** The memory pool: agents that lend memory, and the client that reads file contents out of it. */
module io.imageharbour.pool {
  exports io.imageharbour.pool.policy;
  exports io.imageharbour.pool.agent;
  exports io.imageharbour.pool.client;
  exports io.imageharbour.pool.cluster;
  exports io.imageharbour.pool.control;
  exports io.imageharbour.pool.memory;
  exports io.imageharbour.pool.load;
  exports io.imageharbour.pool.process;
  exports io.imageharbour.pool.proto;
  exports io.imageharbour.pool.security;
  exports io.imageharbour.pool.transport;
  exports io.imageharbour.pool.transport.rdma;
  exports io.imageharbour.pool.transport.shm;
  exports io.imageharbour.pool.transport.tcp;

  // picocli sets the fields of the command
  opens io.imageharbour.pool.agent to
      info.picocli;

  requires ch.qos.logback.classic;
  requires ch.qos.logback.core;
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.toml;
  requires com.google.common;
  requires com.google.protobuf;
  requires disni;
  requires info.picocli;
  requires io.grpc;
  requires io.grpc.netty;
  requires io.grpc.protobuf;
  requires io.grpc.stub;
  requires io.grpc.util;
  requires transitive io.imageharbour.indexer;
  requires io.netty.common;
  requires io.netty.handler;
  requires io.netty.transport;
  requires io.prometheus.metrics.core;
  requires io.prometheus.writer.text;
  requires transitive io.prometheus.metrics.model;
  requires jdk.httpserver;
  requires jetcd.common;
  requires jetcd.core;
  requires jetcd.grpc;
  requires org.slf4j;
  requires static org.jspecify;
}
