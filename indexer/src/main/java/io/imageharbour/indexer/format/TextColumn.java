package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.FileName;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A cursor over NUL-terminated texts, which lie in somebody else's array. */
final class TextColumn {

  private final byte[] bytes;
  private final int end;
  private int position;

  TextColumn(byte[] bytes, int start, int end) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** A column of these texts. */
  static byte[] of(List<byte[]> texts) {
    ByteArrayOutputStream column = new ByteArrayOutputStream();
    for (byte[] text : texts) {
      column.writeBytes(text);
      column.write(0);
    }
    return column.toByteArray();
  }

  boolean hasNext() {
    return position < end;
  }

  /** Bytes that are left. */
  int remaining() {
    return end - position;
  }

  /** The next text, which has at most {@code limit} bytes. */
  byte[] next(int limit) throws BrokenRuleException {
    int start = position;
    return Arrays.copyOfRange(bytes, start, pass(limit));
  }

  /** The next text as name of a file. */
  FileName nextName() throws BrokenRuleException {
    int start = position;
    int length = pass(FileName.MAX_BYTES) - start;
    try {
      return FileName.of(bytes, start, length);
    } catch (IllegalArgumentException e) {
      String name = Quoted.bytes(Arrays.copyOfRange(bytes, start, start + length));
      throw new BrokenRuleException("it has the name %s: %s", name, String.valueOf(e.getMessage()));
    }
  }

  /** Passes over the next text, and returns where it ends. */
  private int pass(int limit) throws BrokenRuleException {
    int start = position;
    int last = (int) Math.min(end, start + limit + 1L);
    while (position < last && bytes[position] != 0) {
      position++;
    }
    if (position == last) {
      throw new BrokenRuleException(
          "a text in its payload has more than %d bytes, or no end", limit);
    }
    return position++;
  }

  /** All texts as strings, of which there are at most {@code limit}. */
  List<String> strings(int limit) throws BrokenRuleException {
    List<String> strings = new ArrayList<>();
    while (hasNext()) {
      require(strings.size() < limit, "a column of its payload has more than %d texts", limit);
      byte[] text = next(Limits.TEXT_BYTES);
      try {
        strings.add(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString());
      } catch (CharacterCodingException e) {
        throw new BrokenRuleException("%s is not UTF-8", Quoted.bytes(text));
      }
    }
    return strings;
  }
}
