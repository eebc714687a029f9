/** Index and pack formats, the registry client, the converter and the EROFS writer. */
module io.imageharbour.indexer {
  exports io.imageharbour.indexer;

  requires com.github.luben.zstd_jni;
  requires com.google.protobuf;
  requires java.net.http;
  requires org.apache.commons.compress;
  requires org.slf4j;
  requires static org.jspecify;
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.toml;
}
