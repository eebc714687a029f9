package io.imageharbour.fusefs;

import io.imageharbour.indexer.Digest;

/**
 * Says for people which file of which image has a digest. Asked only when something failed, and by
 * one thread at a time: it may take its time, and memory.
 */
@FunctionalInterface
public interface ContentNames {

  /**
   * Fields of a log line such as {@code image=docker.io/library/python:3 path=/usr/bin/python3},
   * their values escaped; empty if unknown.
   */
  String describe(Digest digest);
}
