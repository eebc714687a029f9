/** The content store, its FUSE content mount and the fetch path. */
module io.imageharbour.fusefs {
  exports io.imageharbour.fusefs;
  exports io.imageharbour.fusefs.linux;

  requires transitive io.imageharbour.indexer;
  requires lmdbjava;
  requires org.jnrproject.ffi;
  requires org.slf4j;
  requires static org.jspecify;
}
