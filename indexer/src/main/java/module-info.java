/** Index and pack formats, the registry client, the converter and the EROFS writer. */
module io.imageharbour.indexer {
  exports io.imageharbour.indexer;
  exports io.imageharbour.indexer.convert;
  exports io.imageharbour.indexer.erofs;
  exports io.imageharbour.indexer.format;
  exports io.imageharbour.indexer.image;
  exports io.imageharbour.indexer.pack;
  exports io.imageharbour.indexer.recipe;
  exports io.imageharbour.indexer.registry;
  exports io.imageharbour.indexer.restore;

  requires com.github.luben.zstd_jni;
  requires com.google.protobuf;
  requires org.apache.commons.compress;
  requires org.apache.commons.io;
  requires org.apache.httpcomponents.client5.httpclient5;
  requires org.apache.httpcomponents.core5.httpcore5;
  requires org.slf4j;
  requires static org.jspecify;
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.toml;
}
