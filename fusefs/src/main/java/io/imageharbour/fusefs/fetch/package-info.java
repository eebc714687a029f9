/**
 * Brings chunks from the sources: each chunk and each frame once, however many wait for it,
 * verified before anybody sees it, and within a deadline.
 */
package io.imageharbour.fusefs.fetch;
