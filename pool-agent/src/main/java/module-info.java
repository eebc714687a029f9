/** The memory pool: agents that lend memory, and the client that reads file contents out of it. */
module io.imageharbour.pool {
  exports io.imageharbour.pool.cluster;
  exports io.imageharbour.pool.policy;
  exports io.imageharbour.pool.transport;

  requires transitive io.imageharbour.indexer;
  requires disni;
  requires org.slf4j;
  requires static org.jspecify;
}
